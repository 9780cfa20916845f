//! Exact counts, per CPU.

use abi::{Class, Counters, RULES};

use crate::maps::COUNTERS;

/// This CPU's counters.
#[inline(always)]
pub fn counters() -> Option<&'static mut Counters> {
    // SAFETY: this CPU's value; nothing else on this CPU runs while a program does.
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

/// Counts a record that found no room.
#[inline(always)]
pub fn lost(class: Class) {
    if let Some(counters) = counters() {
        counters.lost[class as usize] += 1;
    }
}
