//! How fast the background may go: a share of one core, and bytes a second.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::limits::BACKGROUND_BYTES;

/// Lets a background thread rest between two steps, so that over each step it stays under its share. Time in which it
/// waited for the core or the disk counts as rest.
#[derive(Debug)]
pub struct Pace {
    wall: Instant,
    cpu: Duration,
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Makes this thread give way to all others: nice 19, from which the kernel also derives the lowest of the best-effort
/// priorities for its reads and writes (ionice(1); there is no idle class without a call of one's own).
pub fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19) {
        tracing::debug!(%error, "the background thread keeps its priority");
    }
}

/// Wall time that a step must take: `percent` of it is CPU time, and each second of it moves so many bytes at most.
fn least(cpu: Duration, bytes: u64, percent: u32) -> Duration {
    let by_core = cpu * 100 / percent.max(1);
    let by_disk = Duration::from_secs(1).saturating_mul(u32::try_from(bytes >> 10).unwrap_or(u32::MAX))
        / u32::try_from(BACKGROUND_BYTES >> 10).unwrap_or(1);
    by_core.max(by_disk)
}

/// Share of a core for so many segments that wait: a backlog costs room, so that it is worked off faster.
pub const fn percent(waiting: usize) -> u32 {
    match waiting {
        0 | 1 => 25,
        2..=7 => 50,
        _ => 100,
    }
}

impl Pace {
    /// From now on.
    pub fn begin() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    /// Rest that is due after a step that moved so many bytes.
    pub fn rest(&self, bytes: u64, percent: u32) -> Duration {
        least(cpu().saturating_sub(self.cpu), bytes, percent).saturating_sub(self.wall.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_takes_as_long_as_its_share_and_its_bytes_ask_for() {
        let second = Duration::from_secs(1);
        assert_eq!(least(second, 0, 25), 4 * second);
        assert_eq!(least(second, 0, 100), second);
        assert_eq!(least(Duration::ZERO, BACKGROUND_BYTES, 25), second);
        assert_eq!(least(second, 8 * BACKGROUND_BYTES, 25), 8 * second);
        assert!(percent(0) < percent(2) && percent(2) < percent(20));
    }
}
