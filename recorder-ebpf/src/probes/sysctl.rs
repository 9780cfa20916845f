//! `cgroup/sysctl` on the root cgroup: reads and writes of kernel parameters below /proc/sys. Never refuses one.
//!
//! It runs in the process's own context and can be preempted by the tracepoints' programs: it never touches their scratch,
//! but builds its record in the ring, and its counts are single instructions.

use core::arch::asm;

use abi::{Class, Counters, Header, PartHeader, PartTag, RecordKind, SYSCTL_NAME, SYSCTL_VALUE, SysctlBody};
use aya_ebpf::{
    EbpfContext as _,
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP, bpf_sysctl},
    helpers::{
        bpf_get_current_cgroup_id, bpf_get_current_pid_tgid,
        generated::{bpf_sysctl_get_current_value, bpf_sysctl_get_name, bpf_sysctl_get_new_value},
    },
    macros::cgroup_sysctl,
    programs::SysctlContext,
};

use crate::{
    kernel::current,
    maps::{COUNTERS, RING_KERNEL, own_tgid, sysctl_reads, wake_at},
    record::header_of,
};

/// The record, all of its parts at their full size.
#[repr(C)]
struct Record {
    header: Header,
    body: SysctlBody,
    name_head: PartHeader,
    name: [u8; SYSCTL_NAME],
    value_head: PartHeader,
    value: [u8; SYSCTL_VALUE],
    old_head: PartHeader,
    old: [u8; SYSCTL_VALUE],
}

const ALLOW: i32 = 1;

#[cgroup_sysctl]
fn sysctl(ctx: SysctlContext) -> i32 {
    // SAFETY: the verifier checks these loads of the context.
    let (write, position) = unsafe { ((*ctx.sysctl).write, (*ctx.sysctl).file_pos) };
    if write == 0 {
        if position != 0 {
            // The read that finds the end.
            return ALLOW;
        }
        if !sysctl_reads() {
            count(|counters| &raw mut counters.sysctl_reads);
            return ALLOW;
        }
        if (bpf_get_current_pid_tgid() >> 32) as u32 == own_tgid() {
            return ALLOW;
        }
    }
    tell(ctx.as_ptr().cast(), write);
    ALLOW
}

#[inline(always)]
fn tell(ctx: *mut bpf_sysctl, write: u32) {
    let Some(mut entry) = RING_KERNEL.reserve::<Record>(0) else {
        count(|counters| &raw mut counters.lost[Class::Kernel as usize]);
        return;
    };
    let record = entry.as_mut_ptr();
    let mut header = header_of(current(), RecordKind::Sysctl, 0, u32::MAX);
    // SAFETY: takes no argument.
    header.cgroup = unsafe { bpf_get_current_cgroup_id() };
    let part =
        |tag: PartTag, len: usize| PartHeader { tag: tag as u8, flags: 0, len: len as u16, reserved: 0 };
    // SAFETY: the entry has room for a whole record; the helpers fill what they are given to the last byte.
    unsafe {
        let name = bpf_sysctl_get_name(ctx, (&raw mut (*record).name).cast(), SYSCTL_NAME as u64, 0);
        let value = (&raw mut (*record).value).cast();
        let old = (&raw mut (*record).old).cast();
        let (value, old) = if write == 0 {
            (bpf_sysctl_get_current_value(ctx, value, SYSCTL_VALUE as u64), 0)
        } else {
            (
                bpf_sysctl_get_new_value(ctx, value, SYSCTL_VALUE as u64),
                bpf_sysctl_get_current_value(ctx, old, SYSCTL_VALUE as u64),
            )
        };
        (&raw mut (*record).header).write(header);
        let body = SysctlBody { write, name: name as i32, value: value as i32, old: old as i32 };
        (&raw mut (*record).body).write(body);
        (&raw mut (*record).name_head).write(part(PartTag::Text, SYSCTL_NAME));
        (&raw mut (*record).value_head).write(part(PartTag::Memory, SYSCTL_VALUE));
        (&raw mut (*record).old_head).write(part(PartTag::OldValue, SYSCTL_VALUE));
    }
    let full = RING_KERNEL.query(u64::from(BPF_RB_AVAIL_DATA)) >= wake_at(Class::Kernel);
    entry.submit(u64::from(if full { BPF_RB_FORCE_WAKEUP } else { BPF_RB_NO_WAKEUP }));
}

/// Adds one in a single instruction: a tracepoint's program may come between any two.
#[inline(always)]
fn count(which: impl FnOnce(&mut Counters) -> *mut u64) {
    if let Some(counters) = COUNTERS.get_ptr_mut(0) {
        // SAFETY: this CPU's value, which the program cannot leave while it runs; the word is aligned.
        // (`core` has no atomic additions for this target.)
        unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) which(&mut *counters), in(reg) 1u64) };
    }
}
