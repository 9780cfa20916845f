//! Exact loss: per CPU and class, every record carries a number, and a hole in the numbers is what was lost.

use std::collections::HashMap;

use abi::Counters;
use event::{Gap, GapReason, Nanos};

use crate::clock::Clock;

/// Follows the numbers of each CPU and class, and turns holes into gaps.
#[derive(Debug)]
pub struct LossTracker {
    sequences: HashMap<(abi::Class, usize), Sequence>,
    began: u64,
    lost: [u64; abi::Class::COUNT],
    compat: u64,
    unhandled: u64,
    /// Time since boot at which the counts were read last.
    compared: u64,
    skipped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sequence {
    last: u64,
    /// Time since boot of the record with that number.
    at: u64,
    /// Lost so far, by holes and by the probes' counts.
    lost: u64,
    /// Of these, known from the counts alone: their hole is still to come.
    ahead: u64,
}

/// The event class of a ring.
#[must_use]
pub const fn class_of(class: abi::Class) -> event::Class {
    match class {
        abi::Class::Process => event::Class::Process,
        abi::Class::File => event::Class::File,
        abi::Class::Network | abi::Class::Packet => event::Class::Network,
        abi::Class::Kernel => event::Class::Kernel,
    }
}

impl LossTracker {
    /// `began`: time since boot at which the probes were attached.
    #[must_use]
    pub fn new(began: u64) -> Self {
        Self {
            sequences: HashMap::new(),
            began,
            lost: [0; abi::Class::COUNT],
            compat: 0,
            unhandled: 0,
            compared: began,
            skipped: 0,
        }
    }

    /// A record came out of its ring; call it in the order of the ring, in which each CPU's numbers grow.
    pub fn saw(&mut self, class: abi::Class, cpu: u16, seq: u64, at: u64, clock: Clock) -> Option<Gap> {
        let sequence = self.sequence(class, usize::from(cpu));
        if seq <= sequence.last {
            return None;
        }
        let hole = seq - sequence.last - 1;
        let known = hole.min(sequence.ahead);
        let from = sequence.at;
        sequence.ahead -= known;
        (sequence.last, sequence.at) = (seq, at);
        sequence.lost += hole - known;
        self.gap(class, hole - known, from, at, clock)
    }

    /// Compares with the probes' own counts: losses after which no record came show only there. `now` is the time
    /// since boot at which they were read.
    pub fn compare(&mut self, counters: &[Counters], now: u64, clock: Clock) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let compared = std::mem::replace(&mut self.compared, now);
        for (cpu, counted) in counters.iter().enumerate() {
            for class in abi::Class::ALL {
                let sequence = self.sequence(class, cpu);
                let new = counted.lost[class as usize].saturating_sub(sequence.lost);
                sequence.lost += new;
                sequence.ahead += new;
                // Without numbers no record says when: it was since the counts were read last.
                let from = if class == abi::Class::Packet { compared } else { sequence.at };
                gaps.extend(self.gap(class, new, from, now, clock));
            }
        }
        for (count, seen, reason) in [
            (counters.iter().map(|cpu| cpu.compat).sum(), &mut self.compat, GapReason::Compat),
            (counters.iter().map(|cpu| cpu.unhandled).sum(), &mut self.unhandled, GapReason::Undecodable),
        ] {
            let new: u64 = u64::saturating_sub(count, *seen);
            if new > 0 {
                *seen = count;
                let span = (clock.wall_of(self.began), clock.wall_of(now));
                gaps.push(Gap {
                    from: span.0,
                    to: span.1,
                    class: event::Class::All,
                    lost: Some(new),
                    reason,
                });
            }
        }
        gaps
    }

    /// Compares with the count of runs that the kernel skipped: each may have been a record, of any class.
    pub fn skipped(&mut self, count: u64, now: u64, clock: Clock) -> Option<Gap> {
        let new = count.saturating_sub(std::mem::replace(&mut self.skipped, count));
        (new > 0).then(|| Gap {
            from: clock.wall_of(self.began),
            to: clock.wall_of(now),
            class: event::Class::All,
            lost: Some(new),
            reason: GapReason::Overload,
        })
    }

    /// Records lost so far, by class.
    #[must_use]
    pub fn lost(&self) -> [u64; abi::Class::COUNT] {
        self.lost
    }

    fn sequence(&mut self, class: abi::Class, cpu: usize) -> &mut Sequence {
        let at = self.began;
        self.sequences.entry((class, cpu)).or_insert(Sequence { last: 0, at, lost: 0, ahead: 0 })
    }

    fn gap(&mut self, class: abi::Class, lost: u64, from: u64, to: u64, clock: Clock) -> Option<Gap> {
        self.lost[class as usize] += lost;
        (lost > 0).then(|| Gap {
            from: clock.wall_of(from),
            to: clock.wall_of(to),
            class: class_of(class),
            lost: Some(lost),
            reason: GapReason::RingFull,
        })
    }
}

/// Joins gaps of one class and reason that overlap or touch within `near`: a storm of losses is one gap.
#[must_use]
pub fn join_gaps(mut gaps: Vec<Gap>, near: Nanos) -> Vec<Gap> {
    gaps.sort_by_key(|gap| (gap.class, gap.reason.name(), gap.from));
    let mut joined: Vec<Gap> = Vec::new();
    for gap in gaps {
        let close = joined.last_mut().filter(|last| gap.from <= last.to.saturating_add(near));
        if !close.is_some_and(|last| last.join(&gap)) {
            joined.push(gap);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: abi::Class = abi::Class::File;

    #[test]
    fn holes_are_counted_on_their_own_cpu() {
        let clock = Clock::now();
        let mut tracker = LossTracker::new(5);
        assert_eq!(tracker.saw(FILE, 0, 1, 10, clock), None);
        assert_eq!(tracker.saw(FILE, 1, 1, 11, clock), None);
        let gap = tracker.saw(FILE, 0, 5, 20, clock).unwrap();
        assert_eq!((gap.lost, gap.from, gap.to), (Some(3), clock.wall_of(10), clock.wall_of(20)));
        assert_eq!(tracker.saw(FILE, 1, 2, 21, clock), None);
        assert_eq!(tracker.lost(), [0, 3, 0, 0, 0]);
    }

    #[test]
    fn losses_without_numbers_are_told_since_the_counts_were_read_last() {
        const PACKET: abi::Class = abi::Class::Packet;
        let clock = Clock::now();
        let mut tracker = LossTracker::new(5);
        let mut counted = Counters::default();
        assert_eq!(tracker.compare(&[counted], 100, clock), []);
        assert_eq!(tracker.saw(PACKET, 0, 0, 110, clock), None);
        counted.lost[PACKET as usize] = 7;
        let gaps = tracker.compare(&[counted], 200, clock);
        assert_eq!(gaps.len(), 1);
        assert_eq!((gaps[0].lost, gaps[0].class), (Some(7), event::Class::Network));
        assert_eq!((gaps[0].from, gaps[0].to), (clock.wall_of(100), clock.wall_of(200)));
        assert_eq!(tracker.compare(&[counted], 300, clock), []);
        assert_eq!(tracker.lost()[PACKET as usize], 7);
    }

    #[test]
    fn losses_before_the_first_and_after_the_last_record_are_counted() {
        let clock = Clock::now();
        let mut tracker = LossTracker::new(5);
        assert_eq!(tracker.saw(FILE, 0, 3, 10, clock).unwrap().lost, Some(2));
        let counters = Counters { tried: [0, 7, 0, 0, 0], lost: [0, 6, 0, 0, 0], ..Counters::default() };
        let gaps = tracker.compare(&[counters], 30, clock);
        assert_eq!(gaps.len(), 1);
        assert_eq!((gaps[0].lost, gaps[0].to), (Some(4), clock.wall_of(30)));
        assert!(tracker.compare(&[counters], 40, clock).is_empty(), "counted once");
        assert_eq!(tracker.saw(FILE, 0, 8, 50, clock), None, "the hole was counted already");
        assert_eq!(tracker.saw(FILE, 0, 10, 60, clock).unwrap().lost, Some(1));
    }

    #[test]
    fn records_under_way_are_not_taken_for_lost() {
        let clock = Clock::now();
        let mut tracker = LossTracker::new(5);
        tracker.saw(FILE, 0, 1, 10, clock);
        let counters = Counters { tried: [0, 5, 0, 0, 0], ..Counters::default() };
        assert!(tracker.compare(&[counters], 30, clock).is_empty());
    }

    #[test]
    fn a_storm_of_losses_is_one_gap() {
        let gap = |from, to| Gap {
            from,
            to,
            class: event::Class::File,
            lost: Some(1),
            reason: GapReason::RingFull,
        };
        let joined = join_gaps(vec![gap(10, 20), gap(0, 5), gap(15, 18), gap(100, 110)], 5);
        assert_eq!(joined.len(), 2);
        assert_eq!((joined[0].from, joined[0].to, joined[0].lost), (0, 20, Some(3)));
    }
}
