//! Calls of the kernel class: plain arguments, and what the spec of [`abi::Watch`] names.

use abi::{Class, NO_ARG, RecordKind};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    filter, parts,
    probes::{
        file::{descriptor, extras},
        process,
    },
    record,
};

#[btf_tracepoint(function = "sys_exit")]
fn handle_call(ctx: BtfTracePointContext) -> i32 {
    let Some(scratch) = record::scratch() else { return 0 };
    let number = scratch.args[7] as u32;
    let regs: u64 = ctx.arg::<*const u8>(0) as u64;
    let ret: i64 = ctx.arg(1);
    parts::arguments(scratch, regs);
    if !process::counts(scratch, number) || filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::Call, ret, number);
    scratch.syscall_body();
    process::mark(scratch, number);
    let watch = scratch.watch;
    if watch.fd != NO_ARG {
        let fd = scratch.args[usize::from(watch.fd & 7)] as u32;
        descriptor(scratch, fd);
    }
    if filter::late(scratch) {
        return 0;
    }
    extras(scratch);
    scratch.submit(Class::Kernel);
    0
}
