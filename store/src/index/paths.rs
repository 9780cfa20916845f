//! The paths of a packed segment: sorted, in chunks of columns, each path with its number of events and the blocks that
//! have it; and those of them that are images.

use std::collections::BTreeMap;
use std::sync::Arc;

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

#[derive(Debug, Default)]
struct Posting {
    count: u64,
    image: bool,
    blocks: Vec<u64>,
}

/// Path to numbers of events, and numbers of blocks.
#[derive(Debug, Default)]
pub struct Builder(BTreeMap<Box<str>, Posting>);

impl Builder {
    /// Events of a block that have a path; `image` if by the image that they put in place or that ended. Blocks must come
    /// in order.
    pub fn add(&mut self, path: &str, block: u64, count: u64, image: bool) {
        if !self.0.contains_key(path) {
            self.0.insert(path.into(), Posting::default());
        }
        if let Some(posting) = self.0.get_mut(path) {
            posting.count += count;
            posting.image |= image;
            if posting.blocks.last() != Some(&block) {
                posting.blocks.push(block);
            }
        }
    }

    /// The paths, ascending.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|path| &**path)
    }

    /// Each chunk's key and value: the first chunk's key is empty, the others' their first path.
    pub fn chunks(&self, level: i32) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries: Vec<(&str, &Posting)> =
            self.0.iter().map(|(path, posting)| (&**path, posting)).collect();
        let chunk = |(place, chunk): (usize, &[(&str, &Posting)])| {
            let first = chunk.first().filter(|_| place > 0).map_or(&[][..], |(path, _)| path.as_bytes());
            (first.to_vec(), encode(chunk, level))
        };
        entries.chunks(PATHS_PER_CHUNK).enumerate().map(chunk).collect()
    }

    /// The paths that are images, packed.
    pub fn images(&self, level: i32) -> Vec<u8> {
        let images = || self.0.iter().filter(|(_, posting)| posting.image).map(|(path, _)| path);
        let mut out = Vec::new();
        put(&mut out, images().count() as u64);
        for path in images() {
            put_bytes(&mut out, path.as_bytes());
        }
        pack(&out, level)
    }
}

fn encode(chunk: &[(&str, &Posting)], level: i32) -> Vec<u8> {
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
    Fronts::write(chunk.iter().map(|(path, _)| path.as_bytes()), &mut columns);
    columns.numbers(&chunk.iter().map(|(_, posting)| posting.count).collect::<Vec<_>>(), Layout::Varint);
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
pub struct Chunk(Stored);

impl Chunk {
    /// From a stored value.
    pub fn open(value: Vec<u8>) -> Result<Self, Damaged> {
        Stored::open(Arc::new(value), 1, |_| Ok(COLUMNS)).map(Self)
    }

    /// Number of events of each path.
    pub fn counts(&self) -> Result<Vec<u64>, Damaged> {
        self.0.numbers(EVENTS, self.0.count(0))
    }

    /// Calls `found` with a path, if it is here; the others are not put together.
    pub fn find(
        &self,
        path: &str,
        found: impl FnOnce(Entry<'_>) -> Result<(), Damaged>,
    ) -> Result<(), Damaged> {
        let (stored, count) = (&self.0, self.0.count(0));
        let Some(row) = Fronts::decode(stored, [SHARED, LENGTHS, TEXT], count)?.find(path)? else {
            return Ok(());
        };
        let numbers = stored.small(BLOCK_COUNTS, count, MAX_SECTION as u64)?;
        let (before, own) = numbers.split_at_checked(row).ok_or(MISSING)?;
        let blocks = stored.bytes(BLOCKS)?;
        let mut input = Input(&blocks);
        for _ in 0..before.iter().map(|number| u64::from(*number)).sum() {
            input.number()?;
        }
        found(Entry { path, row, blocks: (input.0, *own.first().ok_or(MISSING)? as usize) })
    }

    /// Calls `each` with every path, in order, until it says false; gives what it said last.
    pub fn each(&self, mut each: impl FnMut(Entry<'_>) -> Result<bool, Damaged>) -> Result<bool, Damaged> {
        let stored = &self.0;
        let count = stored.count(0);
        let shared = stored.small(SHARED, count, MAX_SECTION as u64)?;
        let lengths = stored.small(LENGTHS, count, MAX_SECTION as u64)?;
        let numbers = stored.small(BLOCK_COUNTS, count, MAX_SECTION as u64)?;
        let (text, blocks) = (stored.bytes(TEXT)?, stored.bytes(BLOCKS)?);
        let (mut text, mut blocks) = (Input(&text), Input(&blocks));
        let mut path = String::new();
        for (row, ((shared, length), number)) in shared.into_iter().zip(lengths).zip(numbers).enumerate() {
            let mut bytes = std::mem::take(&mut path).into_bytes();
            if shared as usize > bytes.len() {
                return Err(Damaged("a path shares more than there is"));
            }
            bytes.truncate(shared as usize);
            bytes.extend_from_slice(text.take(length as usize)?);
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
