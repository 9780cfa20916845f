//! Signals that processes send.

use crate::record;

record! {
    /// A signal sent, or an attempt that failed or only asked. Header: the sender, and the call that it made.
    pub struct SignalBody = 40 {
        /// `start_boottime` of the target's group leader; 0 if the kernel named no target (a call that failed or
        /// only asked).
        pub target_start: u64,
        /// Number; 0 only asks.
        pub signal: u32,
        /// `si_code` (sigaction(2)); 0 where there is no target.
        pub code: i32,
        /// Target process in the initial pid namespace, 0 if unknown.
        pub target_tgid: u32,
        /// Target thread likewise.
        pub target_tid: u32,
        /// What the caller passed: a process, a thread (tkill), 0 or negative for a group, a descriptor (pidfd). It is
        /// counted in the caller's pid namespace, see [`crate::header_flags::PID_NAMESPACE`].
        pub passed: i32,
        /// 1: to the whole process, 0: to one thread.
        pub group: u32,
        /// `TRACE_SIGNAL_*` (include/trace/events/signal.h): delivered, ignored, already pending, ...
        pub result: u32,
        /// Zero.
        pub reserved: u32,
    }
}

/// The calls that send signals, in the x86-64 table.
pub mod signal_calls {
    /// kill(pid, signal).
    pub const KILL: u32 = 62;
    /// `rt_sigqueueinfo`(pid, signal, info).
    pub const SIGQUEUEINFO: u32 = 129;
    /// tkill(tid, signal).
    pub const TKILL: u32 = 200;
    /// tgkill(pid, tid, signal).
    pub const TGKILL: u32 = 234;
    /// `rt_tgsigqueueinfo`(pid, tid, signal, info).
    pub const TGSIGQUEUEINFO: u32 = 297;
    /// `pidfd_send_signal`(fd, signal, info, flags).
    pub const PIDFD_SEND_SIGNAL: u32 = 424;
}
