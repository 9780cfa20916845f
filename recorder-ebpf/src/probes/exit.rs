//! `tp_btf/sched_process_exit(task)`: fires for each thread; a process ends with its last.

use abi::{Class, ExitBody, RecordKind, offsets as o};
use aya_ebpf::{bindings::BPF_NOEXIST, macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    kernel::{Address, field},
    maps::ENDED,
    probes::sys_enter::forget_uses,
    record,
};

#[btf_tracepoint(function = "sched_process_exit")]
fn sched_process_exit(ctx: BtfTracePointContext) -> i32 {
    /// The whole group ends by one call or signal (include/linux/sched/signal.h).
    const SIGNAL_GROUP_EXIT: u32 = 4;
    const EEXIST: i32 = 17;
    let task: u64 = ctx.arg::<*const u8>(0) as u64;
    let signal: Address = field(task, o::TASK_SIGNAL);
    // Taken down before the tracepoint (kernel/exit.c, do_exit): zero means that this is the last thread.
    if field::<i32>(signal, o::SIGNAL_LIVE) != 0 {
        return 0;
    }
    let leader: Address = field(task, o::TASK_LEADER);
    let process = [field(leader, o::TASK_START), field::<u32>(task, o::TASK_TGID).into()];
    if ENDED.insert(&process, &0, BPF_NOEXIST.into()) == Err(-EEXIST) {
        return 0;
    }
    forget_uses();
    let Some(scratch) = record::scratch() else { return 0 };
    scratch.begin(RecordKind::Exit, 0, u32::MAX);
    let status = if field::<u32>(signal, o::SIGNAL_FLAGS) & SIGNAL_GROUP_EXIT != 0 {
        field(signal, o::SIGNAL_EXIT_CODE)
    } else {
        field(leader, o::TASK_EXIT_CODE)
    };
    scratch.body(ExitBody { status, reserved: 0 });
    scratch.submit(Class::Process);
    0
}
