//! What only some kinds have.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Bpf, ContextId, Credentials, Dns, Imds, Mount, Nanos, Selinux};

/// Kind-specific remainder of an event. The variant always fits [`crate::Event::kind`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// Nothing more (rmdir, link, a fork).
    #[default]
    None,
    /// `syscall.exec.path`.
    Exec {
        /// As the caller gave it.
        path: String,
    },
    /// Wait status.
    Exit {
        /// As `waitpid` gives it.
        status: u32,
    },
    /// setuid, setgid, capset: the credentials after the call (the context has those before).
    Credentials(Box<Credentials>),
    /// open and its like.
    Open {
        /// `O_*` flags of x86-64.
        flags: u32,
        /// Requested mode, meaningful with `O_CREAT`.
        mode: u32,
    },
    /// Requested mode.
    Mkdir {
        /// As passed.
        mode: u32,
    },
    /// unlink, and rmdir by unlinkat.
    Unlink {
        /// `AT_*` flags.
        flags: u32,
    },
    /// rename.
    Rename {
        /// `RENAME_*` flags.
        flags: u32,
    },
    /// chmod.
    Chmod {
        /// New mode as passed.
        mode: u32,
        /// As the caller gave it; empty for descriptors.
        path: String,
    },
    /// chown.
    Chown {
        /// New owner, -1 for unchanged.
        uid: i32,
        /// New group likewise.
        gid: i32,
    },
    /// chdir.
    Chdir {
        /// As the caller gave it; empty for descriptors.
        path: String,
    },
    /// bind, connect, accept.
    Socket(Box<SocketAddress>),
    /// utimes and its like: the times set, `None` for one that was left as it was (`UTIME_OMIT`).
    Utimes {
        /// Access time.
        access: Option<Nanos>,
        /// Modification time.
        modification: Option<Nanos>,
    },
    /// setxattr, removexattr.
    Xattr {
        /// Name with its namespace ("user.mime"), as passed, at most `XATTR_NAME_MAX` (255) bytes.
        name: String,
        /// Bytes of the value passed; 0 for a removal.
        size: u64,
        /// `XATTR_*` flags; 0 for a removal.
        flags: u32,
    },
    /// mount.
    Mount(Box<Mount>),
    /// umount.
    Umount {
        /// Mount that went away, 0 if unknown.
        mount_id: u32,
        /// `MNT_*`, `UMOUNT_*` flags.
        flags: u32,
        /// As the caller gave it.
        path: String,
    },
    /// splice: `PIPE_BUF_FLAG_*` of the pipe's newest buffer.
    Splice {
        /// Before the call; `None` if not seen.
        entry: Option<u32>,
        /// After it.
        exit: Option<u32>,
        /// Bytes asked for.
        length: u64,
        /// `SPLICE_F_*` flags.
        flags: u32,
    },
    /// signal.
    Signal {
        /// Number; 0 only asks whether the process is there.
        signal: u32,
        /// The target in the initial pid namespace, or as passed if it could not be resolved (negative: a group).
        pid: i32,
        /// State of the target then, if known.
        target: Option<ContextId>,
    },
    /// setrlimit.
    Setrlimit {
        /// `RLIMIT_*` number.
        resource: u32,
        /// New soft limit, `u64::MAX` for none.
        current: u64,
        /// New hard limit likewise.
        maximum: u64,
        /// Whose limit.
        pid: i32,
        /// State of that process then, if known and another one.
        target: Option<ContextId>,
    },
    /// prctl.
    Prctl {
        /// `PR_*` number.
        option: u32,
        /// The arguments that follow.
        args: [u64; 4],
        /// What a pointer among them led to (the name of `PR_SET_NAME`), else empty.
        text: String,
    },
    /// syscalls: numbers of the x86-64 table, first uses only.
    Syscalls {
        /// In order of number.
        numbers: Vec<u32>,
    },
    /// setsockopt.
    Setsockopt {
        /// `SOL_*` or protocol.
        level: i32,
        /// Option number within the level.
        option: i32,
        /// First bytes of the value, at most 64.
        value: Vec<u8>,
        /// Bytes of the value passed.
        length: u32,
        /// The socket; its address is that of the local end.
        socket: Box<SocketAddress>,
    },
    /// dns.
    Dns(Box<Dns>),
    /// imds.
    Imds(Box<Imds>),
    /// bpf.
    Bpf(Box<Bpf>),
    /// `load_module`, `unload_module`.
    Module {
        /// The module's name, empty if it could not be known.
        name: String,
        /// Loaded from memory (`init_module`), not from a file.
        from_memory: bool,
        /// Its parameters, split at blanks.
        args: Vec<String>,
        /// The parameters were cut.
        args_truncated: bool,
        /// Flags of the call: `MODULE_INIT_*`, `O_*` of `delete_module`.
        flags: u32,
    },
    /// mmap.
    Mmap {
        /// What the kernel gave, or what was asked for if it refused.
        address: u64,
        /// Offset into the file, bytes.
        offset: u64,
        /// Bytes.
        length: u64,
        /// `PROT_*`.
        protection: u32,
        /// `MAP_*`.
        flags: u32,
    },
    /// mprotect.
    Mprotect {
        /// First byte of the range, rounded as the kernel does.
        start: u64,
        /// Behind its last byte.
        end: u64,
        /// `VM_*` flags of the first area before the call; `None` if not seen.
        before: Option<u64>,
        /// `PROT_*` asked for.
        requested: u64,
        /// First byte of the area that held `start` before the call, as a whole; 0 if not seen.
        #[serde(default)]
        area_start: u64,
        /// Behind its last byte.
        #[serde(default)]
        area_end: u64,
    },
    /// ptrace.
    Ptrace {
        /// `PTRACE_*` number.
        request: u32,
        /// Address argument.
        address: u64,
        /// The tracee in the initial pid namespace, or as passed if it could not be resolved.
        pid: i32,
        /// State of the tracee then, if known.
        tracee: Option<ContextId>,
    },
    /// selinux.
    Selinux(Selinux),
    /// sysctl.
    Sysctl {
        /// Below /proc/sys, with slashes (`kernel/core_pattern`).
        name: String,
        /// Written, not read.
        write: bool,
        /// New value, or the one read; at most 1024 bytes, without the final line break.
        value: String,
        /// Value before a write; empty if unknown.
        old_value: String,
        /// A value was cut.
        truncated: bool,
    },
    /// `cgroup_write`.
    CgroupWrite {
        /// Path of the cgroup moved to, from the hierarchy's root.
        path: String,
        /// Process that was moved.
        pid: u32,
        /// State of that process then, if known.
        target: Option<ContextId>,
        /// Its whole thread group, not one thread.
        whole: bool,
    },
}

impl Detail {
    /// Another process that the event is about: the target of a signal, a tracee.
    #[must_use]
    pub const fn other(&self) -> Option<ContextId> {
        match self {
            Self::Signal { target: other, .. }
            | Self::Setrlimit { target: other, .. }
            | Self::Ptrace { tracee: other, .. }
            | Self::CgroupWrite { target: other, .. } => *other,
            _ => None,
        }
    }

    /// The same, to be changed.
    pub const fn other_mut(&mut self) -> Option<&mut Option<ContextId>> {
        match self {
            Self::Signal { target: other, .. }
            | Self::Setrlimit { target: other, .. }
            | Self::Ptrace { tracee: other, .. }
            | Self::CgroupWrite { target: other, .. } => Some(other),
            _ => None,
        }
    }
}

/// A socket call's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketAddress {
    /// `AF_*` of the address passed.
    pub family: u16,
    /// `SOCK_*`, 0 if unknown.
    pub kind: u16,
    /// `IPPROTO_*`, 0 if unknown.
    pub protocol: u16,
    /// Address passed, for `AF_INET` and `AF_INET6`.
    pub ip: Option<IpAddr>,
    /// Port passed.
    pub port: u16,
    /// Path of a Unix socket ("@name" if abstract), else empty.
    pub path: String,
    /// Local end after the call, if known.
    pub local: Option<(IpAddr, u16)>,
    /// Network namespace (inode number), 0 if unknown.
    pub netns: u32,
    /// Name that the Unix socket itself is bound to, as `path`.
    #[serde(default)]
    pub local_path: String,
    /// Process at the other end of a Unix socket (`SO_PEERCRED`), 0 if unknown.
    #[serde(default)]
    pub peer_pid: u32,
    /// Interface that the socket is bound to, else the one of its route, 0 if unknown.
    #[serde(default)]
    pub ifindex: u32,
    /// Its name, empty if unknown.
    #[serde(default)]
    pub ifname: String,
}

/// `exit.cause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCause {
    /// Returned or called exit.
    Exited,
    /// Killed by a signal that dumped core.
    CoreDumped,
    /// Killed by a signal.
    Signaled,
}

impl ExitCause {
    /// Cause and code of a wait status (wait(2)).
    #[must_use]
    pub const fn of_status(status: u32) -> (Self, u32) {
        let signal = status & 0x7f;
        if signal == 0 {
            (Self::Exited, (status >> 8) & 0xff)
        } else if status & 0x80 != 0 {
            (Self::CoreDumped, signal)
        } else {
            (Self::Signaled, signal)
        }
    }

    /// The schema's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exited => "EXITED",
            Self::CoreDumped => "COREDUMPED",
            Self::Signaled => "SIGNALED",
        }
    }
}
