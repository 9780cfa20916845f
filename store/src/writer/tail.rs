//! What is written but not final: merged as it grows, so that a bounded number of chunks holds it.
//!
//! Chunks are merged as a counter carries: when [`RADIX`] of a magnitude or less stand at the end, they become one. So
//! each item is written again at most once a magnitude. The more may stay, the less is written again, and the more small
//! chunks must be looked into until they are final. Chunks that would fill more than half of a final one are not merged
//! for that: soon all of them become the final one at once.

/// Items of one magnitude are fewer than this, those of the next this many times as many, and so on.
const RADIX: usize = 32;

/// Chunks that are in the file and will be merged.
#[derive(Debug)]
pub struct Tail<M> {
    /// The chunks.
    pub chunks: Vec<Chunk<M>>,
}

/// A chunk that is in the file.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<M> {
    /// Items in it.
    pub count: usize,
    /// Its key in the file.
    pub key: u64,
    /// What else is to be remembered.
    pub mark: M,
}

/// What to write for some new items.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// Chunks that stay as they are.
    pub keep: usize,
    /// Items of the tail that stay with them.
    pub keep_items: usize,
    /// Sizes of the chunks to write in place of the others: all full but the last may be less.
    pub sizes: Vec<usize>,
    /// Whether the last is final too.
    pub seal: bool,
}

const fn magnitude(items: usize) -> u32 {
    match items.checked_ilog(RADIX) {
        Some(magnitude) => magnitude,
        None => 0,
    }
}

fn sum<M>(chunks: &[Chunk<M>]) -> usize {
    chunks.iter().map(|chunk| chunk.count).sum()
}

impl Plan {
    /// Whether a chunk to write, by its place, is final.
    pub fn seals(&self, place: usize) -> bool {
        self.seal || place + 1 < self.sizes.len()
    }
}

impl<M: Copy> Tail<M> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// Items of all chunks.
    pub fn count(&self) -> usize {
        sum(&self.chunks)
    }

    /// What to write for `new` items (at least one), where `full` items make a chunk final.
    pub fn plan(&self, new: usize, full: usize) -> Plan {
        let total = self.count() + new;
        // What comes in large pieces is not written twice for the sake of full chunks: it is cut into equal ones, which are
        // half full at least. The tail stays in one of them.
        if new >= full / 2 {
            let alone = self.count() > total / total.div_ceil(full);
            let mut sizes: Vec<usize> = alone.then(|| self.count()).into_iter().collect();
            let rest = if alone { new } else { total };
            let count = rest.div_ceil(full);
            sizes.extend((0..count).map(|place| (rest + place) / count));
            return Plan { keep: 0, keep_items: 0, sizes, seal: true };
        }
        if total >= full {
            let mut sizes = vec![full; total / full];
            let rest = total % full;
            if rest > 0 {
                sizes.push(rest);
            }
            return Plan { keep: 0, keep_items: 0, sizes, seal: rest == 0 };
        }
        let (mut keep, mut size) = (self.chunks.len(), new);
        while let Some(from) = keep.checked_sub(RADIX - 1) {
            let last = &self.chunks[from..keep];
            let merged = size + sum(last);
            if merged > full / 2 || last.iter().any(|chunk| magnitude(chunk.count) > magnitude(size)) {
                break;
            }
            (keep, size) = (from, merged);
        }
        Plan { keep, keep_items: total - size, sizes: vec![size], seal: false }
    }

    /// The plan was carried out: `written` are the new chunks, final ones among them. Gives the number of items that are
    /// final now, the first ones of all.
    pub fn apply(&mut self, plan: &Plan, written: Vec<Chunk<M>>) -> usize {
        self.chunks.truncate(plan.keep);
        let mut sealed = 0;
        for (place, chunk) in written.into_iter().enumerate() {
            if plan.seals(place) {
                sealed += chunk.count;
            } else {
                self.chunks.push(chunk);
            }
        }
        sealed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Chunk, RADIX, Tail};

    /// Items that became final, and items written.
    fn add(tail: &mut Tail<()>, new: usize, full: usize) -> (Vec<usize>, usize) {
        let plan = tail.plan(new, full);
        assert!(!plan.seals(0) || plan.sizes[0] >= tail.count(), "{plan:?}");
        let chunk = |count: &usize| Chunk { count: *count, key: 0, mark: () };
        let chunks: Vec<_> = plan.sizes.iter().map(chunk).collect();
        let sealed: Vec<usize> =
            (0..chunks.len()).filter(|place| plan.seals(*place)).map(|place| chunks[place].count).collect();
        assert_eq!(tail.apply(&plan, chunks), sealed.iter().sum::<usize>());
        (sealed, plan.sizes.iter().sum())
    }

    proptest! {
        #[test]
        fn chunks_stay_few_and_add_up(largest in 1_usize..20_000, steps in prop::collection::vec(any::<usize>(), 1..20_000)) {
            let mut tail: Tail<()> = Tail::new();
            let (mut sealed, mut added) = (0, 0);
            for new in steps.iter().map(|step| step % largest + 1) {
                sealed += add(&mut tail, new, 16_384).0.iter().sum::<usize>();
                added += new;
                prop_assert!(tail.chunks.len() <= 4 * RADIX, "{}", tail.chunks.len());
                prop_assert_eq!(sealed + tail.count(), added);
            }
        }
    }

    #[test]
    fn what_is_committed_in_like_pieces_is_written_few_times() {
        for (new, most) in [(3000, 2), (800, 2), (300, 2), (200, 3), (40, 3), (5, 4)] {
            let mut tail: Tail<()> = Tail::new();
            let steps = 10 * 16_384 / new;
            let written: usize = (0..steps).map(|_| add(&mut tail, new, 16_384).1).sum();
            assert!(written <= most * steps * new, "{new}: {written} of {}", steps * new);
        }
    }

    #[test]
    fn what_comes_in_large_pieces_is_written_once() {
        let mut tail: Tail<()> = Tail::new();
        for new in [200, 129, 256, 500, 400, 1000, 255] {
            assert_eq!(add(&mut tail, new, 256).1, new);
            assert_eq!(tail.count(), 0, "{new}");
        }
        let plan = tail.plan(300, 256);
        assert_eq!((plan.sizes.as_slice(), plan.seal), ([150, 150].as_slice(), true));
    }

    #[test]
    fn what_comes_in_small_pieces_makes_full_chunks() {
        let mut tail: Tail<()> = Tail::new();
        let sealed: Vec<usize> = (0..40).flat_map(|_| add(&mut tail, 100, 256).0).collect();
        assert_eq!(sealed, [256; 15]);
        assert_eq!(tail.count(), 4000 - 15 * 256);
    }
}
