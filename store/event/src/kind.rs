//! Closed vocabularies: what kinds of event there are, and how the schema files them.

use serde::{Deserialize, Serialize};

/// Kind of an event. The numbers are stored: explicit, in ranges, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Kind {
    /// A new process.
    Fork = 1,
    /// A new image in a process.
    Exec = 2,
    /// The end of a process.
    Exit = 3,
    /// setuid, setreuid, setresuid, setfsuid.
    Setuid = 4,
    /// setgid, setregid, setresgid, setfsgid.
    Setgid = 5,
    /// capset.
    Capset = 6,
    /// open, openat, openat2, creat, truncate, ftruncate, `open_by_handle_at`.
    Open = 20,
    /// mkdir, mkdirat.
    Mkdir = 21,
    /// rmdir, unlinkat with `AT_REMOVEDIR`.
    Rmdir = 22,
    /// unlink, unlinkat.
    Unlink = 23,
    /// rename, renameat, renameat2.
    Rename = 24,
    /// link, linkat.
    Link = 25,
    /// chmod, fchmod, fchmodat, fchmodat2.
    Chmod = 26,
    /// chown, fchown, lchown, fchownat.
    Chown = 27,
    /// chdir, fchdir.
    Chdir = 28,
    /// bind.
    Bind = 60,
    /// connect.
    Connect = 61,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Self; 17] = [
        Self::Fork,
        Self::Exec,
        Self::Exit,
        Self::Setuid,
        Self::Setgid,
        Self::Capset,
        Self::Open,
        Self::Mkdir,
        Self::Rmdir,
        Self::Unlink,
        Self::Rename,
        Self::Link,
        Self::Chmod,
        Self::Chown,
        Self::Chdir,
        Self::Bind,
        Self::Connect,
    ];

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// `evt.name`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Exec => "exec",
            Self::Exit => "exit",
            Self::Setuid => "setuid",
            Self::Setgid => "setgid",
            Self::Capset => "capset",
            Self::Open => "open",
            Self::Mkdir => "mkdir",
            Self::Rmdir => "rmdir",
            Self::Unlink => "unlink",
            Self::Rename => "rename",
            Self::Link => "link",
            Self::Chmod => "chmod",
            Self::Chown => "chown",
            Self::Chdir => "chdir",
            Self::Bind => "bind",
            Self::Connect => "connect",
        }
    }

    /// The kind of an `evt.name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// `evt.category` (pkg/security/secl/model/category.go of the schema's publisher: credentials are filed
    /// under files there, and bind and connect under the kernel).
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Fork | Self::Exec | Self::Exit => Category::Process,
            Self::Bind | Self::Connect => Category::Kernel,
            _ => Category::File,
        }
    }

    /// Which ring carries it, and so which gap covers it.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Fork | Self::Exec | Self::Exit | Self::Setuid | Self::Setgid | Self::Capset => {
                Class::Process
            }
            Self::Bind | Self::Connect => Class::Network,
            _ => Class::File,
        }
    }
}

impl From<Kind> for u8 {
    fn from(kind: Kind) -> Self {
        kind.number()
    }
}

impl TryFrom<u8> for Kind {
    type Error = UnknownNumber;

    fn try_from(number: u8) -> Result<Self, UnknownNumber> {
        Self::ALL.into_iter().find(|kind| kind.number() == number).ok_or(UnknownNumber(number))
    }
}

/// A stored number that this release does not know.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no such kind: {0} (written by a newer release?)")]
pub struct UnknownNumber(pub u8);

/// `evt.category`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// "Process Activity".
    Process,
    /// "File Activity", also the default of the schema's publisher.
    File,
    /// "Network Activity".
    Network,
    /// "Kernel Activity".
    Kernel,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Process, Self::File, Self::Network, Self::Kernel];

    /// The schema's words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "Process Activity",
            Self::File => "File Activity",
            Self::Network => "Network Activity",
            Self::Kernel => "Kernel Activity",
        }
    }
}

/// The class of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Lifecycle and credentials.
    Process,
    /// Files.
    File,
    /// Sockets.
    Network,
    /// Kernel objects.
    Kernel,
    /// Everything.
    All,
}

impl Class {
    /// Word of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::File => "file",
            Self::Network => "network",
            Self::Kernel => "kernel",
            Self::All => "all",
        }
    }
}

/// `evt.outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Outcome {
    /// Returned 0 or more.
    Success = 0,
    /// EACCES or EPERM.
    Refused = 1,
    /// Any other errno.
    Error = 2,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Refused, Self::Error];

    /// Of a syscall's return value. Only -4095..=-1 are errors (include/linux/err.h, `MAX_ERRNO`).
    #[must_use]
    pub const fn of_return(value: i64) -> Self {
        const EPERM: i64 = -1;
        const EACCES: i64 = -13;
        match value {
            EPERM | EACCES => Self::Refused,
            -4095..=-1 => Self::Error,
            _ => Self::Success,
        }
    }

    /// The schema's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Refused => "Refused",
            Self::Error => "Error",
        }
    }
}
