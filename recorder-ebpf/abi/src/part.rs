//! Parts of variable length behind the body.

use crate::record;

record! {
    /// Precedes each part's bytes. The next part starts at the next multiple of [`crate::ALIGN`].
    pub struct PartHeader = 8 {
        /// A [`PartTag`].
        pub tag: u8,
        /// [`part_flags`].
        pub flags: u8,
        /// Bytes that follow, padding not counted.
        pub len: u16,
        /// Zero.
        pub reserved: u32,
    }
}

/// What a part holds. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PartTag {
    /// A path walked in the kernel: components leaf first, each closed by NUL; none is the root.
    Path = 1,
    /// The directory that `Arg` is relative to (cwd, dirfd, or the task's root if `Arg` is absolute), walked likewise.
    Base = 2,
    /// The path string of the caller, without NUL.
    Arg = 3,
    /// As `Base`, for the second path.
    Base2 = 4,
    /// The second path string.
    Arg2 = 5,
    /// A [`crate::FileFacts`], of the `Path` part before it.
    Facts = 6,
    /// A [`crate::Credentials`].
    Credentials = 7,
    /// Task name, up to 15 bytes, without NUL.
    Comm = 8,
    /// Argument strings, each closed by NUL (the last may be cut).
    Args = 9,
    /// Environment strings, likewise.
    Envs = 10,
    /// Terminal name ("pts0"), absent if none.
    Tty = 11,
    /// The `struct sockaddr` that the caller passed.
    Sockaddr = 12,
    /// A [`crate::SocketFacts`].
    Socket = 13,
    /// `bprm->filename`, without NUL.
    Filename = 14,
    /// `bprm->interp`, without NUL; only if interpreted.
    Interp = 15,
    /// Path of the cgroup (v2, or the first v1 hierarchy with more than the root), leaf first like `Path`.
    Cgroup = 16,
    /// A string of the caller that is no path, without NUL.
    Text = 17,
    /// Another.
    Text2 = 18,
    /// A structure of the caller.
    Memory = 19,
    /// Path of a new mount's root within its file system, walked like `Path`; marked as detached.
    MountRoot = 30,
    /// A [`crate::FileFacts`]: of the directory that a new mount covers, seen through the mount that it is in.
    Covered = 31,
    /// A [`crate::BpfFacts`] of a map.
    BpfMap = 40,
    /// A [`crate::BpfFacts`] of a program.
    BpfProgram = 41,
    /// Instructions that the caller passed (`struct bpf_insn`).
    Instructions = 42,
    /// Value of a kernel parameter before it was written.
    OldValue = 43,
    /// `struct module.name`, NUL padded.
    ModuleName = 44,
    /// The first bytes behind a packet's transport header.
    Payload = 48,
    /// Name that the socket is bound to, as it stands in `sun_path` (unix(7)); its last NUL may be there.
    LocalName = 49,
    /// That of its peer.
    PeerName = 50,
    /// A [`crate::Request`].
    Request = 60,
    /// A [`crate::Before`].
    Before = 70,
}

impl PartTag {
    /// The tag of a number read from a record.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Path,
            2 => Self::Base,
            3 => Self::Arg,
            4 => Self::Base2,
            5 => Self::Arg2,
            6 => Self::Facts,
            7 => Self::Credentials,
            8 => Self::Comm,
            9 => Self::Args,
            10 => Self::Envs,
            11 => Self::Tty,
            12 => Self::Sockaddr,
            13 => Self::Socket,
            14 => Self::Filename,
            15 => Self::Interp,
            16 => Self::Cgroup,
            17 => Self::Text,
            18 => Self::Text2,
            19 => Self::Memory,
            30 => Self::MountRoot,
            31 => Self::Covered,
            40 => Self::BpfMap,
            41 => Self::BpfProgram,
            42 => Self::Instructions,
            43 => Self::OldValue,
            44 => Self::ModuleName,
            48 => Self::Payload,
            49 => Self::LocalName,
            50 => Self::PeerName,
            60 => Self::Request,
            70 => Self::Before,
            _ => return None,
        })
    }
}

/// Bits of [`PartHeader::flags`].
pub mod part_flags {
    /// Cut at a limit: bytes or components are missing at the end.
    pub const TRUNCATED: u8 = 1;
    /// A read failed (a fault); what follows is what was read before.
    pub const FAULT: u8 = 2;
    /// The walk ended at a root that is no file system tree (pipe, socket, memfd, detached mount).
    pub const DETACHED: u8 = 4;
    /// The entry has been unlinked.
    pub const DELETED: u8 = 8;
}
