//! The paths of a packed segment: sorted, in chunks, each path with its numbers of events and the blocks that have it.

use std::collections::BTreeMap;

use crate::bytes::{Damaged, Input, pack, put, put_bytes, put_growing, unpack};
use crate::limits::{MAX_SECTION, PATHS_PER_CHUNK};

#[derive(Debug, Default)]
struct Posting {
    count: u64,
    images: u64,
    blocks: Vec<u64>,
}

/// Path to numbers of events, and numbers of blocks.
#[derive(Debug, Default)]
pub struct Builder(BTreeMap<Box<str>, Posting>);

impl Builder {
    /// Events of a block that have a path; `images` of them by the image that they put in place or that ended. Blocks
    /// must come in order.
    pub fn add(&mut self, path: &str, block: u64, count: u64, images: u64) {
        if !self.0.contains_key(path) {
            self.0.insert(path.into(), Posting::default());
        }
        if let Some(posting) = self.0.get_mut(path) {
            posting.count += count;
            posting.images += images;
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
        let mut chunks = entries.chunks(PATHS_PER_CHUNK).peekable();
        let mut key = Vec::new();
        let mut out = Vec::new();
        loop {
            let chunk = chunks.next().unwrap_or_default();
            let next = chunks.peek().and_then(|next| next.first()).map(|(path, _)| path.as_bytes().to_vec());
            out.push((std::mem::take(&mut key), pack(&encode(chunk, next.as_deref()), level)));
            let Some(next) = next else { return out };
            key = next;
        }
    }
}

fn encode(chunk: &[(&str, &Posting)], next: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, next.unwrap_or_default());
    put(&mut out, chunk.len() as u64);
    let mut last: &[u8] = &[];
    let mut blocks = Vec::new();
    for (path, posting) in chunk {
        let path = path.as_bytes();
        let shared = last.iter().zip(path).take_while(|(a, b)| a == b).count();
        put(&mut out, shared as u64);
        put_bytes(&mut out, &path[shared..]);
        put(&mut out, posting.count);
        put(&mut out, posting.images);
        blocks.clear();
        put_growing(&mut blocks, &posting.blocks);
        put_bytes(&mut out, &blocks);
        last = path;
    }
    out
}

/// A path of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub path: &'a str,
    /// Events.
    pub count: u64,
    /// Those of them that have it as their image.
    pub images: u64,
    blocks: &'a [u8],
}

impl Entry<'_> {
    /// Numbers of the blocks that have it, ascending.
    pub fn blocks(&self) -> Result<Vec<u64>, Damaged> {
        Input(self.blocks).growing()
    }
}

/// A chunk, unpacked.
#[derive(Debug)]
pub struct Chunk(Vec<u8>);

impl Chunk {
    /// From a stored value.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        unpack(value, MAX_SECTION).map(Self)
    }

    /// Key of the next chunk; empty if this is the last. A path that is neither before it nor in this chunk is nowhere.
    pub fn next(&self) -> Result<&[u8], Damaged> {
        Input(&self.0).bytes()
    }

    /// Calls `each` with every path, in order, until it says false; gives what it said last.
    pub fn each(&self, mut each: impl FnMut(Entry<'_>) -> Result<bool, Damaged>) -> Result<bool, Damaged> {
        let mut input = Input(&self.0);
        input.bytes()?;
        let count = input.count()?;
        let mut path = String::new();
        for _ in 0..count {
            let shared = usize::try_from(input.number()?).unwrap_or(usize::MAX);
            let mut bytes = std::mem::take(&mut path).into_bytes();
            if shared > bytes.len() {
                return Err(Damaged("a path shares more than there is"));
            }
            bytes.truncate(shared);
            bytes.extend_from_slice(input.bytes()?);
            path = String::from_utf8(bytes).map_err(|_| Damaged("a path is not UTF-8"))?;
            let (count, images) = (input.number()?, input.number()?);
            let blocks = input.bytes()?;
            if !each(Entry { path: &path, count, images, blocks })? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
