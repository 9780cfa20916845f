//! setuid and its like, setgid and its like, capset: the credentials after the call.

use abi::{Class, RecordKind};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    ended::{Ended, ended},
    kernel::current,
    parts,
};

#[btf_tracepoint(function = "sys_exit")]
fn handle_credentials(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    scratch.begin(RecordKind::Credentials, ret, number);
    scratch.syscall_body();
    parts::credentials(scratch, current());
    scratch.submit(Class::Process);
    0
}
