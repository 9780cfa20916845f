//! Puts the records of several rings and CPUs into the order of time, within a bounded window.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::limits;

/// Records that wait for older ones.
#[derive(Debug, Default)]
pub struct Reorder {
    heap: BinaryHeap<Reverse<Held>>,
    bytes: usize,
    arrivals: u64,
    /// Time of the last record that went on.
    passed: u64,
    late: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    time: u64,
    /// Lifecycle before what the new process does in the same nanosecond.
    class: abi::Class,
    arrival: u64,
    bytes: Box<[u8]>,
}

impl Reorder {
    /// Takes a record in.
    pub fn push(&mut self, time: u64, class: abi::Class, bytes: &[u8]) {
        self.arrivals += 1;
        self.bytes += bytes.len();
        if time < self.passed {
            self.late += 1;
        }
        self.heap.push(Reverse(Held { time, class, arrival: self.arrivals, bytes: bytes.into() }));
    }

    /// The next record not younger than `until` (time since boot); when more is held than the limit, the oldest
    /// whatever its age.
    pub fn pop(&mut self, until: u64) -> Option<Box<[u8]>> {
        let oldest = &self.heap.peek()?.0;
        if oldest.time > until && self.bytes <= limits::HELD_BYTES {
            return None;
        }
        let Reverse(held) = self.heap.pop()?;
        self.bytes -= held.bytes.len();
        self.passed = self.passed.max(held.time);
        Some(held.bytes)
    }

    /// Records that came after a younger one had gone on.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_on_in_the_order_of_time_up_to_the_mark() {
        let mut reorder = Reorder::default();
        for time in [5, 3, 9, 3] {
            reorder.push(time, abi::Class::File, &[u8::try_from(time).unwrap()]);
        }
        reorder.push(3, abi::Class::Process, &[33]);
        let got: Vec<u8> = std::iter::from_fn(|| reorder.pop(5)).map(|bytes| bytes[0]).collect();
        assert_eq!(got, [33, 3, 3, 5]);
        reorder.push(4, abi::Class::File, &[4]);
        assert_eq!(reorder.late(), 1);
    }

    #[test]
    fn memory_is_bounded_by_letting_the_oldest_go_early() {
        let mut reorder = Reorder::default();
        let record = vec![0; 1 << 20];
        for time in 100..140 {
            reorder.push(time, abi::Class::File, &record);
            while reorder.pop(0).is_some() {}
        }
        assert!(reorder.bytes <= limits::HELD_BYTES);
    }
}
