//! Paths gathered block by block: those of a block are a sorted run, packed; at the end the runs are merged. So a path
//! takes some bytes of memory until then, not hundreds, and a segment may well have millions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::bytes::{Damaged, Input, pack, put, put_after, unpack};
use crate::limits::{MAX_SECTION, PATHS_PER_PIECE};

/// Level of zstd of what is unpacked soon.
const LEVEL: i32 = 1;

/// What a block has of a path: its number of events, and whether it is the image of some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    pub path: &'a [u8],
    pub events: u64,
    pub image: bool,
}

/// What all blocks have of a path.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posting {
    pub events: u64,
    pub image: bool,
    /// Numbers of the blocks, ascending.
    pub blocks: Vec<u64>,
}

/// The paths of some blocks.
#[derive(Debug, Default)]
pub struct Runs(Vec<Run>);

#[derive(Debug)]
struct Run {
    block: u64,
    /// Packed; of each path: bytes shared with the one before in the piece (varint), the others (bytes), twice its number
    /// of events and 1 if it is an image (varint).
    pieces: std::vec::IntoIter<Box<[u8]>>,
    /// The piece that is read, and how far.
    piece: Vec<u8>,
    at: usize,
    path: Vec<u8>,
}

/// The next path of a run, in the order in which they are merged.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    path: Vec<u8>,
    run: usize,
    events: u64,
    image: bool,
}

impl Runs {
    /// What a block has, in any order; the same path may come again. Blocks must come in order.
    pub fn add(&mut self, block: u64, mut found: Vec<Found<'_>>) {
        found.sort_unstable_by_key(|found| found.path);
        found.dedup_by(|again, first| {
            let same = again.path == first.path;
            if same {
                first.events += again.events;
                first.image |= again.image;
            }
            same
        });
        let pieces: Vec<Box<[u8]>> = found.chunks(PATHS_PER_PIECE).map(piece).collect();
        self.0.push(Run { block, pieces: pieces.into_iter(), piece: Vec::new(), at: 0, path: Vec::new() });
    }

    /// Calls `each` with every path, ascending by bytes, each once.
    pub fn merge(mut self, mut each: impl FnMut(Vec<u8>, Posting)) -> Result<(), Damaged> {
        let mut heap = BinaryHeap::with_capacity(self.0.len());
        for (number, run) in self.0.iter_mut().enumerate() {
            heap.extend(run.next(number)?.map(Reverse));
        }
        let mut posting = Posting::default();
        while let Some(Reverse(Next { path, run: number, events, image })) = heap.pop() {
            let run = self.0.get_mut(number).ok_or(Damaged("a run is missing"))?;
            posting.events += events;
            posting.image |= image;
            posting.blocks.push(run.block);
            heap.extend(run.next(number)?.map(Reverse));
            if heap.peek().is_none_or(|Reverse(next)| next.path != path) {
                each(path, std::mem::take(&mut posting));
            }
        }
        Ok(())
    }
}

fn piece(found: &[Found<'_>]) -> Box<[u8]> {
    let (mut out, mut last): (Vec<u8>, &[u8]) = (Vec::new(), &[]);
    for Found { path, events, image } in found {
        put_after(&mut out, last, path);
        put(&mut out, events << 1 | u64::from(*image));
        last = path;
    }
    pack(&out, LEVEL).into()
}

impl Run {
    fn next(&mut self, run: usize) -> Result<Option<Next>, Damaged> {
        if self.at == self.piece.len() {
            let Some(piece) = self.pieces.next() else { return Ok(None) };
            self.piece = unpack(&piece, MAX_SECTION)?;
            self.at = 0;
            self.path.clear();
        }
        let mut input = Input(self.piece.get(self.at..).unwrap_or_default());
        self.path = input.after(&self.path)?;
        let events = input.number()?;
        self.at = self.piece.len() - input.0.len();
        Ok(Some(Next { path: self.path.clone(), run, events: events >> 1, image: events & 1 == 1 }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Found, Posting, Runs};

    proptest! {
        #[test]
        fn runs_come_out_as_one(blocks in prop::collection::vec(
            prop::collection::vec(("[/ab]{0,4}", 0_u64..1 << 40, any::<bool>()), 0..20), 0..8)
        ) {
            let (mut runs, mut model) = (Runs::default(), BTreeMap::<Vec<u8>, Posting>::new());
            for (block, found) in (0..).zip(&blocks) {
                for (path, events, image) in found {
                    let posting = model.entry(path.as_bytes().to_vec()).or_default();
                    posting.events += events;
                    posting.image |= image;
                    if posting.blocks.last() != Some(&block) {
                        posting.blocks.push(block);
                    }
                }
                let found = found.iter();
                let found = found.map(|(path, events, image)| Found { path: path.as_bytes(), events: *events, image: *image });
                runs.add(block, found.collect());
            }
            let mut merged = Vec::new();
            runs.merge(|path, posting| merged.push((path, posting))).unwrap();
            prop_assert_eq!(merged, model.into_iter().collect::<Vec<_>>());
        }
    }
}
