//! How much work a question may cost.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Work that a question may cost. It is asked between blocks (where several are looked through at once, between batches of
/// them) and between segments; at least one of them is always done, so that who goes on where an answer stopped gets to the
/// end.
#[derive(Debug, Default)]
pub struct Budget {
    deadline: Option<Instant>,
    blocks: Option<u64>,
    threads: Option<usize>,
    /// Blocks and segments done.
    done: Cell<u64>,
}

impl Budget {
    /// As much as it takes.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// What can be done in this time from now on, and at most one block more, or one batch of blocks.
    #[must_use]
    pub fn of_time(time: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(time), ..Self::default() }
    }

    /// So many blocks and segments.
    #[must_use]
    pub fn of_blocks(blocks: u64) -> Self {
        Self { blocks: Some(blocks), ..Self::default() }
    }

    /// The same, with so many threads at once (1 to 64) from the first block on. Otherwise a question for events uses some
    /// as soon as it takes long: see `SCAN_THREADS` in `store/src/limits.rs`.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: Some(threads.clamp(1, 64)), ..self }
    }

    /// Threads asked for.
    pub(crate) const fn threads(&self) -> Option<usize> {
        self.threads
    }

    /// Blocks that may be looked through yet.
    pub(crate) fn blocks_left(&self) -> usize {
        let left = self.blocks.map(|blocks| blocks.saturating_sub(self.done.get()));
        left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// One more block or segment is done.
    pub(crate) fn step(&self) {
        self.done.set(self.done.get().saturating_add(1));
    }

    /// Whether it is used up: who asks again gets no more than one block.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.spent()
    }

    /// Whether to stop.
    pub(crate) fn spent(&self) -> bool {
        self.done.get() > 0
            && (self.blocks.is_some_and(|blocks| self.done.get() >= blocks)
                || self.deadline.is_some_and(|deadline| Instant::now() >= deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_always_done() {
        for budget in [Budget::of_time(Duration::ZERO), Budget::of_blocks(0)] {
            assert!(!budget.spent());
            budget.step();
            assert!(budget.spent());
        }
        let unlimited = Budget::unlimited();
        unlimited.step();
        assert!(!unlimited.spent());
    }
}
