//! A sorted run in chunks: a list of the chunks' keys and lengths, and the chunks one after the other. The list is small
//! and read as a whole; of the chunks only those asked for are.

use std::ops::Range;

use crate::bytes::{Damaged, Input, pack, put, put_after, unpack};
use crate::limits::MAX_SECTION;

/// A chunk with its key before it.
pub type Keyed = (Vec<u8>, Vec<u8>);

/// The list of a run: packed, number of chunks, and for each: bytes of the key shared with the one before, the others,
/// bytes of the chunk.
pub fn list(chunks: &[Keyed], level: i32) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, chunks.len() as u64);
    let mut last: &[u8] = &[];
    for (key, chunk) in chunks {
        put_after(&mut out, last, key);
        put(&mut out, chunk.len() as u64);
        last = key;
    }
    pack(&out, level)
}

/// A list, unpacked.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    keys: Vec<Box<[u8]>>,
    /// Where each chunk ends.
    ends: Vec<usize>,
}

impl List {
    /// From a stored value.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        let bytes = unpack(value, MAX_SECTION)?;
        let mut input = Input(&bytes);
        let count = input.count()?;
        let (mut keys, mut ends) = (Vec::<Box<[u8]>>::with_capacity(count), Vec::with_capacity(count));
        let mut end = 0_usize;
        for _ in 0..count {
            let last = keys.last().map_or(&[][..], |key| key);
            let key = input.after(last)?;
            if !keys.is_empty() && *last >= *key {
                return Err(Damaged("keys of chunks are not in order"));
            }
            keys.push(key.into());
            let length = usize::try_from(input.number()?).unwrap_or(usize::MAX);
            end = end.checked_add(length).ok_or(Damaged("a chunk is too long"))?;
            ends.push(end);
        }
        Ok(Self { keys, ends })
    }

    /// Number of chunks.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// The chunk in which a key is, if it is anywhere: the last that does not begin behind it.
    pub fn find(&self, key: &[u8]) -> usize {
        self.keys.partition_point(|begin| **begin <= *key).saturating_sub(1)
    }

    /// Key of a chunk.
    pub fn key(&self, chunk: usize) -> Option<&[u8]> {
        self.keys.get(chunk).map(|key| &**key)
    }

    /// Where a chunk is.
    pub fn place(&self, chunk: usize) -> Range<usize> {
        let end = self.ends.get(chunk).copied().unwrap_or(0);
        chunk.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(end)).min(end)..end
    }

    /// Bytes of all chunks.
    pub fn total(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        self.keys.iter().map(|key| key.len() + 40).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{List, list};

    #[test]
    fn a_key_is_looked_for_in_the_chunk_that_begins_before_it() {
        let chunks = [("", 3), ("/a", 5), ("/a/b", 0), ("/b", 7)];
        let chunks = chunks.map(|(key, length)| (key.as_bytes().to_vec(), vec![0; length]));
        let list = List::unpack(&list(&chunks, 1)).unwrap();
        let place = |key: &str| list.place(list.find(key.as_bytes()));
        assert_eq!((list.len(), list.total()), (4, 15));
        assert_eq!(
            [place(""), place("/"), place("/a"), place("/a/c"), place("/c")],
            [0..3, 0..3, 3..8, 8..8, 8..15]
        );
        assert_eq!(list.key(2), Some(&b"/a/b"[..]));
        assert_eq!(List::unpack(&super::list(&[], 1)).unwrap().place(0), 0..0);
    }
}
