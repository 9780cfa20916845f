//! setuid and its like, setgid and its like, capset: the credentials after the call.

use abi::{Class, RecordKind};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{kernel::current, parts, record};

#[btf_tracepoint(function = "sys_exit")]
fn handle_credentials(ctx: BtfTracePointContext) -> i32 {
    let Some(scratch) = record::scratch() else { return 0 };
    let number = scratch.args[7] as u32;
    let regs: u64 = ctx.arg::<*const u8>(0) as u64;
    let ret: i64 = ctx.arg(1);
    parts::arguments(scratch, regs);
    scratch.begin(RecordKind::Credentials, ret, number);
    scratch.syscall_body();
    parts::credentials(scratch, current());
    scratch.submit(Class::Process);
    0
}
