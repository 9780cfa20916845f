//! How a handler begins: the call that has ended, as the dispatcher left it.

use aya_ebpf::programs::BtfTracePointContext;

use crate::{parts, record, record::Scratch};

/// A syscall at its end.
pub struct Ended {
    /// With the call's arguments in their places, and what the table says of it.
    pub scratch: &'static mut Scratch,
    /// Its number on x86-64, also of a 32-bit call.
    pub number: u32,
    /// What it returned.
    pub ret: i64,
}

/// `tp_btf/sys_exit(regs, ret)`, tail-called by the dispatcher, which left the number behind the arguments.
#[inline(always)]
pub fn ended(ctx: &BtfTracePointContext) -> Option<Ended> {
    let scratch = record::scratch()?;
    let number = scratch.args[7] as u32;
    let regs: u64 = ctx.arg::<*const u8>(0) as u64;
    let ret: i64 = ctx.arg(1);
    parts::arguments(scratch, regs);
    Some(Ended { scratch, number, ret })
}
