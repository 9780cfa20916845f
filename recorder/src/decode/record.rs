//! One record: header, body, parts.

use abi::{
    ALIGN, Before, BpfFacts, CgroupBody, Credentials, ExecBody, ExitBody, FileFacts, FirstUseBody, ForkBody,
    Header, PacketBody, PartHeader, PartTag, RecordKind, SignalBody, SocketFacts, SyscallBody, SysctlBody,
    part_flags,
};
use zerocopy::FromBytes;

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Shorter than its header and body.
    #[error("a record of {len} bytes is too short for its header and body")]
    Short {
        /// Bytes there are.
        len: usize,
    },
    /// Written by probes of another release.
    #[error("unknown record kind {kind}")]
    UnknownKind {
        /// The number.
        kind: u16,
    },
    /// A part says that it is longer than the record.
    #[error("part {index} reaches beyond the record's {len} bytes")]
    PartTooLong {
        /// Which, from 0.
        index: usize,
        /// Bytes of the record.
        len: usize,
    },
}

/// The fixed part behind the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A new process.
    Fork(ForkBody),
    /// A new image.
    Exec(ExecBody),
    /// The end.
    Exit(ExitBody),
    /// A syscall of any handler.
    Syscall(SyscallBody),
    /// A kernel parameter.
    Sysctl(SysctlBody),
    /// A move to another cgroup.
    Cgroup(CgroupBody),
    /// A packet.
    Packet(PacketBody),
    /// A signal.
    Signal(SignalBody),
    /// A syscall used for the first time, by number.
    FirstUse(u32),
    /// Another name.
    Rename,
}

/// A record, borrowed from the ring.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Who, when, what.
    pub header: Header,
    /// By kind.
    pub body: Body,
    parts: &'a [u8],
}

/// A path walked in the kernel, put the right way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalkedPath {
    /// Absolute; "/" for the root.
    pub path: Vec<u8>,
    /// [`part_flags`].
    pub flags: u8,
}

/// The header alone, of a record that may be unreadable otherwise; `None` if even that is not there.
#[must_use]
pub fn header(bytes: &[u8]) -> Option<Header> {
    Header::read_from_prefix(bytes).ok().map(|(header, _)| header)
}

/// Reads a record.
///
/// # Errors
/// If the bytes are too short, of an unknown kind, or a part reaches beyond the end.
pub fn parse(bytes: &[u8]) -> Result<Record<'_>, ParseError> {
    let short = ParseError::Short { len: bytes.len() };
    let (header, rest) = Header::read_from_prefix(bytes).map_err(|_| short)?;
    let kind = RecordKind::from_number(header.kind).ok_or(ParseError::UnknownKind { kind: header.kind })?;
    let (body, parts) = match kind {
        RecordKind::Fork => {
            ForkBody::read_from_prefix(rest).map(|(body, rest)| (Body::Fork(body), rest)).ok()
        }
        RecordKind::Exec => {
            ExecBody::read_from_prefix(rest).map(|(body, rest)| (Body::Exec(body), rest)).ok()
        }
        RecordKind::Exit => {
            ExitBody::read_from_prefix(rest).map(|(body, rest)| (Body::Exit(body), rest)).ok()
        }
        RecordKind::Sysctl => {
            SysctlBody::read_from_prefix(rest).map(|(body, rest)| (Body::Sysctl(body), rest)).ok()
        }
        RecordKind::Cgroup => {
            CgroupBody::read_from_prefix(rest).map(|(body, rest)| (Body::Cgroup(body), rest)).ok()
        }
        RecordKind::Packet => {
            PacketBody::read_from_prefix(rest).map(|(body, rest)| (Body::Packet(body), rest)).ok()
        }
        RecordKind::Signal => {
            SignalBody::read_from_prefix(rest).map(|(body, rest)| (Body::Signal(body), rest)).ok()
        }
        RecordKind::FirstUse => {
            FirstUseBody::read_from_prefix(rest).map(|(body, rest)| (Body::FirstUse(body.number), rest)).ok()
        }
        RecordKind::Rename => Some((Body::Rename, rest)),
        RecordKind::Credentials
        | RecordKind::File
        | RecordKind::Socket
        | RecordKind::Call
        | RecordKind::Submission
        | RecordKind::Completion => {
            SyscallBody::read_from_prefix(rest).map(|(body, rest)| (Body::Syscall(body), rest)).ok()
        }
    }
    .ok_or(short)?;
    let record = Record { header, body, parts };
    let mut left = parts;
    let mut index = 0;
    while !left.is_empty() {
        let Some((_, _, rest)) = split_part(left) else {
            return Err(ParseError::PartTooLong { index, len: bytes.len() });
        };
        left = rest;
        index += 1;
    }
    Ok(record)
}

impl<'a> Record<'a> {
    /// Bytes and flags of the first part with that tag.
    #[must_use]
    pub fn part(&self, tag: PartTag) -> Option<(&'a [u8], u8)> {
        let mut left = self.parts;
        while let Some((header, bytes, rest)) = split_part(left) {
            if header.tag == tag as u8 {
                return Some((bytes, header.flags));
            }
            left = rest;
        }
        None
    }

    /// A walked path: components leaf first, each closed by NUL, become an absolute path.
    #[must_use]
    pub fn path(&self, tag: PartTag) -> Option<WalkedPath> {
        let (bytes, mut flags) = self.part(tag)?;
        let mut path = Vec::with_capacity(bytes.len() + 1);
        let closed = bytes.strip_suffix(&[0]);
        if closed.is_none() && !bytes.is_empty() {
            flags |= part_flags::TRUNCATED;
        }
        for component in closed.unwrap_or(bytes).rsplit(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            path.push(b'/');
            path.extend_from_slice(component);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Some(WalkedPath { path, flags })
    }

    /// Facts of the object.
    #[must_use]
    pub fn facts(&self) -> Option<FileFacts> {
        self.structure(PartTag::Facts)
    }

    /// Facts of the directory that a new mount covers.
    #[must_use]
    pub fn covered(&self) -> Option<FileFacts> {
        self.structure(PartTag::Covered)
    }

    /// Credentials after the call.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        self.structure(PartTag::Credentials)
    }

    /// The socket's ends.
    #[must_use]
    pub fn socket(&self) -> Option<SocketFacts> {
        self.structure(PartTag::Socket)
    }

    /// The BPF map that a call made or used.
    #[must_use]
    pub fn bpf_map(&self) -> Option<BpfFacts> {
        self.structure(PartTag::BpfMap)
    }

    /// The BPF program that a call loaded or used.
    #[must_use]
    pub fn bpf_program(&self) -> Option<BpfFacts> {
        self.structure(PartTag::BpfProgram)
    }

    /// What the call found.
    #[must_use]
    pub fn before(&self) -> Option<Before> {
        self.structure(PartTag::Before)
    }

    fn structure<T: FromBytes>(&self, tag: PartTag) -> Option<T> {
        let (bytes, flags) = self.part(tag)?;
        (flags & part_flags::FAULT == 0).then_some(())?;
        T::read_from_bytes(bytes).ok()
    }
}

/// Header and bytes of the first part, and what follows its padding.
fn split_part(bytes: &[u8]) -> Option<(PartHeader, &[u8], &[u8])> {
    let (header, rest) = PartHeader::read_from_prefix(bytes).ok()?;
    let len = usize::from(header.len);
    let part = rest.get(..len)?;
    // The last part's padding may be missing.
    let rest = rest.get(len.next_multiple_of(ALIGN)..).unwrap_or_default();
    Some((header, part, rest))
}
