//! What the dispatcher knows of a syscall number: value of the `WATCH` map, filled by the loader from
//! [`crate::SYSCALLS`] and, for 32-bit callers, [`crate::COMPAT`].

use crate::{Handler, Syscall, record};

/// Syscall numbers below this are looked at, in either table.
pub const NUMBERS: u32 = 512;

record! {
    /// One entry, by syscall number; all zero if nobody watches it. Arguments as in [`crate::Spec`].
    pub struct Watch = 40 {
        /// [`watch_flags`].
        pub flags: u32,
        /// [`tail_calls`] index.
        pub tail_call: u32,
        /// Bit n: rule n of the filter may leave this call out.
        pub rules: u32,
        /// Directory descriptor.
        pub dirfd: u8,
        /// Path.
        pub path: u8,
        /// Second directory descriptor.
        pub dirfd2: u8,
        /// Second path.
        pub path2: u8,
        /// Descriptor.
        pub fd: u8,
        /// 1: the result is a descriptor.
        pub returns_fd: u8,
        /// 1: walk the working directory.
        pub walks_cwd: u8,
        /// 1: argument 2 points to a `struct open_how`.
        pub open_how: u8,
        /// String.
        pub text: u8,
        /// Second string.
        pub text2: u8,
        /// Structure.
        pub memory: u8,
        /// Its bytes at the most.
        pub memory_bytes: u8,
        /// Argument with its bytes.
        pub memory_length: u8,
        /// Argument that holds the open flags or the protection, see [`Syscall::flags_argument`].
        pub flags_argument: u8,
        /// [`crate::Compat::shape`]; with what follows, but for `nr`, of 32-bit callers.
        pub shape: u8,
        /// [`crate::Compat::signed`].
        pub signed: u8,
        /// x86-64 number.
        pub nr: u16,
        /// [`crate::Compat::ids`].
        pub ids: u8,
        /// [`crate::Compat::wide`].
        pub wide: u8,
        /// [`crate::Compat::count`].
        pub count: u8,
        /// Zero.
        pub reserved: [u8; 7],
    }
}

/// Bits of [`Watch::flags`].
pub mod watch_flags {
    /// Watched for 64-bit callers.
    pub const NATIVE: u32 = 1;
    /// Watched for 32-bit callers: the entry is beyond [`NUMBERS`].
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
    /// Calls of the kernel class.
    pub const CALL: u32 = 3;
    /// Calls that mount.
    pub const MOUNT: u32 = 4;
    /// bpf.
    pub const BPF: u32 = 8;
    /// Kernel modules.
    pub const MODULE: u32 = 9;
    /// Writes, which may be of selinuxfs.
    pub const SELINUX: u32 = 10;
    /// Calls that send signals.
    pub const SIGNAL: u32 = 5;
    /// Calls that are looked at before and after.
    pub const MEMORY: u32 = 6;
    /// How many there are.
    pub const COUNT: u32 = 16;
}

impl Watch {
    /// The entry of a watched syscall.
    #[must_use]
    pub fn of(syscall: &Syscall) -> Self {
        let (tail_call, own) = match syscall.handler {
            Handler::File => (tail_calls::FILE, watch_flags::SKIP_OWN),
            Handler::Socket => (tail_calls::SOCKET, watch_flags::SKIP_OWN),
            Handler::Credentials => (tail_calls::CREDENTIALS, 0),
            Handler::Mount => (tail_calls::MOUNT, watch_flags::SKIP_OWN),
            Handler::Call => (tail_calls::CALL, watch_flags::SKIP_OWN),
            Handler::Bpf => (tail_calls::BPF, watch_flags::SKIP_OWN),
            Handler::Module => (tail_calls::MODULE, 0),
            Handler::Selinux => (tail_calls::SELINUX, 0),
            Handler::Signal => (tail_calls::SIGNAL, 0),
            Handler::Memory => (tail_calls::MEMORY, watch_flags::SKIP_OWN),
        };
        let spec = syscall.spec;
        Self {
            // Writes are watched once the probes see a reason to.
            flags: if syscall.handler == Handler::Selinux { 0 } else { watch_flags::NATIVE | own },
            tail_call,
            rules: 0,
            dirfd: spec.dirfd,
            path: spec.path,
            dirfd2: spec.dirfd2,
            path2: spec.path2,
            fd: spec.fd,
            returns_fd: spec.returns_fd.into(),
            walks_cwd: spec.walks_cwd.into(),
            open_how: (syscall.name == "openat2").into(),
            text: spec.text,
            text2: spec.text2,
            memory: spec.memory,
            memory_bytes: spec.memory_bytes,
            memory_length: spec.memory_length,
            flags_argument: syscall.flags_argument(),
            // Numbers are below NUMBERS.
            nr: (syscall.nr & 0xffff) as u16,
            ..Self::default()
        }
    }
}
