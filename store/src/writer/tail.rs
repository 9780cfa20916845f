//! What is written but not final: merged as it grows, so that a few chunks hold it.
//!
//! A chunk is merged with the one before if that is no larger, as a binary counter carries: at most one chunk of each
//! magnitude stays, and each item is written again at most once a magnitude.

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
        // What comes in large pieces is not written twice for the sake of a full chunk.
        if total >= full || new >= full / 2 {
            let mut sizes = vec![full; total / full];
            let rest = total % full;
            if rest > 0 {
                sizes.push(rest);
            }
            return Plan { keep: 0, keep_items: 0, sizes, seal: rest == 0 || rest >= full / 2 };
        }
        let (mut keep, mut size) = (self.chunks.len(), new);
        while keep > 0 && self.chunks[keep - 1].count <= size {
            keep -= 1;
            size += self.chunks[keep].count;
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
    use super::{Chunk, Tail};

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
            assert!(tail.chunks.len() <= 8);
            assert_eq!(sealed + tail.items.len(), added);
        }
        assert!(written < added * 9);
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
        assert_eq!(
            (plan.sizes.as_slice(), plan.seals(0), plan.seals(1)),
            ([256, 44].as_slice(), true, false)
        );
    }
}
