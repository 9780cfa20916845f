//! bind and connect: argument 0 the descriptor, 1 the address, 2 its length.

use abi::{Class, PartTag, RecordKind, limits};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{filter, parts, probes::file::file_of, record};

#[btf_tracepoint(function = "sys_exit")]
fn handle_socket(ctx: BtfTracePointContext) -> i32 {
    let Some(scratch) = record::scratch() else { return 0 };
    let number = scratch.args[7] as u32;
    let regs: u64 = ctx.arg::<*const u8>(0) as u64;
    let ret: i64 = ctx.arg(1);
    parts::arguments(scratch, regs);
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::Socket, ret, number);
    scratch.syscall_body();
    let (fd, address) = (scratch.args[0] as u32, scratch.args[1]);
    let length = (scratch.args[2] as u32).min(limits::SOCKADDR as u32);
    parts::user_memory(scratch, PartTag::Sockaddr, address, address.wrapping_add(u64::from(length)));
    let file = file_of(fd);
    parts::socket(scratch, file);
    scratch.submit(Class::Network);
    0
}
