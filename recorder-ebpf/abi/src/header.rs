//! The head of every record: what happened, to whom, when, and its place in the per-CPU sequence.

use crate::record;

record! {
    /// The first bytes of every record.
    pub struct Header = 64 {
        /// `bpf_ktime_get_boot_ns`: nanoseconds since boot, suspend included.
        pub time: u64,
        /// `start_boottime` of the thread group's leader: with `tgid` it names the process.
        pub start: u64,
        /// `bpf_get_current_cgroup_id` (cgroup v2), 0 if unknown.
        pub cgroup: u64,
        /// Count of records of this class tried on this CPU, from 1; a hole is a loss. 0: not numbered, because the program
    /// may be interrupted by another that numbers (its losses are counted all the same).
        pub seq: u64,
        /// What the syscall returned (a negated errno below 0; EINTR if the kernel may restart it); 0 for other records.
        pub ret: i64,
        /// Process id (thread group) in the initial pid namespace. For a fork: the child's.
        pub tgid: u32,
        /// Thread that acted, in the initial pid namespace.
        pub tid: u32,
        /// CPU that `seq` counts on.
        pub cpu: u16,
        /// A [`RecordKind`].
        pub kind: u16,
        /// [`header_flags`].
        pub flags: u32,
        /// Syscall number in the x86-64 table; `u32::MAX` if the record is not of a syscall.
        pub nr: u32,
        /// `real_parent->tgid` at that moment.
        pub ppid: u32,
    }
}

/// Bits of [`Header::flags`].
pub mod header_flags {
    /// The record's buffer was full: later parts are missing.
    pub const TRUNCATED: u32 = 1;
    /// A 32-bit call; number, arguments and structures are those of the native one.
    pub const COMPAT: u32 = 2;
    /// Through `io_uring`; set in user space, when the records of a request are joined.
    pub const ASYNC: u32 = 4;
    /// The task is in another pid namespace than the initial one: pids among its arguments are counted there.
    pub const PID_NAMESPACE: u32 = 1 << 8;
}

/// What a record tells. Numbers are explicit and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum RecordKind {
    /// [`crate::ForkBody`]; parts `Comm`, `Credentials`, `Cgroup` (if not the creator's). Header: the child.
    Fork = 1,
    /// [`crate::ExecBody`]; parts `Path`+`Facts` (mm's exe file), `Filename`, `Interp` (scripts), `Base` (of `Filename`),
    /// `Comm`, `Credentials`, `Tty`, `Args`, `Envs`, `Cgroup`.
    Exec = 2,
    /// [`crate::ExitBody`]. The whole process, once.
    Exit = 3,
    /// [`crate::SyscallBody`]; part `Credentials` (after the call).
    Credentials = 4,
    /// No body, part `Comm` (the new name). A leader's name was set, but not by an exec.
    Rename = 5,
    /// [`crate::SyscallBody`]; parts by [`crate::Spec`].
    File = 32,
    /// [`crate::SyscallBody`]; parts `Sockaddr` (the user's), `Socket`.
    Socket = 64,
    /// [`crate::PacketBody`]; part `Payload`. Header: who sent or asked, see [`crate::packet_flags`]; no `seq`.
    Packet = 65,
    /// [`crate::SyscallBody`]; parts by [`crate::Spec`], `Before` (mprotect, splice).
    Call = 96,
    /// [`crate::SysctlBody`]; parts `Text`, `Memory`, `OldValue`.
    Sysctl = 97,
    /// [`crate::CgroupBody`]; part `Text`. Header: who moved it.
    Cgroup = 98,
    /// A request through `io_uring`. [`crate::SyscallBody`]; parts `Request`, and what the syscall's own record has of
    /// its names.
    Submission = 128,
    /// Its end. [`crate::SyscallBody`] (zeros); parts `Request`, and what the syscall's own record has of its object.
    Completion = 129,
    /// [`crate::SignalBody`].
    Signal = 100,
    /// [`crate::FirstUseBody`].
    FirstUse = 101,
}

impl RecordKind {
    /// The kind of a number read from a record.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Fork,
            2 => Self::Exec,
            3 => Self::Exit,
            4 => Self::Credentials,
            5 => Self::Rename,
            32 => Self::File,
            64 => Self::Socket,
            65 => Self::Packet,
            96 => Self::Call,
            97 => Self::Sysctl,
            98 => Self::Cgroup,
            128 => Self::Submission,
            129 => Self::Completion,
            100 => Self::Signal,
            101 => Self::FirstUse,
            _ => return None,
        })
    }
}

/// One ring buffer and one sequence of numbers each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Class {
    /// Lifecycle and credentials.
    Process = 0,
    /// Files.
    File = 1,
    /// Sockets and what goes through them.
    Network = 2,
    /// Memory, signals, tracing, and the kernel's own objects.
    Kernel = 3,
    /// Packets. Their programs may interrupt each other on one CPU, so their records have no numbers: what is lost is
    /// known by the counts alone.
    Packet = 4,
}

impl Class {
    /// How many classes there are.
    pub const COUNT: usize = 5;
    /// All of them, in order of number.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Process, Self::File, Self::Network, Self::Kernel, Self::Packet];
}
