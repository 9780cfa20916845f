//! What is written but not final: merged as it grows, so that a few chunks hold it.
//!
//! Chunks are merged as a counter carries: when [`RADIX`] of a magnitude or less stand at the end, they become one. So at
//! most [`RADIX`] less one of each magnitude stay, and each item is written again at most once a magnitude. The more may
//! stay, the less is written again, and the more small chunks must be looked into until they are final.

/// Items of one magnitude are fewer than this, those of the next this many times as many, and so on.
const RADIX: usize = 8;

/// Items that are in the file, but whose chunks will be merged.
#[derive(Debug)]
pub struct Tail<T, M> {
    /// The items of all chunks.
    pub items: Vec<T>,
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

impl Plan {
    /// Whether a chunk to write, by its place, is final.
    pub fn seals(&self, place: usize) -> bool {
        self.seal || place + 1 < self.sizes.len()
    }
}

impl<T, M: Copy> Tail<T, M> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { items: Vec::new(), chunks: Vec::new() }
    }

    /// What to write for `new` items (at least one), where `full` items make a chunk final.
    pub fn plan(&self, new: usize, full: usize) -> Plan {
        let total = self.items.len() + new;
        // What comes in large pieces is not written twice for the sake of full chunks: it is cut into equal ones, which are
        // half full at least.
        if new >= full / 2 {
            let count = total.div_ceil(full);
            let sizes = (0..count).map(|place| (total + place) / count).collect();
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
        loop {
            let alike = |chunk: &&Chunk<M>| magnitude(chunk.count) <= magnitude(size);
            let count = self.chunks[..keep].iter().rev().take_while(alike).count();
            if count + 1 < RADIX {
                break;
            }
            size += self.chunks[keep - count..keep].iter().map(|chunk| chunk.count).sum::<usize>();
            keep -= count;
        }
        Plan { keep, keep_items: total - size, sizes: vec![size], seal: false }
    }

    /// The plan was carried out: `written` are the new chunks, final ones among them. Of the new items only those are
    /// copied that are not final.
    pub fn apply<'a>(&mut self, plan: &Plan, new: impl Iterator<Item = &'a T>, written: Vec<Chunk<M>>)
    where
        T: Clone + 'a,
    {
        self.chunks.truncate(plan.keep);
        let mut sealed = 0;
        for (place, chunk) in written.into_iter().enumerate() {
            if plan.seals(place) {
                sealed += chunk.count;
            } else {
                self.chunks.push(chunk);
            }
        }
        let old = sealed.min(self.items.len());
        self.items.drain(..old);
        self.items.extend(new.skip(sealed - old).cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, RADIX, Tail};

    #[test]
    fn chunks_stay_few_and_add_up() {
        let mut tail: Tail<u32, ()> = Tail::new();
        let (mut sealed, mut written, mut added) = (0, 0, 0);
        for step in 0..1000_u32 {
            let new = step as usize % 7 + 1;
            added += new;
            let plan = tail.plan(new, 256);
            let chunks: Vec<_> =
                plan.sizes.iter().map(|count| Chunk { count: *count, key: 0, mark: () }).collect();
            sealed += (0..chunks.len())
                .filter(|place| plan.seals(*place))
                .map(|place| chunks[place].count)
                .sum::<usize>();
            written += plan.sizes.iter().sum::<usize>();
            tail.apply(&plan, std::iter::repeat_n(&step, new), chunks);
            assert_eq!(tail.items.len(), tail.chunks.iter().map(|chunk| chunk.count).sum::<usize>());
            assert!(tail.chunks.len() <= 3 * (RADIX - 1), "{}", tail.chunks.len());
            assert_eq!(sealed + tail.items.len(), added);
        }
        assert!(written < added * 4, "{written} of {added}");
    }

    #[test]
    fn what_comes_in_large_pieces_is_written_once() {
        let mut tail: Tail<u8, ()> = Tail::new();
        for new in [200, 129, 256, 500, 400, 1000, 255] {
            let plan = tail.plan(new, 256);
            let chunks = plan.sizes.iter().map(|count| Chunk { count: *count, key: 0, mark: () }).collect();
            assert_eq!(plan.sizes.iter().sum::<usize>(), new);
            tail.apply(&plan, std::iter::repeat_n(&1, new), chunks);
            assert!(tail.items.is_empty(), "{new}");
        }
        let plan = tail.plan(300, 256);
        assert_eq!((plan.sizes.as_slice(), plan.seal), ([150, 150].as_slice(), true));
    }

    #[test]
    fn what_comes_in_small_pieces_makes_full_chunks() {
        let mut tail: Tail<u8, ()> = Tail::new();
        let mut sealed = Vec::new();
        for _ in 0..40 {
            let plan = tail.plan(100, 256);
            let chunks: Vec<_> =
                plan.sizes.iter().map(|count| Chunk { count: *count, key: 0, mark: () }).collect();
            let places = (0..chunks.len()).filter(|place| plan.seals(*place));
            sealed.extend(places.map(|place| chunks[place].count));
            tail.apply(&plan, std::iter::repeat_n(&1, 100), chunks);
        }
        assert_eq!(sealed, [256; 15]);
        assert_eq!(tail.items.len(), 4000 - 15 * 256);
    }
}
