//! Closed vocabularies: what kinds of event there are, and how the schema files them.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $number:literal $name:literal $category:ident $class:ident $title:literal;)*) => {
        /// Kind of an event. The numbers are stored: explicit, in ranges, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "u8", try_from = "u8")]
        #[repr(u8)]
        pub enum Kind { $($(#[$meta])* $kind = $number,)* }

        impl Kind {
            /// Every kind, by number.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$kind),*];

            /// `evt.name` (pkg/security/secl/model/events.go of the schema's publisher).
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// `evt.category` (pkg/security/secl/model/category.go of the schema's publisher, whose default is the
            /// file category: credentials and module loading are filed there, and bind and connect under the kernel).
            #[must_use]
            pub const fn category(self) -> Category {
                match self { $(Self::$kind => Category::$category,)* }
            }

            /// Which ring carries it, and so which gap covers it.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$kind => Class::$class,)* }
            }

            /// `title`: the description that a rule would have.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }
        }
    };
}

kinds! {
    /// A new process.
    Fork = 1 "fork" Process Process "A process was created";
    /// A new image in a process.
    Exec = 2 "exec" Process Process "A program was executed";
    /// The end of a process.
    Exit = 3 "exit" Process Process "A process ended";
    /// setuid, setreuid, setresuid, setfsuid.
    Setuid = 4 "setuid" File Process "A process changed its user ids";
    /// setgid, setregid, setresgid, setfsgid.
    Setgid = 5 "setgid" File Process "A process changed its group ids";
    /// capset.
    Capset = 6 "capset" File Process "A process changed its capabilities";
    /// kill, tkill, tgkill, `rt_sigqueueinfo`, `rt_tgsigqueueinfo`, `pidfd_send_signal`.
    Signal = 7 "signal" Process Kernel "A process sent a signal";
    /// setrlimit, prlimit64 with a new limit.
    Setrlimit = 8 "setrlimit" Process Kernel "A process changed a resource limit";
    /// prctl.
    Prctl = 9 "prctl" File Kernel "A process changed an attribute of itself";
    /// First uses of syscalls by a process.
    Syscalls = 10 "syscalls" Process Kernel "A process used system calls for the first time";
    /// open, openat, openat2, creat, truncate, ftruncate, `open_by_handle_at`.
    Open = 20 "open" File File "A file was opened";
    /// mkdir, mkdirat.
    Mkdir = 21 "mkdir" File File "A directory was made";
    /// rmdir, unlinkat with `AT_REMOVEDIR`.
    Rmdir = 22 "rmdir" File File "A directory was removed";
    /// unlink, unlinkat.
    Unlink = 23 "unlink" File File "A file was removed";
    /// rename, renameat, renameat2.
    Rename = 24 "rename" File File "A file was renamed";
    /// link, linkat.
    Link = 25 "link" File File "A hard link was made";
    /// chmod, fchmod, fchmodat, fchmodat2.
    Chmod = 26 "chmod" File File "A file's mode was changed";
    /// chown, fchown, lchown, fchownat.
    Chown = 27 "chown" File File "A file's owner was changed";
    /// chdir, fchdir.
    Chdir = 28 "chdir" File File "A process changed its working directory";
    /// utime, utimes, futimesat, utimensat.
    Utimes = 29 "utimes" File File "A file's times were set";
    /// setxattr, lsetxattr, fsetxattr, setxattrat.
    Setxattr = 30 "setxattr" File File "An extended attribute was set";
    /// removexattr, lremovexattr, fremovexattr, removexattrat.
    Removexattr = 31 "removexattr" File File "An extended attribute was removed";
    /// mount, `move_mount`.
    Mount = 32 "mount" File File "A file system was mounted";
    /// umount2.
    Umount = 33 "umount" File File "A file system was unmounted";
    /// splice.
    Splice = 34 "splice" File File "Data was moved between a pipe and a file";
    /// bind.
    Bind = 60 "bind" Kernel Network "A socket was bound";
    /// connect.
    Connect = 61 "connect" Kernel Network "A socket was connected";
    /// accept, accept4.
    Accept = 62 "accept" Kernel Network "A connection was accepted";
    /// A DNS question, over UDP or TCP.
    Dns = 63 "dns" Network Network "A name was asked for";
    /// A request to a cloud's instance metadata service, or its answer.
    Imds = 64 "imds" Network Network "The instance metadata service was used";
    /// setsockopt, of the options that matter for security.
    Setsockopt = 65 "setsockopt" File Network "A socket option was set";
    /// bpf.
    Bpf = 80 "bpf" Kernel Kernel "The BPF subsystem was used";
    /// `init_module`, `finit_module`.
    LoadModule = 81 "load_module" File Kernel "A kernel module was loaded";
    /// `delete_module`.
    UnloadModule = 82 "unload_module" Kernel Kernel "A kernel module was unloaded";
    /// mmap.
    Mmap = 83 "mmap" Kernel Kernel "Memory was mapped";
    /// mprotect, `pkey_mprotect`.
    Mprotect = 84 "mprotect" Kernel Kernel "Memory protection was changed";
    /// ptrace.
    Ptrace = 85 "ptrace" Kernel Kernel "A process was traced";
    /// Writes that change `SELinux`: enforcing, booleans, their commit.
    Selinux = 86 "selinux" Kernel Kernel "SELinux was changed";
    /// Reads and writes below /proc/sys.
    Sysctl = 87 "sysctl" Kernel Kernel "A kernel parameter was read or set";
    /// A process moved to another cgroup.
    CgroupWrite = 88 "cgroup_write" File Process "A process was moved to another cgroup";
}

impl Kind {
    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind of an `evt.name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
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
    /// Sockets and what goes through them.
    Network,
    /// Memory, signals, tracing, and the kernel's own objects.
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
