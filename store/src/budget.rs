//! How much work a question may cost.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Work that a question may cost. It is asked between blocks and between segments; at least one of them is always done,
/// so that who goes on where an answer stopped gets to the end.
#[derive(Debug, Default)]
pub struct Budget {
    deadline: Option<Instant>,
    blocks: Option<u64>,
    /// Blocks and segments done.
    done: Cell<u64>,
}

impl Budget {
    /// As much as it takes.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// What can be done in this time from now on, and at most one block more.
    #[must_use]
    pub fn of_time(time: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(time), ..Self::default() }
    }

    /// So many blocks and segments.
    #[must_use]
    pub fn of_blocks(blocks: u64) -> Self {
        Self { blocks: Some(blocks), ..Self::default() }
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
