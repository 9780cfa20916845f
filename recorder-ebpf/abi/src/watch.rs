//! What the dispatcher knows of a syscall number: value of the `WATCH` map, filled by the loader from
//! [`crate::SYSCALLS`].

use crate::{FileSpec, Handler, NO_ARG, Syscall, record};

/// Syscall numbers below this are looked at.
pub const NUMBERS: u32 = 512;

record! {
    /// One entry, by syscall number; all zero if nobody watches it.
    pub struct Watch = 16 {
        /// [`watch_flags`].
        pub flags: u32,
        /// [`tail_calls`] index.
        pub tail_call: u32,
        /// Arguments, see [`FileSpec`]: dirfd.
        pub dirfd: u8,
        /// Path.
        pub path: u8,
        /// Second dirfd.
        pub dirfd2: u8,
        /// Second path.
        pub path2: u8,
        /// Descriptor.
        pub fd: u8,
        /// 1: the result is a descriptor.
        pub returns_fd: u8,
        /// 1: walk the working directory.
        pub walks_cwd: u8,
        /// 1: arguments 2 points to a `struct open_how`.
        pub open_how: u8,
    }
}

/// Bits of [`Watch::flags`].
pub mod watch_flags {
    /// Watched for 64-bit callers.
    pub const NATIVE: u32 = 1;
    /// Counted for 32-bit callers.
    pub const COMPAT: u32 = 2;
    /// The recorder's own calls are left out.
    pub const SKIP_OWN: u32 = 4;
}

/// Slots of the tail call table.
pub mod tail_calls {
    /// File calls.
    pub const FILE: u32 = 0;
    /// Socket calls.
    pub const SOCKET: u32 = 1;
    /// Credential calls.
    pub const CREDENTIALS: u32 = 2;
    /// How many there are.
    pub const COUNT: u32 = 3;
}

impl Watch {
    /// The entry of a watched syscall.
    #[must_use]
    pub fn of(syscall: &Syscall) -> Self {
        let none = FileSpec {
            dirfd: NO_ARG,
            path: NO_ARG,
            dirfd2: NO_ARG,
            path2: NO_ARG,
            fd: NO_ARG,
            returns_fd: false,
            walks_cwd: false,
        };
        let (tail_call, spec, own) = match syscall.handler {
            Handler::File(spec) => (tail_calls::FILE, spec, watch_flags::SKIP_OWN),
            Handler::Socket => (tail_calls::SOCKET, none, watch_flags::SKIP_OWN),
            Handler::Credentials => (tail_calls::CREDENTIALS, none, 0),
        };
        Self {
            flags: watch_flags::NATIVE | own,
            tail_call,
            dirfd: spec.dirfd,
            path: spec.path,
            dirfd2: spec.dirfd2,
            path2: spec.path2,
            fd: spec.fd,
            returns_fd: spec.returns_fd.into(),
            walks_cwd: spec.walks_cwd.into(),
            open_how: (syscall.name == "openat2").into(),
        }
    }
}
