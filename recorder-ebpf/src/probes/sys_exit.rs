//! `tp_btf/sys_exit`: every syscall's end. Looks the number up and calls the handler that watches it.

use abi::{offsets as o, watch_flags};
use aya_ebpf::{
    EbpfContext as _, helpers::bpf_get_current_pid_tgid, macros::btf_tracepoint,
    programs::BtfTracePointContext,
};

use crate::{
    counters::counters,
    kernel::{current, field},
    maps::{HANDLERS, WATCH, own_tgid},
    record::scratch,
};

/// `struct pt_regs.orig_ax` of x86-64 (arch/x86/include/asm/ptrace.h).
const ORIG_AX: u64 = 120;

#[btf_tracepoint(function = "sys_exit")]
fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    const TS_COMPAT: u32 = 2;
    const X32_BIT: u64 = 0x4000_0000;
    let regs: *const u8 = ctx.arg(0);
    // SAFETY: the argument is a trusted `struct pt_regs`: the verifier checks this load.
    let number = unsafe { regs.add(ORIG_AX as usize).cast::<u64>().read_volatile() };
    let Some(watch) = WATCH.get((number & !X32_BIT) as u32) else { return 0 };
    if watch.flags == 0 {
        return 0;
    }
    // x32 numbers its calls as x86-64 does; the 32-bit table is another.
    let x32 = number & X32_BIT != 0;
    if x32 || field::<u32>(current(), o::TASK_STATUS) & TS_COMPAT != 0 {
        let watched = if x32 { watch_flags::NATIVE } else { watch_flags::COMPAT };
        if watch.flags & watched != 0
            && let Some(counters) = counters()
        {
            counters.compat += 1;
        }
        return 0;
    }
    if watch.flags & watch_flags::NATIVE == 0 {
        return 0;
    }
    if watch.flags & watch_flags::SKIP_OWN != 0 && (bpf_get_current_pid_tgid() >> 32) as u32 == own_tgid() {
        if let Some(counters) = counters() {
            counters.own += 1;
        }
        return 0;
    }
    let Some(scratch) = scratch() else { return 0 };
    scratch.watch = *watch;
    scratch.args[7] = number;
    // SAFETY: the handlers are programs of the same attach point; a failed call comes back here.
    unsafe { HANDLERS.tail_call(&ctx, watch.tail_call) };
    if let Some(counters) = counters() {
        counters.unhandled += 1;
    }
    let _ = ctx.as_ptr();
    0
}
