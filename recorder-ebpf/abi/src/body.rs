//! The fixed part that follows the header, by kind of record.

use crate::record;

record! {
    /// A syscall's arguments as the kernel got them.
    pub struct SyscallBody = 48 {
        /// rdi, rsi, rdx, r10, r8, r9.
        pub args: [u64; 6],
    }
}

record! {
    /// A new process (threads are left out). The header names the child.
    pub struct ForkBody = 24 {
        /// `start_boottime` of the creator's group leader.
        pub creator_start: u64,
        /// Process that called fork, vfork or clone (not the parent if `CLONE_PARENT`).
        pub creator_tgid: u32,
        /// Its calling thread.
        pub creator_tid: u32,
        /// `real_parent->tgid` of the child.
        pub parent_tgid: u32,
        /// `exit_signal` of the child; not SIGCHLD (17) for clones that are no full fork.
        pub exit_signal: u32,
    }
}

record! {
    /// A successful exec.
    pub struct ExecBody = 24 {
        /// Thread that called exec; it carries on as the leader.
        pub old_tid: u32,
        /// [`exec_flags`].
        pub flags: u32,
        /// `bprm->argc`.
        pub argc: u32,
        /// `bprm->envc`.
        pub envc: u32,
        /// Bytes of all argument strings with their NULs (the part may hold fewer).
        pub args_len: u32,
        /// Bytes of all environment strings with their NULs.
        pub envs_len: u32,
    }
}

record! {
    /// A process used a syscall for the first time since its exec or fork.
    pub struct FirstUseBody = 8 {
        /// Number in the x86-64 table.
        pub number: u32,
        /// Zero.
        pub reserved: u32,
    }
}

/// Bits of [`ExecBody::flags`].
pub mod exec_flags {
    /// `bprm->interp` is not `bprm->filename`: a script or `binfmt_misc`; the exe file is the interpreter.
    pub const INTERPRETED: u32 = 1;
    /// Credentials grew by a setuid, setgid or capability file (`bprm->per_clear`, which is set for these alone).
    pub const SECURE: u32 = 2;
    /// Executed through a descriptor (`bprm->fdpath`): execveat with `AT_EMPTY_PATH` or a dirfd.
    pub const FDPATH: u32 = 4;
}

record! {
    /// The end of a process: its last thread is gone.
    pub struct ExitBody = 8 {
        /// Wait status as `waitpid` gives it: low 7 bits the signal, 0x80 core dump, then the exit code.
        pub status: u32,
        /// Zero.
        pub reserved: u32,
    }
}
