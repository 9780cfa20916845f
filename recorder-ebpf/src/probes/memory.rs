//! mmap, mprotect and splice, with what [`super::sys_enter`] found before them.

use abi::{Before, Class, PartTag, RecordKind, before_flags, entry_calls as call};
use aya_ebpf::{helpers::bpf_get_current_pid_tgid, macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    ended::{Ended, ended},
    filter,
    maps::BEFORE,
    parts,
    probes::{
        file::{descriptor, file_of},
        sys_enter::{newest_flags, pipe_of},
    },
    record::Scratch,
};

#[btf_tracepoint(function = "sys_exit")]
fn handle_memory(ctx: BtfTracePointContext) -> i32 {
    const MAP_ANONYMOUS: u64 = 0x20;
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::Call, ret, number);
    scratch.syscall_body();
    if number == call::MMAP {
        if scratch.args[3] & MAP_ANONYMOUS == 0 {
            let fd = scratch.args[4] as u32;
            descriptor(scratch, fd);
        }
    } else if number == call::SPLICE {
        splice(scratch);
    } else {
        before(scratch, number, None);
    }
    if filter::late(scratch) {
        return 0;
    }
    scratch.submit(Class::Kernel);
    0
}

/// The side that is a file, and the pipe's flags.
#[inline(always)]
fn splice(scratch: &mut Scratch) {
    let (from, to) = (scratch.args[0] as u32, scratch.args[2] as u32);
    let (first, second) = (pipe_of(file_of(from)), pipe_of(file_of(to)));
    let pipe = if second != 0 { second } else { first };
    before(scratch, call::SPLICE, (pipe != 0).then(|| newest_flags(pipe)));
    if first == 0 {
        descriptor(scratch, from);
    } else if second == 0 {
        descriptor(scratch, to);
    }
}

/// What was seen when the call began.
#[inline(always)]
fn before(scratch: &mut Scratch, number: u32, after: Option<u32>) {
    let task = bpf_get_current_pid_tgid();
    // SAFETY: only this thread writes its entry, and not now.
    let mut value = match unsafe { BEFORE.get(&task) } {
        Some(seen) if seen.nr == number => *seen,
        _ => Before::default(),
    };
    if let Some(flags) = after {
        value.flags |= before_flags::AFTER;
        value.value = (value.value & 0xffff_ffff) | u64::from(flags) << 32;
    }
    parts::structure(scratch, PartTag::Before, &value);
}
