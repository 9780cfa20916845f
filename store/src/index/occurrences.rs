//! Which blocks have events of each context.

use crate::bytes::room;

/// Pairs of a context and a block.
#[derive(Debug, Default)]
pub struct Occurrences(Vec<(u64, u32)>);

impl Occurrences {
    /// The contexts of a block's events.
    pub fn add(&mut self, contexts: &[u64], block: u64) {
        let block = u32::try_from(block).unwrap_or(u32::MAX);
        room(&mut self.0, contexts.len());
        self.0.extend(contexts.iter().map(|context| (*context, block)));
    }

    /// To be asked, once all blocks are there.
    pub fn sorted(mut self) -> Sorted {
        self.0.sort_unstable();
        Sorted(self.0)
    }
}

/// By context.
#[derive(Debug)]
pub struct Sorted(Vec<(u64, u32)>);

impl Sorted {
    /// The blocks of a context, ascending.
    pub fn of(&self, context: u64) -> impl ExactSizeIterator<Item = u64> {
        let from = self.0.partition_point(|(other, _)| *other < context);
        let count = self.0[from..].iter().take_while(|(other, _)| *other == context).count();
        self.0[from..from + count].iter().map(|(_, block)| u64::from(*block))
    }
}
