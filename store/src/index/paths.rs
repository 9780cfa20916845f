//! The paths of a packed segment: sorted, in chunks of columns, each path with its number of events and the blocks that
//! have it; and those of them that are images.

use std::sync::Arc;

use super::gather::Posting;
use super::run::Keyed;
use crate::block::{Columns, Form, Fronts, Layout, Stored};
use crate::bytes::{Damaged, Input, pack, put, put_bytes, unpack};
use crate::limits::{MAX_SECTION, PATHS_PER_CHUNK};

/// Columns of a chunk: over paths, bytes shared with the path before.
const SHARED: usize = 0;
/// Number of the others.
const LENGTHS: usize = 1;
/// Bytes: these others, joined.
const TEXT: usize = 2;
/// Over paths: events.
const EVENTS: usize = 3;
/// Number of blocks.
const BLOCK_COUNTS: usize = 4;
/// Bytes: the blocks, joined: of each path the first, then the steps (varints).
const BLOCKS: usize = 5;
/// Columns.
pub const COLUMNS: usize = 6;

/// Makes the chunks, out of all paths in order.
#[derive(Debug)]
pub struct Chunks {
    level: i32,
    /// Of the next chunk.
    waiting: Vec<(Vec<u8>, Posting)>,
    made: Vec<Keyed>,
    image_count: u64,
    /// Each, as bytes.
    images: Vec<u8>,
}

impl Chunks {
    /// Packed at a level of zstd.
    pub const fn new(level: i32) -> Self {
        Self { level, waiting: Vec::new(), made: Vec::new(), image_count: 0, images: Vec::new() }
    }

    /// The next path; each comes once.
    pub fn push(&mut self, path: Vec<u8>, posting: Posting) {
        if posting.image {
            self.image_count += 1;
            put_bytes(&mut self.images, &path);
        }
        self.waiting.push((path, posting));
        if self.waiting.len() == PATHS_PER_CHUNK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some((path, _)) = self.waiting.first() else { return };
        let key = if self.made.is_empty() { Vec::new() } else { path.clone() };
        self.made.push((key, encode(&self.waiting, self.level)));
        self.waiting.clear();
    }

    /// Each chunk's key and value: the first chunk's key is empty, the others' their first path. And the paths that are
    /// images, packed.
    pub fn finish(mut self) -> (Vec<Keyed>, Vec<u8>) {
        self.flush();
        let mut images = Vec::new();
        put(&mut images, self.image_count);
        images.append(&mut self.images);
        (self.made, pack(&images, self.level))
    }
}

fn encode(chunk: &[(Vec<u8>, Posting)], level: i32) -> Vec<u8> {
    let mut blocks = Vec::new();
    for (_, posting) in chunk {
        let mut before = 0;
        for block in &posting.blocks {
            put(&mut blocks, block - before);
            before = *block;
        }
    }
    let mut columns = Columns::new(Form::Closed(level));
    columns.count(chunk.len());
    Fronts::write(chunk.iter().map(|(path, _)| path.as_slice()), &mut columns);
    columns.numbers(&chunk.iter().map(|(_, posting)| posting.events).collect::<Vec<_>>(), Layout::Varint);
    let counts = chunk.iter().map(|(_, posting)| posting.blocks.len() as u64);
    columns.numbers(&counts.collect::<Vec<_>>(), Layout::Varint);
    columns.bytes(&blocks);
    columns.finish()
}

/// A path of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub path: &'a str,
    /// Place in the chunk.
    pub row: usize,
    /// The blocks that are left of the chunk, and how many of them are the path's.
    blocks: (&'a [u8], usize),
}

impl Entry<'_> {
    /// Calls `each` with the numbers of the blocks that have it, ascending.
    pub fn blocks(&self, mut each: impl FnMut(u64) -> Result<(), Damaged>) -> Result<(), Damaged> {
        let (mut input, mut block) = (Input(self.blocks.0), 0_u64);
        for _ in 0..self.blocks.1 {
            block = block.wrapping_add(input.number()?);
            each(block)?;
        }
        Ok(())
    }
}

const MISSING: Damaged = Damaged("a path is missing");

/// A chunk, not unpacked yet.
#[derive(Debug)]
pub struct Chunk {
    /// Version of the segment's format.
    format: u32,
    stored: Stored,
}

impl Chunk {
    /// From a value that is stored in a segment of that format.
    pub fn open(format: u32, value: Vec<u8>) -> Result<Self, Damaged> {
        Ok(Self { format, stored: Stored::open(Arc::new(value), 1, |_| Ok(COLUMNS))? })
    }

    fn len(&self) -> usize {
        self.stored.count(0)
    }

    fn fronts(&self) -> Result<Fronts, Damaged> {
        Fronts::decode(self.format, &self.stored, [SHARED, LENGTHS, TEXT], self.len())
    }

    /// Number of events of each path.
    pub fn counts(&self) -> Result<Vec<u64>, Damaged> {
        self.stored.numbers(EVENTS, self.len())
    }

    /// Calls `found` with a path, if it is here; the others are not put together.
    pub fn find(
        &self,
        path: &str,
        found: impl FnOnce(Entry<'_>) -> Result<(), Damaged>,
    ) -> Result<(), Damaged> {
        let Some(row) = self.fronts()?.find(path)? else { return Ok(()) };
        let numbers = self.stored.small(BLOCK_COUNTS, self.len(), MAX_SECTION as u64)?;
        let (before, own) = numbers.split_at_checked(row).ok_or(MISSING)?;
        let blocks = self.stored.bytes(BLOCKS)?;
        let mut input = Input(&blocks);
        for _ in 0..before.iter().map(|number| u64::from(*number)).sum() {
            input.number()?;
        }
        found(Entry { path, row, blocks: (input.0, *own.first().ok_or(MISSING)? as usize) })
    }

    /// Calls `each` with every path, in order, until it says false; gives what it said last.
    pub fn each(&self, mut each: impl FnMut(Entry<'_>) -> Result<bool, Damaged>) -> Result<bool, Damaged> {
        let fronts = self.fronts()?;
        let numbers = self.stored.small(BLOCK_COUNTS, self.len(), MAX_SECTION as u64)?;
        let blocks = self.stored.bytes(BLOCKS)?;
        let mut blocks = Input(&blocks);
        let mut path = String::new();
        for (row, ((shared, own), number)) in fronts.iter().zip(numbers).enumerate() {
            let mut bytes = std::mem::take(&mut path).into_bytes();
            if shared > bytes.len() {
                return Err(Damaged("a path shares more than there is"));
            }
            bytes.truncate(shared);
            bytes.extend_from_slice(own);
            path = String::from_utf8(bytes).map_err(|_| Damaged("a path is not UTF-8"))?;
            if !each(Entry { path: &path, row, blocks: (blocks.0, number as usize) })? {
                return Ok(false);
            }
            for _ in 0..number {
                blocks.number()?;
            }
        }
        Ok(true)
    }

    /// Whether another one has the same paths, with the same numbers and blocks.
    pub fn same(&self, other: &Self) -> Result<bool, Damaged> {
        let list = |chunk: &Self| {
            let mut list = Vec::new();
            chunk.each(|entry| {
                let mut blocks = Vec::new();
                entry.blocks(|block| {
                    blocks.push(block);
                    Ok(())
                })?;
                list.push((entry.path.to_owned(), blocks));
                Ok(true)
            })?;
            Ok::<_, Damaged>((list, chunk.counts()?))
        };
        Ok(list(self)? == list(other)?)
    }
}

/// The paths that are images, unpacked.
pub fn images(value: &[u8]) -> Result<Vec<String>, Damaged> {
    let bytes = unpack(value, MAX_SECTION)?;
    let mut input = Input(&bytes);
    (0..input.count()?)
        .map(|_| {
            let path = input.bytes()?.to_vec();
            String::from_utf8(path).map_err(|_| Damaged("a path is not UTF-8"))
        })
        .collect()
}
