//! Paths as they are stored, each by what it has in common with the one before: one is looked for, or put together,
//! without making all of them.

use super::column::{Columns, Layout, Stored};
use crate::bytes::{Damaged, in_common};
use crate::limits::MAX_SECTION;

/// Paths of a group of files or of a chunk of an index, not put together.
#[derive(Debug)]
pub struct Fronts {
    /// Of each: bytes shared with the one before, number of the others.
    pub(super) shared: Vec<u32>,
    pub(super) lengths: Vec<u32>,
    /// These others, joined.
    pub(super) text: Vec<u8>,
}

const DAMAGED: Damaged = Damaged("a path shares more than there is");

impl Fronts {
    /// Adds the three columns of paths, one after the other.
    pub fn write<'a>(paths: impl ExactSizeIterator<Item = &'a [u8]>, columns: &mut Columns) {
        let (mut shared, mut lengths) = (Vec::with_capacity(paths.len()), Vec::with_capacity(paths.len()));
        let (mut text, mut last) = (Vec::new(), &[][..]);
        for path in paths {
            let same = in_common(last, path);
            shared.push(same as u64);
            lengths.push((path.len() - same) as u64);
            text.extend_from_slice(&path[same..]);
            last = path;
        }
        columns.numbers(&shared, Layout::Fixed);
        columns.numbers(&lengths, Layout::Fixed);
        columns.bytes(&text);
    }

    /// From the columns at these places: bytes shared with the one before, bytes of its own, and these.
    pub fn decode(stored: &Stored, places: [usize; 3], count: usize) -> Result<Self, Damaged> {
        let [shared, lengths, text] = places;
        let shared = stored.small(shared, count, MAX_SECTION as u64)?;
        let lengths = stored.small(lengths, count, MAX_SECTION as u64)?;
        let text = stored.bytes(text)?;
        if lengths.iter().map(|length| u64::from(*length)).sum::<u64>() != text.len() as u64 {
            return Err(Damaged("paths have another length than their text"));
        }
        Ok(Self { shared, lengths, text })
    }

    /// Index of a path.
    pub fn find(&self, path: &str) -> Result<Option<usize>, Damaged> {
        let path = path.as_bytes();
        // Bytes that the one before has in common with the path, and all of its bytes.
        let (mut common, mut last, mut start) = (0, 0, 0);
        for (index, (shared, length)) in self.shared.iter().zip(&self.lengths).enumerate() {
            let (shared, end) = (*shared as usize, start + *length as usize);
            if shared > last {
                return Err(DAMAGED);
            }
            // One that shares more than is common differs from the path where the one before does.
            if shared <= common {
                let own = self.text.get(start..end).ok_or(DAMAGED)?;
                let same = in_common(own, &path[shared..]);
                common = shared + same;
                if same == own.len() && common == path.len() {
                    return Ok(Some(index));
                }
            }
            (start, last) = (end, shared + *length as usize);
        }
        Ok(None)
    }

    /// A path, put together from the last byte on.
    pub fn get(&self, index: usize) -> Result<String, Damaged> {
        let missing = Damaged("a path is missing");
        let (shared, lengths) = self.shared.get(..=index).zip(self.lengths.get(..=index)).ok_or(missing)?;
        let mut end: usize = lengths.iter().map(|length| *length as usize).sum();
        let mut needed = shared.last().zip(lengths.last()).map_or(0, |(a, b)| *a as usize + *b as usize);
        if needed > MAX_SECTION {
            return Err(DAMAGED);
        }
        let mut path = vec![0; needed];
        for (shared, length) in shared.iter().zip(lengths).rev() {
            let (shared, start) = (*shared as usize, end - *length as usize);
            if shared < needed {
                let own = self.text.get(start..start + (needed - shared)).ok_or(DAMAGED)?;
                if own.len() > *length as usize {
                    return Err(DAMAGED);
                }
                path[shared..needed].copy_from_slice(own);
                needed = shared;
            }
            end = start;
            if needed == 0 {
                break;
            }
        }
        if needed > 0 {
            return Err(DAMAGED);
        }
        String::from_utf8(path).map_err(|_| Damaged("a path is not UTF-8"))
    }
}
