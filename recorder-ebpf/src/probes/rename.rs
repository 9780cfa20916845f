//! `tp_btf/task_rename(task, comm)`: a process's name, set by prctl or through /proc. An exec brings its own.

use abi::{Class, RecordKind, offsets as o};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    calling::calling,
    kernel::{Address, field},
    parts, record,
};

#[btf_tracepoint(function = "task_rename")]
fn task_rename(ctx: BtfTracePointContext) -> i32 {
    let task: u64 = ctx.arg::<*const u8>(0) as u64;
    let name: u64 = ctx.arg::<*const u8>(1) as u64;
    // A process is called what its leader is called. Kernel threads have no memory.
    if field::<u32>(task, o::TASK_TGID) != field::<u32>(task, o::TASK_PID)
        || field::<Address>(task, o::TASK_MM) == 0
    {
        return 0;
    }
    let calling = calling();
    // execve and execveat, by both tables.
    if matches!((calling.compat, calling.number), (false, 59 | 322) | (true, 11 | 358)) {
        return 0;
    }
    let Some(scratch) = record::scratch() else { return 0 };
    scratch.begin_for(task, RecordKind::Rename, 0, u32::MAX);
    parts::name(scratch, name);
    scratch.submit(Class::Process);
    0
}
