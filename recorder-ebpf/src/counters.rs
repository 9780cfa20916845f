//! Exact counts, per CPU.

use core::arch::asm;

use abi::{Class, Counters, RULES};

use crate::maps::COUNTERS;

/// This CPU's counters.
#[inline(always)]
pub fn counters() -> Option<&'static mut Counters> {
    // SAFETY: this CPU's value; while a program runs on this CPU nothing else does but those of packets, which only use
    // counts of their own.
    COUNTERS.get_ptr_mut(0).map(|counters| unsafe { &mut *counters })
}

/// Counts an attempt and returns its number.
#[inline(always)]
pub fn tried(class: Class) -> u64 {
    let Some(counters) = counters() else { return 0 };
    counters.tried[class as usize] += 1;
    counters.tried[class as usize]
}

/// Counts a record that a rule left out.
#[inline(always)]
pub fn left_out(rule: u32) {
    if let Some(counters) = counters() {
        counters.left_out[rule as usize & (RULES - 1)] += 1;
    }
}

/// Counts a setsockopt that is not recorded.
#[inline(always)]
pub fn option_left_out() {
    if let Some(counters) = counters() {
        counters.options += 1;
    }
}

/// Counts a packet's record, and whether it found no room.
#[inline(always)]
pub fn packet(lost: bool) {
    let Some(counters) = COUNTERS.get_ptr_mut(0) else { return };
    // SAFETY: the pointers lead into this CPU's value; nothing else writes these two counts.
    unsafe {
        let of = |counts: *mut u64| counts.add(Class::Packet as usize);
        increment(of((&raw mut (*counters).tried).cast()));
        if lost {
            increment(of((&raw mut (*counters).lost).cast()));
        }
    }
}

/// Adds one in one step: a program in a softirq may interrupt one in a task on the same CPU. `core` has no atomics for
/// this target.
///
/// # Safety
/// The pointer must be good for writing.
#[inline(always)]
unsafe fn increment(count: *mut u64) {
    // SAFETY: as the caller says; the instruction is in every BPF machine.
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) count, in(reg) 1u64, options(nostack)) };
}

/// Counts a record that found no room.
#[inline(always)]
pub fn lost(class: Class) {
    if let Some(counters) = counters() {
        counters.lost[class as usize] += 1;
    }
}
