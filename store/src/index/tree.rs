//! The processes of a packed segment as a forest in preorder: a subtree is a run of ranks. With each context the rank of
//! its process and the blocks of its events.
//!
//! A segment has all ancestors of its processes (they are carried over for the lineage's sake), so that each answers
//! alone.

use std::collections::HashMap;
use std::ops::Range;

use event::{BootId, ProcessKey};

use super::boots::{Boots, Short};
use super::occurrences::Sorted;
use crate::block::gathered;
use crate::bytes::{Damaged, Input, pack, put, put_growing, room, unpack, unzigzag, zigzag};
use crate::context::Summary;
use crate::limits::MAX_SECTION;

/// What is known of each context and process; see the module.
#[derive(Debug, Default)]
pub struct Tree {
    /// Contexts, ascending.
    ids: Vec<u64>,
    /// Of each context: rank of its process.
    ranks: Vec<u32>,
    /// Of each context: where its blocks begin in `blocks`; and one more.
    starts: Vec<u32>,
    /// Numbers of blocks.
    blocks: Vec<u32>,
    /// Of each rank: how many ranks its subtree has.
    sizes: Vec<u32>,
    /// Processes that are known only as creators.
    creators: Vec<(ProcessKey, u32)>,
}

/// No process, as a place.
const NONE: u32 = u32::MAX;

/// Collects contexts.
#[derive(Debug, Default)]
pub struct Builder {
    boots: Boots,
    /// Id, place of the process, lineage.
    contexts: Vec<(u64, u32, u64)>,
    places: HashMap<Short, u32>,
    parents: Vec<u32>,
    /// Has contexts.
    known: Vec<bool>,
}

impl Builder {
    fn place(&mut self, process: ProcessKey) -> u32 {
        let next = small(self.parents.len());
        let place = *self.places.entry(self.boots.short(process)).or_insert(next);
        if place == next {
            self.parents.push(NONE);
            self.known.push(false);
        }
        place
    }

    /// The contexts of a chunk.
    pub fn add(&mut self, summary: &Summary) {
        room(&mut self.contexts, summary.ids.len());
        for row in 0..summary.ids.len() {
            let place = self.place(summary.process(row));
            self.known[place as usize] = true;
            self.contexts.push((summary.ids[row], place, summary.lineages[row]));
            if let Some(creator) = summary.creator(row)
                && self.parents[place as usize] == NONE
            {
                let creator = self.place(creator);
                self.parents[place as usize] = if creator == place { NONE } else { creator };
            }
        }
    }

    /// The processes that are known only as creators, with their places.
    fn creators_only(&self) -> impl Iterator<Item = (&Short, u32)> {
        self.places
            .iter()
            .map(|(process, place)| (process, *place))
            .filter(|(_, place)| !self.known[*place as usize])
    }

    /// Pids of the processes that are known only as creators.
    pub fn creators(&self) -> impl Iterator<Item = u32> {
        self.creators_only().map(|(process, _)| process.pid)
    }

    /// Ranks by place, and sizes of subtrees by rank.
    fn ranks(&self) -> (Vec<u32>, Vec<u32>) {
        let count = self.parents.len();
        // Children of each place, ascending, and at the end those without a parent.
        let parents = self.parents.iter().map(|parent| (*parent as usize).min(count));
        let (children, ends) = gathered(parents, count + 1);
        let children = |of: usize| &children[of.checked_sub(1).map_or(0, |before| ends[before])..ends[of]];
        let (mut ranks, mut sizes) = (vec![NONE; count], Vec::with_capacity(count));
        // First from those without a parent; what is left then goes round in circles and is cut open anywhere.
        let roots = children(count).iter().map(|root| *root as usize);
        let mut stack = Vec::new();
        for root in roots.chain(0..count) {
            if ranks[root] != NONE {
                continue;
            }
            stack.push((root, false));
            while let Some((place, done)) = stack.pop() {
                if done {
                    let rank = ranks[place] as usize;
                    sizes[rank] = small(sizes.len() - rank);
                } else if ranks[place] == NONE {
                    ranks[place] = small(sizes.len());
                    sizes.push(0);
                    stack.push((place, true));
                    stack.extend(children(place).iter().map(|child| (*child as usize, false)));
                }
            }
        }
        (ranks, sizes)
    }

    /// As stored; `blocks` are those of each context's events.
    pub fn pack(mut self, blocks: &Sorted, level: i32) -> Vec<u8> {
        self.contexts.sort_unstable();
        self.contexts.dedup_by_key(|context| context.0);
        // Who has no known creator descends from whoever its first context came from.
        for (_, place, lineage) in &self.contexts {
            let parent = &mut self.parents[*place as usize];
            if *parent == NONE {
                let owner = self.contexts.binary_search_by_key(lineage, |context| context.0);
                *parent =
                    owner.map(|at| self.contexts[at].1).ok().filter(|owner| owner != place).unwrap_or(NONE);
            }
        }
        let (ranks, sizes) = self.ranks();
        let mut out = Vec::new();
        put_growing(&mut out, &self.contexts.iter().map(|(id, ..)| *id).collect::<Vec<_>>());
        let mut last = 0;
        for (_, place, _) in &self.contexts {
            let rank = i64::from(ranks[*place as usize]);
            put(&mut out, zigzag(rank - last));
            last = rank;
        }
        let mut from = 0_u64;
        for (id, ..) in &self.contexts {
            let mut blocks = blocks.of(*id);
            put(&mut out, blocks.len() as u64);
            if let Some(first) = blocks.next() {
                put(&mut out, zigzag(first.wrapping_sub(from).cast_signed()));
                from = first;
                let mut last = first;
                for block in blocks {
                    put(&mut out, block - std::mem::replace(&mut last, block));
                }
            }
        }
        put(&mut out, sizes.len() as u64);
        for size in sizes {
            put(&mut out, u64::from(size));
        }
        let mut creators: Vec<(ProcessKey, u32)> = (self.creators_only())
            .map(|(process, place)| (self.boots.process(*process), ranks[place as usize]))
            .collect();
        creators.sort_unstable();
        put(&mut out, creators.len() as u64);
        for (process, rank) in creators {
            out.extend_from_slice(&process.boot.to_be_bytes());
            put(&mut out, process.start);
            put(&mut out, u64::from(process.pid));
            put(&mut out, u64::from(rank));
        }
        pack(&out, level)
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Tree {
    /// From what is stored, in a segment of so many blocks.
    pub fn unpack(value: &[u8], block_count: usize) -> Result<Self, Damaged> {
        let bytes = unpack(value, MAX_SECTION)?;
        let mut input = Input(&bytes);
        let ids = input.growing()?;
        if !ids.is_sorted() {
            return Err(Damaged("contexts are not in order"));
        }
        let mut rank = 0_i64;
        let ranks = (0..ids.len())
            .map(|_| {
                rank = rank.wrapping_add(input.signed()?);
                u32::try_from(rank).map_err(|_| Damaged("a rank is out of range"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (mut starts, mut blocks, mut from) = (Vec::with_capacity(ids.len() + 1), Vec::new(), 0_u64);
        for _ in 0..ids.len() {
            starts.push(small(blocks.len()));
            let count = input.count()?;
            let mut block = from;
            for place in 0..count {
                block = if place == 0 {
                    from = block.wrapping_add_signed(unzigzag(input.number()?));
                    from
                } else {
                    block.wrapping_add(input.number()?)
                };
                if usize::try_from(block).map_or(true, |block| block >= block_count) {
                    return Err(Damaged("a block is out of range"));
                }
                blocks.push(u32::try_from(block).map_err(|_| Damaged("a block is out of range"))?);
            }
        }
        starts.push(small(blocks.len()));
        let count = input.count()?;
        let sizes = (0..count)
            .map(|rank| match input.small()? {
                size if size > 0 && size as usize <= count - rank => Ok(size),
                _ => Err(Damaged("a subtree is larger than the whole")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let creators = (0..input.count()?)
            .map(|_| {
                let boot = BootId::from_be_bytes(input.array()?);
                let (start, pid) = (input.number()?, input.small()?);
                Ok((ProcessKey { boot, start, pid }, input.small()?))
            })
            .collect::<Result<Vec<_>, Damaged>>()?;
        let in_range = |rank: &u32| (*rank as usize) < count;
        if !ranks.iter().all(in_range) || !creators.iter().all(|(_, rank)| in_range(rank)) {
            return Err(Damaged("a process is not in the tree"));
        }
        Ok(Self { ids, ranks, starts, blocks, sizes, creators })
    }

    /// Bytes in memory.
    pub const fn size(&self) -> usize {
        self.ids.len() * 16 + self.blocks.len() * 4 + self.sizes.len() * 4 + self.creators.len() * 56
    }

    /// Rank of a context's process.
    pub fn rank(&self, context: u64) -> Option<u32> {
        self.ids.binary_search(&context).ok().map(|place| self.ranks[place])
    }

    /// The subtrees of some processes as ranges of ranks, apart from each other and ascending: of those with some
    /// contexts, and of those that are known only as creators and fit.
    pub fn subtrees(&self, contexts: &[u64], root: impl Fn(&ProcessKey) -> bool) -> Vec<Range<u32>> {
        let creators = self.creators.iter().filter(|(process, _)| root(process)).map(|(_, rank)| *rank);
        let mut roots: Vec<u32> =
            contexts.iter().filter_map(|context| self.rank(*context)).chain(creators).collect();
        roots.sort_unstable();
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for rank in roots {
            // One subtree is within another or apart from it.
            if ranges.last().is_none_or(|last| rank >= last.end) {
                ranges.push(rank..rank.saturating_add(self.sizes[rank as usize]));
            }
        }
        ranges
    }

    /// Numbers of the blocks of all contexts of some ranks: bit by bit.
    pub fn blocks(&self, ranges: &[Range<u32>], found: &mut [bool]) {
        for (place, rank) in self.ranks.iter().enumerate() {
            if within(ranges, *rank) {
                for block in &self.blocks[self.starts[place] as usize..self.starts[place + 1] as usize] {
                    found[*block as usize] = true;
                }
            }
        }
    }
}

/// Whether a rank is in one of some ranges.
pub fn within(ranges: &[Range<u32>], rank: u32) -> bool {
    let after = ranges.partition_point(|range| range.start <= rank);
    after.checked_sub(1).is_some_and(|at| ranges[at].contains(&rank))
}
