//! Calls of the kernel class: plain arguments, and what the spec of [`abi::Watch`] names.

use abi::{Class, NO_ARG, RecordKind};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    ended::{Ended, ended},
    filter,
    probes::{
        file::{descriptor, extras},
        process,
    },
};

#[btf_tracepoint(function = "sys_exit")]
fn handle_call(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
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
