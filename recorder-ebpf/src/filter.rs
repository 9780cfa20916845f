//! Leaves out what the rules say: before a record is built where its arguments suffice, else when its path is known.

use core::ffi::c_void;

use abi::{NO_ARG, RULE_PATH, RULES, Rule, Watch, offsets as o, rule_flags, watch_flags};
use aya_ebpf::helpers::{
    bpf_get_current_pid_tgid,
    generated::{bpf_loop, bpf_probe_read_kernel},
};

use crate::{
    counters,
    kernel::{Address, current, field},
    maps::{EXECUTABLES, RULE_TABLE, own_tgid},
    record::{Scratch, scratch},
};

const CONTINUE: i64 = 0;
const STOP: i64 = 1;

/// Is it the recorder's own, of a kind that is not told of the recorder? Counted.
#[inline(always)]
pub fn own(watch: &Watch) -> bool {
    let own =
        watch.flags & watch_flags::SKIP_OWN != 0 && (bpf_get_current_pid_tgid() >> 32) as u32 == own_tgid();
    if own && let Some(counters) = counters::counters() {
        counters.own += 1;
    }
    own
}

/// Is the call left out by what is known before its record is built? `scratch.args` and `scratch.watch` are set.
#[inline(always)]
pub fn early(scratch: &mut Scratch, ret: i64) -> bool {
    scratch.rules = 0;
    let asked = scratch.watch.rules;
    if asked == 0 {
        return false;
    }
    scratch.walk_done = 0;
    scratch.walk_flags = u64::from(ret >= 0 || ret < -4095);
    // What belongs to the rules' executables; looked up once, and only if there are any.
    scratch.walk_start = u64::MAX;
    // SAFETY: the callback has the signature that the helper wants and needs no context.
    unsafe {
        bpf_loop(RULES as u32, consider as *mut c_void, core::ptr::null_mut(), 0);
    }
    // SAFETY: a plain field, which the callback wrote.
    unsafe { core::ptr::read_volatile(&raw const scratch.walk_done) != 0 }
}

extern "C" fn consider(index: u32, _context: *mut c_void) -> i64 {
    let Some(scratch) = scratch() else { return STOP };
    let left = scratch.watch.rules >> (index & 31);
    if left == 0 {
        return STOP;
    }
    if left & 1 == 0 {
        return CONTINUE;
    }
    let Some(rule) = RULE_TABLE.get(index) else { return STOP };
    if rule.flags & rule_flags::SUCCESS != 0 && scratch.walk_flags == 0 {
        return CONTINUE;
    }
    if rule.flags & rule_flags::ARGUMENT != 0 {
        let mut argument = rule.argument;
        if argument == u32::from(NO_ARG) {
            argument = u32::from(scratch.watch.flags_argument);
        }
        if argument > 5 || scratch.args[(argument & 7) as usize] & rule.mask != rule.value {
            return CONTINUE;
        }
    }
    if rule.flags & rule_flags::EXECUTABLE != 0 {
        if scratch.walk_start == u64::MAX {
            scratch.walk_start = executable();
        }
        if (scratch.walk_start >> (index & 31)) & 1 == 0 {
            return CONTINUE;
        }
    }
    if rule.flags & rule_flags::PATH != 0 {
        scratch.rules |= 1 << (index & 31);
        return CONTINUE;
    }
    counters::left_out(index);
    scratch.walk_done = 1;
    STOP
}

/// Rules that name the running process's executable.
#[inline(always)]
fn executable() -> u64 {
    let mm: Address = field(current(), o::TASK_MM);
    let file: Address = field(mm, o::MM_EXE_FILE);
    if mm == 0 || file == 0 {
        return 0;
    }
    let inode: Address = field(file, o::FILE_INODE);
    let sb: Address = field(inode, o::INODE_SB);
    let key = [field::<u32>(sb, o::SB_DEV).into(), field::<u64>(inode, o::INODE_INO)];
    // SAFETY: the value is a plain number that only the loader writes.
    unsafe { EXECUTABLES.get(&key) }.map_or(0, |rules| u64::from(*rules))
}

/// Is the record left out by its path? Asked once it is built.
#[inline(always)]
pub fn late(scratch: &mut Scratch) -> bool {
    if scratch.rules == 0 {
        return false;
    }
    // SAFETY: a plain field; volatile, so that the verifier sees the bounds that follow.
    let end = unsafe { core::ptr::read_volatile(&raw const scratch.path_end) };
    if end < RULE_PATH as u64 || end > crate::record::LAST_START + 8192 {
        return false;
    }
    // SAFETY: `head` has room for `RULE_PATH` bytes, and the buffer has as many before `end`. Copied, so that they can be
    // read as aligned words.
    unsafe {
        bpf_probe_read_kernel(
            scratch.head.as_mut_ptr().cast(),
            RULE_PATH as u32,
            scratch.buffer.as_ptr().add(end as usize - RULE_PATH).cast(),
        );
    }
    scratch.walk_done = 0;
    // SAFETY: the callback has the signature that the helper wants and needs no context.
    unsafe {
        bpf_loop(RULES as u32, compare as *mut c_void, core::ptr::null_mut(), 0);
    }
    // SAFETY: a plain field, which the callback wrote.
    unsafe { core::ptr::read_volatile(&raw const scratch.walk_done) != 0 }
}

extern "C" fn compare(index: u32, _context: *mut c_void) -> i64 {
    let Some(scratch) = scratch() else { return STOP };
    let left = scratch.rules >> (index & 31);
    if left == 0 {
        return STOP;
    }
    if left & 1 == 0 {
        return CONTINUE;
    }
    let Some(rule): Option<&Rule> = RULE_TABLE.get(index) else { return STOP };
    let mut different = 0;
    let mut word = 0;
    while word < RULE_PATH / 8 {
        different |= (scratch.head[word] & rule.path_mask[word]) ^ rule.path[word];
        word += 1;
    }
    if different != 0 {
        return CONTINUE;
    }
    counters::left_out(index);
    scratch.walk_done = 1;
    STOP
}
