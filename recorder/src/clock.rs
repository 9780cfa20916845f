//! The only place that reads clocks. Records carry time since boot; events carry wall time.

use std::fs;

use anyhow::{Context as _, Result};
use event::{BootId, Nanos};
use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds in a clock tick of /proc (`USER_HZ` is 100 on every Linux architecture we build for).
pub const TICK: u64 = 10_000_000;

/// Nanoseconds since boot, suspend included (`CLOCK_BOOTTIME`, the probes' clock).
#[must_use]
pub fn since_boot() -> u64 {
    u64::try_from(nanos(ClockId::Boottime)).unwrap_or(0)
}

/// Wall time.
#[must_use]
pub fn wall() -> Nanos {
    nanos(ClockId::Realtime)
}

fn nanos(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// Turns time since boot into wall time. The offset is taken anew every so often, so a clock step shows in later
/// events only.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    offset: i64,
}

impl Clock {
    /// With the offset of now.
    #[must_use]
    pub fn now() -> Self {
        // Between two reads of one clock, so that a preemption in between is halved at the least.
        let before = nanos(ClockId::Boottime);
        let wall = nanos(ClockId::Realtime);
        let after = nanos(ClockId::Boottime);
        Self { offset: wall.saturating_sub(before.saturating_add((after.saturating_sub(before)) / 2)) }
    }

    /// Wall time of a moment since boot.
    #[must_use]
    pub fn wall_of(self, since_boot: u64) -> Nanos {
        i64::try_from(since_boot).unwrap_or(i64::MAX).saturating_add(self.offset)
    }

    /// Takes the offset anew; returns the step in nanoseconds. Below a millisecond the old one stays, so that the
    /// slewing of NTP never reorders neighbours.
    pub fn refresh(&mut self) -> i64 {
        let step = Self::now().offset.saturating_sub(self.offset);
        if step.unsigned_abs() >= 1_000_000 {
            self.offset = self.offset.saturating_add(step);
            step
        } else {
            0
        }
    }
}

/// This boot's id.
///
/// # Errors
/// If `/proc/sys/kernel/random/boot_id` cannot be read or is no UUID.
pub fn boot_id() -> Result<BootId> {
    const PATH: &str = "/proc/sys/kernel/random/boot_id";
    let text = fs::read_to_string(PATH).with_context(|| format!("cannot read {PATH} (is /proc mounted?)"))?;
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
    BootId::from_str_radix(&digits, 16).with_context(|| format!("{PATH} holds no UUID: {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_since_boot_is_near_the_wall_clock() {
        let clock = Clock::now();
        let difference = clock.wall_of(since_boot()) - wall();
        assert!(difference.abs() < 1_000_000_000, "{difference}");
    }

    #[test]
    fn the_boot_id_is_stable() {
        assert_eq!(boot_id().unwrap(), boot_id().unwrap());
    }
}
