//! 32-bit calls made like native ones: their arguments and structures, as [`abi::Compat`] says.

use abi::{PartHeader, PartTag, header_flags, part_flags, shape};
use aya_ebpf::helpers::bpf_probe_read_user;

use crate::{
    kernel::{Address, read},
    parts::close,
    record::Scratch,
};

/// First argument of a 32-bit call (ebx).
#[inline(always)]
pub fn first(regs: Address) -> u32 {
    read(regs + 40)
}

/// Puts the arguments where the native call has them, and marks the record to come. `scratch.watch` is set.
#[inline(always)]
pub fn arguments(scratch: &mut Scratch, regs: Address) {
    // struct pt_regs of x86-64 (arch/x86/include/asm/ptrace.h): bp at 32, then bx, r11, r10, r9, r8, ax, cx, dx, si, di.
    let [bp, bx, _r11, _r10, _r9, _r8, _ax, cx, dx, si, di]: [u64; 11] = read(regs + 32);
    let watch = scratch.watch;
    let mut args = [bx as u32, cx as u32, dx as u32, si as u32, di as u32, bp as u32];
    if watch.shape & (shape::ARRAY0 | shape::ARRAY1) != 0 {
        let array = if watch.shape & shape::ARRAY0 != 0 { args[0] } else { args[1] };
        let mut index = 0;
        while index < 6 {
            // One by one: what follows the last may not be mapped.
            args[index] = if index < watch.count as usize { word(array, index) } else { 0 };
            index += 1;
        }
    }
    let mut index = 0;
    while index < 6 {
        let arg = args[index];
        let bit = 1 << index;
        scratch.args[index] = if index >= watch.count as usize {
            0
        } else if watch.signed & bit != 0 {
            arg as i32 as i64 as u64
        } else if watch.ids & bit != 0 {
            // kernel/uid16.c, low2highuid.
            if arg as u16 == u16::MAX { u64::from(u32::MAX) } else { u64::from(arg as u16) }
        } else {
            u64::from(arg)
        };
        index += 1;
    }
    let mut index = 0;
    while index < 5 {
        if index == watch.wide as usize {
            scratch.args[index] |= scratch.args[index + 1] << 32;
        } else if index > watch.wide as usize {
            scratch.args[index] = scratch.args[index + 1];
        }
        index += 1;
    }
    if watch.shape & shape::PAGES != 0 {
        scratch.args[5] <<= 12;
    }
    scratch.compat = header_flags::COMPAT;
}

/// A structure of `bytes` as the native call has it, whose members have half of their size in a 32-bit call: the part
/// `Memory`.
#[inline(always)]
pub fn structure(scratch: &mut Scratch, from: Address, bytes: u8, kind: u8) {
    /// Members at the most: two times of seconds and parts of one.
    const MEMBERS: u64 = 4;
    let bytes = u64::from(bytes);
    if from == 0 || bytes > MEMBERS * 8 {
        return;
    }
    let Some(start) = scratch.start() else { return };
    let mut index = 0;
    while index < MEMBERS {
        if index * 8 < bytes {
            // SAFETY: the helper checks the address itself.
            let Ok(member) = (unsafe { bpf_probe_read_user((from + index * 4) as *const u32) }) else {
                close(scratch, start, PartTag::Memory, part_flags::FAULT, 0);
                return;
            };
            let member = if kind & shape::TIME32 != 0 {
                member as i32 as i64 as u64
            } else if member == u32::MAX {
                u64::MAX
            } else {
                u64::from(member)
            };
            let to = start + size_of::<PartHeader>() as u64 + index * 8;
            // SAFETY: `start` is at most LAST_START, and the buffer has room for a part behind it.
            unsafe { scratch.buffer.as_mut_ptr().add(to as usize).cast::<u64>().write(member) };
        }
        index += 1;
    }
    close(scratch, start, PartTag::Memory, 0, bytes);
}

/// A word of an array of the caller; zero if it cannot be read.
#[inline(always)]
fn word(array: u32, index: usize) -> u32 {
    // SAFETY: the helper checks the address itself.
    unsafe { bpf_probe_read_user((u64::from(array) + index as u64 * 4) as *const u32) }.unwrap_or_default()
}
