//! What only some kinds have.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::Credentials;

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
    /// bind, connect.
    Socket(SocketAddress),
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
