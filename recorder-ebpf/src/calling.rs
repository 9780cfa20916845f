//! The syscall that the running task is in, for programs of other tracepoints.

use abi::offsets as o;
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};

use crate::{
    kernel::{Address, current, field, read},
    maps::has,
};

/// `struct pt_regs.orig_ax` of x86-64 (arch/x86/include/asm/ptrace.h).
pub const ORIG_AX: u64 = 120;
/// Set in the number of an x32 call.
pub const X32_BIT: u64 = 0x4000_0000;

/// A call that goes on.
#[derive(Clone, Copy)]
pub struct Calling {
    /// Number, in the 32-bit table if `compat`.
    pub number: u32,
    /// By the 32-bit entries.
    pub compat: bool,
    /// Its registers.
    pub regs: Address,
}

/// The call that the running task is in. Where it is in none (an interrupt, a fault, a kernel thread) the number is none
/// of a syscall.
#[inline(always)]
pub fn calling() -> Calling {
    // SAFETY: the helpers take the running task, which is there.
    let regs = unsafe { bpf_task_pt_regs(bpf_get_current_task_btf()) } as Address;
    let number: u64 = read(regs + ORIG_AX);
    Calling { number: (number & !X32_BIT) as u32, compat: compat(current()), regs }
}

/// Is the task in a call by the 32-bit entries?
#[inline(always)]
pub fn compat(task: Address) -> bool {
    /// arch/x86/include/asm/thread_info.h.
    const TS_COMPAT: u32 = 2;
    field::<u32>(task, o::TASK_STATUS) & TS_COMPAT != 0
}

/// Does the task count pids in another namespace than the initial one?
#[inline(always)]
pub fn in_pid_namespace(task: Address) -> bool {
    has(o::TASK_THREAD_PID)
        && has(o::PID_LEVEL)
        && field::<u32>(field(task, o::TASK_THREAD_PID), o::PID_LEVEL) != 0
}
