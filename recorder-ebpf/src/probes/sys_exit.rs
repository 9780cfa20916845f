//! `tp_btf/sys_exit`: every syscall's end. Looks the number up and calls the handler that watches it.

use abi::{COMPAT_BASE, NUMBERS, SOCKETCALL, SOCKETCALL_BASE, SOCKETCALLS, watch_flags};
use aya_ebpf::{EbpfContext as _, macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    calling::{self, ORIG_AX, X32_BIT},
    compat,
    counters::counters,
    filter,
    kernel::{Address, current},
    maps::{HANDLERS, WATCH},
    record::scratch,
};

#[btf_tracepoint(function = "sys_exit")]
fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    const X32_LAST: u32 = 547;
    let regs: *const u8 = ctx.arg(0);
    // SAFETY: the argument is a trusted `struct pt_regs`: the verifier checks this load.
    let number = unsafe { regs.add(ORIG_AX as usize).cast::<u64>().read_volatile() };
    // x32 numbers its calls as x86-64 does, with the same arguments, and has some more.
    let number = (number & !X32_BIT) as u32;
    if number >= NUMBERS {
        // A return from a signal handler has the number -1 here.
        if number <= X32_LAST {
            x32(&ctx);
        }
        return 0;
    }
    // Asked first, because most calls are not watched and whether they are 32-bit ones costs more to know.
    let Some(mut watch) = WATCH.get(number) else { return 0 };
    if watch.flags == 0 {
        return 0;
    }
    let thirty_two = calling::compat(current());
    if thirty_two {
        let Some(place) = place(number, regs as Address) else { return 0 };
        let Some(found) = WATCH.get(place) else { return 0 };
        watch = found;
    }
    if watch.flags & watch_flags::NATIVE == 0 {
        return 0;
    }
    if filter::own(watch) {
        return 0;
    }
    let Some(scratch) = scratch() else { return 0 };
    scratch.watch = *watch;
    scratch.compat = 0;
    scratch.args[7] = u64::from(watch.nr);
    if thirty_two {
        compat::arguments(scratch, regs as Address);
    }
    // SAFETY: the handlers are programs of the same attach point; a failed call comes back here.
    unsafe { HANDLERS.tail_call(&ctx, watch.tail_call) };
    if let Some(counters) = counters() {
        counters.unhandled += 1;
    }
    let _ = ctx.as_ptr();
    0
}

/// Where a 32-bit call stands in `WATCH`.
#[inline(always)]
fn place(number: u32, regs: Address) -> Option<u32> {
    if number != SOCKETCALL {
        return Some(COMPAT_BASE + number);
    }
    let call = compat::first(regs);
    (call < SOCKETCALLS).then_some(SOCKETCALL_BASE + call)
}

/// A number that only x32 has (512 to 547), told from nonsense by its result.
#[inline(always)]
fn x32(ctx: &BtfTracePointContext) {
    const ENOSYS: i64 = 38;
    let ret: i64 = ctx.arg(1);
    if ret != -ENOSYS
        && !calling::compat(current())
        && let Some(counters) = counters()
    {
        counters.compat += 1;
    }
}
