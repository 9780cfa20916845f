//! How much may be read: a token bucket in bytes.

use std::time::{Duration, Instant};

/// Seconds of the rate that may be saved up, for the start of many programs at once.
const BURST: f64 = 4.0;

/// A bucket. A file is begun while there is anything in it, and may leave it in debt: so that a file larger than the
/// bucket gets its turn too.
#[derive(Debug)]
pub struct Budget {
    /// Bytes a second.
    rate: f64,
    level: f64,
    filled: Instant,
}

impl Budget {
    /// A full one.
    #[must_use]
    pub fn new(bytes_per_second: u64, now: Instant) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact to the byte")]
        let rate = bytes_per_second.max(1) as f64;
        Self { rate, level: rate * BURST, filled: now }
    }

    /// How long to wait before the next file; `None` if it may be begun now.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.level = (self.level + passed * self.rate).min(self.rate * BURST);
        (self.level <= 0.0)
            .then(|| Duration::try_from_secs_f64((1.0 - self.level) / self.rate).unwrap_or(Duration::MAX))
    }

    /// A file of so many bytes is begun.
    pub fn take(&mut self, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let bytes = bytes as f64;
        self.level -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_overdrawn_is_waited_for() {
        let start = Instant::now();
        let mut budget = Budget::new(1000, start);
        assert_eq!(budget.wait(start), None);
        budget.take(9000);
        let wait = budget.wait(start).unwrap();
        assert!((5.0..5.1).contains(&wait.as_secs_f64()), "{wait:?}");
        assert!(budget.wait(start + Duration::from_secs(4)).is_some());
        assert_eq!(budget.wait(start + wait), None);
        budget.take(1);
        // A long rest saves up no more than the burst.
        assert_eq!(budget.wait(start + Duration::from_secs(1000)), None);
        budget.take(4000);
        assert!(budget.wait(start + Duration::from_secs(1000)).is_some());
    }
}
