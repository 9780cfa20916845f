//! `tp_btf/cgroup_attach_task(dst_cgrp, path, task, threadgroup)`: a process or thread was moved to another cgroup, of
//! either version. A refused move never gets here.

use abi::{CgroupBody, Class, PartTag, RecordKind, offsets as o};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    kernel::{Address, field},
    maps::has,
    parts, record,
};

#[btf_tracepoint(function = "cgroup_attach_task")]
fn cgroup_attach_task(ctx: BtfTracePointContext) -> i32 {
    let group: u64 = ctx.arg::<*const u8>(0) as u64;
    let path: u64 = ctx.arg::<*const u8>(1) as u64;
    let task: u64 = ctx.arg::<*const u8>(2) as u64;
    let whole: u8 = ctx.arg(3);
    let Some(scratch) = record::scratch() else { return 0 };
    scratch.begin(RecordKind::Cgroup, 0, u32::MAX);
    let leader: Address = field(task, o::TASK_LEADER);
    let hierarchy = if has(o::CGROUP_ROOT) && has(o::CGROUP_ROOT_ID) {
        field(field(group, o::CGROUP_ROOT), o::CGROUP_ROOT_ID)
    } else {
        0
    };
    scratch.body(CgroupBody {
        start: field(leader, o::TASK_START),
        tgid: field(task, o::TASK_TGID),
        tid: field(task, o::TASK_PID),
        hierarchy,
        whole: u32::from(whole & 1),
    });
    parts::kernel_string(scratch, PartTag::Text, path);
    scratch.submit(Class::Process);
    0
}
