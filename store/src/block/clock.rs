//! Finds the step of the clock that told some times, and for each page the one that fits best.
//!
//! What goes by steps of one length has a spectrum with a line. It is looked for in the differences of times that are near
//! each other, coarsely, then more and more finely with those of times further apart, last of all by how many times of a
//! page are told without a slip. A wrong step costs bytes and nothing else: any times can be told with any step.

use super::build::number;
use super::ticks::LONGEST;

/// Points of the table of sines, and frequencies (twice as many as are looked at, in 1 / 4096 ns).
const POINTS: usize = 4096;
/// Frequencies below are none: steps of more than 128 ns. (The last is of 2 ns.)
const LOWEST: usize = POINTS / 128;
/// Width of the window of differences that are looked at first, in nanoseconds.
const WINDOW: usize = 2048;
/// Differences that are looked for the window in.
const NEAR: usize = 16_384;
/// Differences that are looked at, at most, each time; fewer than a quarter of these tell nothing at first, and fewer than
/// that by 8 later.
const SAMPLES: usize = 2048;
const FEWEST: usize = SAMPLES / 4;
/// Times that the frequency is made four times finer.
const STAGES: u32 = 7;
/// Length of the mean vector below which there is no line; without any it is some 0.05.
const LINE: f64 = 0.25;
/// Share of the strongest line from which on one may be that of which the strongest is a multiple.
const HARMONIC: f64 = 0.75;
/// Changes of a step that are tried for a page.
const FINER: [f64; 6] = [3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8];
/// Bits that a slip costs, about.
const SLIP_BITS: f64 = 9.0;
/// Bits that the steps must save in a page at least.
const LEAST_BITS: f64 = 64.0;
/// Parts of a nanosecond in one.
const PARTS: f64 = 4_294_967_296.0;

#[expect(clippy::cast_precision_loss, reason = "differences are far below 2^52")]
const fn float(number: i64) -> f64 {
    number as f64
}

/// The step of the clock that told these times, in nanoseconds; `None` if there seems to be none longer than one.
pub fn step(times: &[i64]) -> Option<f64> {
    look(times, SAMPLES)
}

/// Likewise by at most so many differences each time.
fn look(times: &[i64], samples: usize) -> Option<f64> {
    let steps: Vec<i64> = times.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let frequency = coarse(&steps, samples)?;
    Some(1.0 / finer(&steps, samples, frequency))
}

/// At most so many of a list, evenly.
fn some(list: &[i64], most: usize) -> impl Iterator<Item = i64> {
    list.iter().step_by(list.len().div_ceil(most).max(1)).copied()
}

/// Frequency of the strongest line, to half of 1 / 4096 ns.
fn coarse(steps: &[i64], samples: usize) -> Option<f64> {
    let near: Vec<usize> =
        steps.iter().filter_map(|step| usize::try_from(*step).ok()).filter(|step| *step < NEAR).collect();
    let mut counts = [0_usize; NEAR / WINDOW];
    for step in &near {
        counts[step / WINDOW] += 1;
    }
    let window = (0..counts.len()).max_by_key(|window| counts[*window])?;
    let steps: Vec<i64> = (near.iter().filter(|step| *step / WINDOW == window))
        .map(|step| i64::try_from(step % WINDOW).unwrap_or(0))
        .collect();
    let places: Vec<usize> = some(&steps, samples).filter_map(|step| usize::try_from(step).ok()).collect();
    if steps.len() < FEWEST {
        return None;
    }
    let turn = |at: usize| float(i64::try_from(at).unwrap_or(0)) * std::f64::consts::TAU / POINTS_F;
    let table: Vec<(f64, f64)> = (0..POINTS).map(|at| turn(at).sin_cos()).collect();
    let strength = |frequency: usize| {
        let sum = places.iter().fold((0.0, 0.0), |sum: (f64, f64), step| {
            let (sin, cos) = table[step * frequency % POINTS];
            (sum.0 + sin, sum.1 + cos)
        });
        sum.0.hypot(sum.1) / float(i64::try_from(places.len()).unwrap_or(1))
    };
    let strengths: Vec<f64> = (LOWEST..=POINTS / 2).map(strength).collect();
    let most = strengths.iter().copied().max_by(f64::total_cmp).filter(|most| *most > LINE)?;
    // Twice its frequency, and three times, a line may be as strong: the lowest counts, and there the top.
    let foot = strengths.iter().position(|strength| *strength > most * HARMONIC)?;
    let top = (foot..strengths.len().min(foot + 4)).max_by(|a, b| strengths[*a].total_cmp(&strengths[*b]))?;
    Some(float(i64::try_from(LOWEST + top).unwrap_or(1)) / POINTS_F)
}

const POINTS_F: f64 = 4096.0;

/// A line's frequency more finely, by steps that are longer and longer, as long as there are some.
fn finer(steps: &[i64], samples: usize, mut frequency: f64) -> f64 {
    let mut within = 0.5 / POINTS_F;
    let mut long: Vec<i64> = Vec::new();
    for stage in 0..STAGES {
        let longest = 16_384_i64 << (2 * stage);
        let longer = || steps.iter().copied().filter(|step| (longest / 8..longest).contains(step));
        if longer().take(FEWEST / 8).count() == FEWEST / 8 {
            long = longer().collect();
        }
        let strength = |frequency: f64| {
            let sum = some(&long, samples).fold((0.0, 0.0), |sum: (f64, f64), step| {
                let (sin, cos) = (float(step) * frequency * std::f64::consts::TAU).sin_cos();
                (sum.0 + sin, sum.1 + cos)
            });
            sum.0.hypot(sum.1)
        };
        let tried = (-16_i32..=16).map(|place| frequency + f64::from(place) * within / 16.0);
        let best = tried.map(|tried| (tried, strength(tried))).max_by(|a, b| a.1.total_cmp(&b.1));
        frequency = best.map_or(frequency, |(tried, _)| tried);
        within /= 4.0;
    }
    frequency
}

/// How many times of a page would slip; about, for it is quick.
fn slips(times: &[i64], step: f64) -> u32 {
    let Some(first) = times.first() else { return 0 };
    let (mut phase, mut slips) = (0.5, 0);
    for time in times {
        let time = float(time.wrapping_sub(*first));
        phase += ((time + 0.5 - phase) / step).round() * step;
        if phase.floor().total_cmp(&time).is_ne() {
            slips += 1;
            phase = if phase < time { time + 1.0 / 64.0 } else { time + 63.0 / 64.0 };
        }
    }
    slips
}

/// Of a page: the step by which it is told, in parts of a nanosecond; 0 if it is better told in nanoseconds. `known` is the
/// step of the page before, and is changed if another one is clearly better.
pub fn of_page(times: &[i64], known: &mut f64) -> u64 {
    let (mut best, before) = (*known, slips(times, *known));
    let mut least = before;
    for change in FINER {
        for tried in [best * (1.0 - change), best * (1.0 + change)] {
            let found = slips(times, tried);
            if found < least {
                (best, least) = (tried, found);
            }
        }
    }
    if f64::from(before - least) > 8.0 + f64::from(before) / 8.0 {
        *known = best;
    } else {
        least = before;
    }
    if worth(times.len(), least, *known) { parts(*known) } else { 0 }
}

/// Differences that are looked at while recording, for a clock that is followed from there.
const QUICK: usize = 512;
/// Times of a block of which it is counted how many slip.
const LOOKED_AT: usize = 2048;
/// More slips than one of so many times are looked into.
const FEW: u32 = 32;

/// The clock of an open segment: looked for in its first full block, then followed from block to block with little work.
/// Where it was not found, or what was found tells nothing, it is looked for again in the second, the fourth and so on, with
/// more care.
#[derive(Debug, Default)]
pub struct Clock {
    blocks: u64,
    /// Once times were told by it it is kept: what tells one block badly may tell the next one well.
    step: Option<f64>,
    /// Slips that are no reason to look again: so many were left the last time.
    expected: u32,
}

impl Clock {
    /// Of the next full block: the step by which its times are told, in parts of a nanosecond; 0 if they are better told in
    /// nanoseconds.
    pub fn of_block(&mut self, times: &[i64]) -> u64 {
        self.blocks = self.blocks.saturating_add(1);
        let looked_at = &times[..times.len().min(LOOKED_AT)];
        if self.step.is_none() && self.blocks.is_power_of_two() {
            let found = look(times, if self.blocks == 1 { QUICK } else { SAMPLES });
            self.step = found.filter(|step| {
                let mut tuned = *step;
                of_page(looked_at, &mut tuned) > 0
            });
        }
        let Some(known) = &mut self.step else { return 0 };
        let mut found = slips(looked_at, *known);
        let few = number(looked_at.len()) / FEW;
        if found > self.expected + self.expected / 4 + few {
            of_page(looked_at, known);
            found = slips(looked_at, *known);
            self.expected = found;
        }
        if worth(looked_at.len(), found, *known) { parts(*known) } else { 0 }
    }
}

/// Whether so many events are told shorter in steps, with so many slips.
fn worth(events: usize, slips: u32, step: f64) -> bool {
    f64::from(number(events)) * step.log2() - f64::from(slips) * SLIP_BITS >= LEAST_BITS
}

/// A step in parts of a nanosecond.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is cut where it does not fit"
)]
fn parts(step: f64) -> u64 {
    ((step * PARTS).round() as u64).min(LONGEST)
}

#[cfg(test)]
pub mod tests {
    use super::{Clock, of_page, parts, step};
    use crate::block::ticks::encode;

    /// Times of a clock that moves by so many femtoseconds, at moments that are no pattern.
    pub fn told(femtoseconds: i64, count: usize) -> Vec<i64> {
        let (mut random, mut at) = (88_172_645_463_325_252_u64, 0_i64);
        let next = |_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // From microseconds to milliseconds.
            let range = 1_u64 << (12 + random % 9);
            at += i64::try_from((random >> 32) % range).unwrap_or(0) * 1_000_000;
            1_790_000_000_000_000_000 + at / femtoseconds * femtoseconds / 1_000_000
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn the_step_of_a_clock_is_found_by_its_times() {
        for picoseconds in [8205, 10_015, 18_518, 41_666, 52_083] {
            let times = told(1000 * picoseconds, 20_000);
            let found = step(&times).unwrap();
            let expected = super::float(picoseconds) / 1000.0;
            assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
            let mut known = found;
            let page = of_page(&times[..4096], &mut known);
            assert!(page > 0);
            let (steps, slips) = encode(times[0], &times[..4096], page);
            assert_eq!(steps.len(), 4096);
            assert!(slips.len() < 600, "{picoseconds}: {} bytes of slips", slips.len());
        }
    }

    #[test]
    fn a_fine_clock_has_no_step() {
        assert_eq!(step(&told(1_000_000, 20_000)), None);
        assert_eq!(step(&[]), None);
        // And is not told by one.
        assert_eq!(of_page(&told(1_000_000, 4096), &mut 10.0), 0);
    }

    #[test]
    fn a_clock_that_the_first_blocks_do_not_tell_is_found_later() {
        let (few, times) = (told(10_015_000, 100), told(10_015_000, 16_384));
        let mut clock = Clock::default();
        assert_eq!([0; 3].map(|_| clock.of_block(&few)), [0; 3]);
        let step = clock.of_block(&times);
        assert!(step.abs_diff(parts(10.015)) < parts(0.001), "{step}");
        assert!(clock.of_block(&times) > 0, "it is followed");
    }

    #[test]
    fn few_times_are_not_looked_at_and_no_step_is_too_long() {
        assert_eq!(step(&told(10_000_000, 500)), None);
        assert_eq!(parts(1e300), super::LONGEST);
        assert_eq!(parts(f64::NAN), 0);
    }
}
