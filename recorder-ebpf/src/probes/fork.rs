//! `tp_btf/sched_process_fork(parent, child)`: new processes; threads are left out.

use abi::{Class, ForkBody, RecordKind, offsets as o};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    kernel::{Address, field},
    maps::has,
    parts, record, walk,
};

#[btf_tracepoint(function = "sched_process_fork")]
fn sched_process_fork(ctx: BtfTracePointContext) -> i32 {
    let creator: u64 = ctx.arg::<*const u8>(0) as u64;
    let child: u64 = ctx.arg::<*const u8>(1) as u64;
    let tid: u32 = field(child, o::TASK_PID);
    if field::<u32>(child, o::TASK_TGID) != tid {
        return 0;
    }
    let Some(scratch) = record::scratch() else { return 0 };
    scratch.begin_for(child, RecordKind::Fork, 0, u32::MAX);
    let leader: Address = field(creator, o::TASK_LEADER);
    let parent: Address = field(child, o::TASK_REAL_PARENT);
    scratch.body(ForkBody {
        creator_start: field(leader, o::TASK_START),
        creator_tgid: field(creator, o::TASK_TGID),
        creator_tid: field(creator, o::TASK_PID),
        parent_tgid: field(parent, o::TASK_TGID),
        exit_signal: if has(o::TASK_EXIT_SIGNAL) { field(child, o::TASK_EXIT_SIGNAL) } else { 0 },
    });
    scratch.header().cgroup = walk::cgroup_id(child);
    parts::comm(scratch, child);
    parts::credentials(scratch, child);
    // clone3 with CLONE_INTO_CGROUP: the only way for a child to begin in other cgroups than its creator's.
    if has(o::TASK_CGROUPS)
        && field::<Address>(child, o::TASK_CGROUPS) != field::<Address>(creator, o::TASK_CGROUPS)
    {
        walk::cgroup(scratch, child, true);
    }
    scratch.submit(Class::Process);
    0
}
