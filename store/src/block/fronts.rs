//! Paths as they are stored, each by what it has in common with the one before: one is looked for, or put together,
//! without making all of them.

use super::column::{Columns, Layout, Stored};
use super::files::split;
use crate::bytes::{Damaged, in_common, unzigzag, zigzag};
use crate::limits::MAX_SECTION;

/// Format from which on paths end with a zero byte, and what they share is told from where the name before begins.
pub const ENDED_FROM: u32 = 5;

/// Paths of a group of files or of a chunk of an index, not put together.
#[derive(Debug)]
pub struct Fronts {
    /// Of each: bytes shared with the one before, number of the others.
    shared: Vec<u32>,
    lengths: Vec<u32>,
    /// These others, joined.
    text: Vec<u8>,
    /// Bytes of the text behind those of each path.
    between: usize,
}

const DAMAGED: Damaged = Damaged("a path shares more than there is");
const ENDS: Damaged = Damaged("paths do not end where they should");

/// Where the name of a path begins, told from its own bytes and what was told of the one before: behind the last slash.
/// (Not always in paths by bytes: there `/a/bc` may follow `/a/b/c`.)
#[derive(Clone, Copy, Debug, Default)]
struct NameStart(usize);

impl NameStart {
    /// Goes on to a path with so many shared bytes, and of its own so many up to and with the last slash: 0 if there is
    /// none.
    fn next(&mut self, shared: usize, directory: usize) {
        self.0 = if directory == 0 { self.0.min(shared) } else { shared.saturating_add(directory) };
    }
}

impl Fronts {
    /// Adds the three columns of paths, one after the other.
    pub fn write<'a>(paths: impl ExactSizeIterator<Item = &'a [u8]>, columns: &mut Columns) {
        let (mut steps, mut lengths) = (Vec::with_capacity(paths.len()), Vec::with_capacity(paths.len()));
        let (mut text, mut last, mut name) = (Vec::new(), &[][..], NameStart::default());
        let mut ends_tell = true;
        for path in paths {
            let shared = in_common(last, path);
            let own = &path[shared..];
            steps.push(zigzag((shared as u64).wrapping_sub(name.0 as u64).cast_signed()));
            lengths.push(own.len() as u64);
            ends_tell &= memchr::memchr(0, own).is_none();
            text.extend_from_slice(own);
            text.push(0);
            name.next(shared, split(own).0.len());
            last = path;
        }
        if ends_tell {
            lengths.fill(0);
        }
        columns.numbers(&steps, Layout::Fixed);
        columns.numbers(&lengths, Layout::Fixed);
        columns.bytes(&text);
    }

    /// From the columns at these places (bytes shared with the one before, bytes of its own, and these) of a segment of
    /// that format.
    pub fn decode(format: u32, stored: &Stored, places: [usize; 3], count: usize) -> Result<Self, Damaged> {
        if format >= ENDED_FROM {
            return Self::ended(stored, places, count);
        }
        let [shared, lengths, text] = places;
        let shared = stored.small(shared, count, MAX_SECTION as u64)?;
        let lengths = stored.small(lengths, count, MAX_SECTION as u64)?;
        let text = stored.bytes(text)?;
        if lengths.iter().map(|length| u64::from(*length)).sum::<u64>() != text.len() as u64 {
            return Err(Damaged("paths have another length than their text"));
        }
        Ok(Self { shared, lengths, text, between: 0 })
    }

    /// Each with a zero byte behind it.
    fn ended(stored: &Stored, [steps, lengths, text]: [usize; 3], count: usize) -> Result<Self, Damaged> {
        let mut steps = stored.small(steps, count, u64::from(u32::MAX))?.into_iter();
        let told = match stored.constant(lengths) {
            Some(0) => None,
            _ => Some(stored.small(lengths, count, MAX_SECTION as u64)?),
        };
        let text = stored.bytes(text)?;
        let (mut shared, mut lengths) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut start, mut name) = (0, NameStart::default());
        let mut add = |own: usize, directory: usize| {
            let step = unzigzag(u64::from(steps.next().ok_or(ENDS)?));
            let before = i64::try_from(name.0).ok().and_then(|name| name.checked_add(step));
            let before = before.and_then(|shared| u32::try_from(shared).ok()).ok_or(DAMAGED)?;
            shared.push(before);
            lengths.push(u32::try_from(own).map_err(|_| ENDS)?);
            name.next(before as usize, directory);
            Ok(())
        };
        if let Some(told) = told {
            for own in told {
                let bytes = text.get(start..).and_then(|rest| rest.get(..own as usize)).ok_or(ENDS)?;
                add(bytes.len(), split(bytes).0.len())?;
                start += bytes.len() + 1;
            }
        } else {
            let mut directory = 0;
            for at in memchr::memchr2_iter(0, b'/', &text) {
                if text[at] == b'/' {
                    directory = at + 1 - start;
                } else {
                    add(at - start, std::mem::take(&mut directory))?;
                    start = at + 1;
                }
            }
        }
        if shared.len() == count && start == text.len() {
            Ok(Self { shared, lengths, text, between: 1 })
        } else {
            Err(ENDS)
        }
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.shared.len()
    }

    /// Bytes of all paths, put together.
    pub fn total(&self) -> u64 {
        self.shared.iter().chain(&self.lengths).map(|length| u64::from(*length)).sum()
    }

    /// Of each path the bytes shared with the one before (which may not have so many), and the others.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut rest = self.text.as_slice();
        self.shared.iter().zip(&self.lengths).map(move |(shared, length)| {
            let (own, later) = rest.split_at_checked(*length as usize).unwrap_or_default();
            rest = later.get(self.between..).unwrap_or_default();
            (*shared as usize, own)
        })
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
            (start, last) = (end + self.between, shared + *length as usize);
        }
        Ok(None)
    }

    /// A path, put together from the last byte on.
    pub fn get(&self, index: usize) -> Result<String, Damaged> {
        let missing = Damaged("a path is missing");
        let (shared, lengths) = self.shared.get(..=index).zip(self.lengths.get(..=index)).ok_or(missing)?;
        let mut end: usize = lengths.iter().map(|length| *length as usize + self.between).sum();
        let mut needed = shared.last().zip(lengths.last()).map_or(0, |(a, b)| *a as usize + *b as usize);
        if needed > MAX_SECTION {
            return Err(DAMAGED);
        }
        let mut path = vec![0; needed];
        for (shared, length) in shared.iter().zip(lengths).rev() {
            let (shared, start) = (*shared as usize, end - *length as usize - self.between);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Fronts, Stored};
    use crate::block::column::{Columns, Form};
    use crate::block::files::split;
    use crate::block::paths::Paths;
    use crate::bytes::Damaged;

    fn written(paths: &[&str]) -> Vec<u8> {
        let mut columns = Columns::new(Form::Closed(3));
        Fronts::write(paths.iter().map(|path| path.as_bytes()), &mut columns);
        columns.finish()
    }

    fn read(value: Vec<u8>, count: usize) -> Result<Fronts, Damaged> {
        let stored = Stored::open(Arc::new(value), 0, |_| Ok(3))?;
        Fronts::decode(migrations::CURRENT, &stored, [0, 1, 2], count)
    }

    #[test]
    fn paths_come_back_one_by_one_and_all_together() {
        let mut list = vec![
            "",
            "/",
            "/a",
            "/a/b",
            "/a/b/c",
            "/a/b/c/d.rs",
            "/a/b/c/d.rs~",
            "/a/bc",
            "/a/b/cd/e",
            "/z/\u{e4}\u{f6}",
            "/z/\u{e4}\u{fc}",
            "socket:[5]",
        ];
        for zero in ["", "/a/b/with\0zero", "\0"] {
            list.push(zero);
            for by_bytes in [false, true] {
                list.sort_unstable();
                list.dedup();
                if !by_bytes {
                    list.sort_unstable_by_key(|path| split(*path));
                }
                let fronts = read(written(&list), list.len()).unwrap();
                assert_eq!(Paths::of(&fronts).unwrap().iter().collect::<Vec<_>>(), list);
                for (place, path) in list.iter().enumerate() {
                    assert_eq!(fronts.get(place).unwrap(), *path);
                    assert_eq!(fronts.find(path).unwrap(), Some(place), "{path:?}");
                }
                assert_eq!(fronts.find("/a/b/x").unwrap(), None);
            }
        }
    }

    #[test]
    fn another_number_of_paths_than_there_are_is_damage() {
        let value = written(&["/a/b", "/a/c"]);
        for count in [0, 1, 3] {
            assert!(read(value.clone(), count).is_err(), "{count}");
        }
    }
}
