//! Times of a page by a clock that moves in steps.
//!
//! Many clocks tell nanoseconds and move in larger steps: the counter of AMD's processors goes with a clock of 100 MHz, and
//! those of ARM machines with one of 24 to 125 MHz. The nanoseconds between two steps tell nothing, but look like noise.
//! Here each time is told by the steps since the one before. Both sides follow the clock's true phase to parts of a
//! nanosecond; where the clock was adjusted meanwhile and the time is not the one expected, a *slip* tells how far it is off.

use crate::bytes::{Damaged, Input, put, unzigzag, zigzag};

/// Parts of a nanosecond: steps are known as multiples of 2^-32 ns.
const PARTS: u32 = 32;
const ONE: u64 = 1 << PARTS;
/// After a slip the phase is taken to be so near to the nanosecond's end that it slipped over.
const MARGIN: u64 = ONE >> 6;
/// So few steps have less than 2^62 parts, however long they are.
const FEW: u64 = 1 << 22;
/// Nanoseconds: likewise.
const NEAR: i64 = 1 << 29;
/// Longest step, in parts: 256 ns. No step is so long, so that sums of them do not overflow.
pub const LONGEST: u64 = 256 << PARTS;

/// Where the clock is: nanoseconds, and parts of one.
#[derive(Clone, Copy, Debug)]
struct Phase {
    time: i64,
    part: u64,
}

impl Phase {
    const fn new(time: i64) -> Self {
        Self { time, part: ONE / 2 }
    }

    /// Steps to the one next to a time that is near, and the time that these tell.
    fn near(self, time: i64, step: u64) -> (i64, Option<i64>) {
        let nanoseconds = time.wrapping_sub(self.time);
        if !(-NEAR..NEAR).contains(&nanoseconds) {
            return (0, None);
        }
        let (step, part) = (step.cast_signed(), self.part.cast_signed());
        let count = ((nanoseconds << PARTS) + (ONE / 2).cast_signed() - part + step / 2).div_euclid(step);
        (count, Some(self.time.wrapping_add((part + count * step) >> PARTS)))
    }

    /// So many steps later.
    fn after(self, steps: i64, step: u64) -> Self {
        if steps.unsigned_abs() < FEW {
            let parts = self.part.cast_signed() + steps * step.cast_signed();
            let part = parts.cast_unsigned() & (ONE - 1);
            return Self { time: self.time.wrapping_add(parts >> PARTS), part };
        }
        let parts = i128::from(self.part) + i128::from(steps) * i128::from(step);
        // Both halves are in range: parts are less than 2^105.
        let time = i64::try_from(parts >> PARTS).unwrap_or(i64::MAX);
        let part = u64::try_from(parts & i128::from(ONE - 1)).unwrap_or(0);
        Self { time: self.time.wrapping_add(time), part }
    }

    /// With a slip of so many nanoseconds.
    fn slipped(self, slip: i64) -> Self {
        let part = if slip > 0 { MARGIN } else { ONE - MARGIN };
        Self { time: self.time.wrapping_add(slip), part }
    }

    /// Steps to the one next to a time.
    fn steps_to(self, time: i64, step: u64) -> i64 {
        let parts = (i128::from(time) - i128::from(self.time)) * i128::from(ONE) + i128::from(ONE / 2)
            - i128::from(self.part)
            + i128::from(step / 2);
        // Nearly all are small, for which a division is quick.
        match i64::try_from(parts) {
            Ok(parts) => parts.div_euclid(step.cast_signed()),
            Err(_) => i64::try_from(parts.div_euclid(i128::from(step))).unwrap_or(0),
        }
    }
}

/// Steps (zigzag) from one time to the next, the first from `first`, and the slips as stored: for each the rows since the
/// one before (varint) and the nanoseconds (zigzag, less one). `step` is in parts of a nanosecond, and not 0.
pub fn encode(first: i64, times: &[i64], step: u64) -> (Vec<u64>, Vec<u8>) {
    let (mut steps, mut slips) = (Vec::with_capacity(times.len()), Vec::new());
    // Steps are counted from the last slip, so that a row need not wait for the one before.
    let (mut phase, mut since, mut last) = (Phase::new(first), 0, 0);
    for (row, time) in times.iter().enumerate() {
        let (mut count, told) = phase.near(*time, step);
        if told.is_none() {
            phase = phase.after(since, step);
            since = 0;
            count = phase.steps_to(*time, step);
        }
        steps.push(zigzag(count - since));
        if told == Some(*time) {
            since = count;
            continue;
        }
        phase = phase.after(count, step);
        since = 0;
        let slip = time.wrapping_sub(phase.time);
        if slip != 0 {
            put(&mut slips, (row - last) as u64);
            put(&mut slips, zigzag(slip) - 1);
            last = row;
            phase = phase.slipped(slip);
        }
    }
    (steps, slips)
}

/// Times of a column of steps, or of the first of its `count`: see [`encode`].
pub fn decode(first: i64, steps: &[u64], count: usize, slips: &[u8], step: u64) -> Result<Vec<i64>, Damaged> {
    if step > LONGEST {
        return Err(Damaged("a clock's step is too long"));
    }
    let mut slips = Input(slips);
    let mut row = 0_u64;
    let mut next = || -> Result<Option<(u64, i64)>, Damaged> {
        if slips.0.is_empty() {
            return Ok(None);
        }
        row = row.saturating_add(slips.number()?);
        let slip = slips.number()?.checked_add(1).ok_or(Damaged("a slip is too long"))?;
        Ok(Some((row, unzigzag(slip))))
    };
    let (mut phase, mut slip) = (Phase::new(first), next()?);
    let mut times = Vec::with_capacity(steps.len());
    for (row, steps) in (0..).zip(steps) {
        phase = phase.after(unzigzag(*steps), step);
        if let Some((_, by)) = slip.filter(|(at, _)| *at == row) {
            phase = phase.slipped(by);
            slip = next()?;
        }
        times.push(phase.time);
    }
    if slip.is_some() && steps.len() >= count { Err(Damaged("a slip is of no event")) } else { Ok(times) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LONGEST, decode, encode};

    /// Times of a clock with steps of 10.015 ns.
    fn clock() -> Vec<i64> {
        (0..3000_i64)
            .scan(0, |ticks, n| {
                *ticks += n * n % 7919;
                Some(1_790_000_000_000_000_000 + *ticks * 10_015 / 1000)
            })
            .collect()
    }

    #[test]
    fn times_of_a_clock_with_steps_need_few_slips() {
        let times = clock();
        let step = 10_015 * (1 << 32) / 1000;
        let (steps, slips) = encode(times[0], &times, step);
        assert_eq!(steps[5], 2 * 25);
        assert!(slips.len() < 120, "{}", slips.len());
        assert_eq!(decode(times[0], &steps, steps.len(), &slips, step).unwrap(), times);
    }

    proptest! {
        #[test]
        fn any_times_come_back_with_any_step(
            first: i64,
            times in prop::collection::vec((any::<i64>(), 0_u32..64), 0..60),
            step in 1..=LONGEST,
        ) {
            let times: Vec<i64> =
                times.into_iter().map(|(n, shift)| first.wrapping_add(n >> shift)).collect();
            let (steps, slips) = encode(first, &times, step);
            prop_assert_eq!(decode(first, &steps, steps.len(), &slips, step).unwrap(), times);
        }

        #[test]
        fn any_columns_are_read_or_refused(
            first: i64,
            steps in prop::collection::vec(any::<u64>(), 0..20),
            slips in prop::collection::vec(any::<u8>(), 0..20),
            step: u64,
        ) {
            let _ = decode(first, &steps, steps.len(), &slips, step);
        }
    }
}
