//! Distinct paths of a block.

use std::ops::Range;

use super::files::split;
use super::fronts::Fronts;
use crate::bytes::Damaged;
use crate::limits::MAX_SECTION;

/// Distinct paths in one piece of memory, in order: by bytes in blocks of format 1, by directory (up to the last slash) and
/// then by name in later ones. Ask [`Paths::starting_with`] instead of relying on it.
#[derive(Debug, Default)]
pub struct Paths {
    text: String,
    /// Behind the last byte of each.
    ends: Vec<u32>,
    by_bytes: bool,
}

impl Paths {
    /// None yet, to be added in order of bytes.
    pub(super) fn by_bytes() -> Self {
        Self { by_bytes: true, ..Self::default() }
    }

    /// Adds one.
    pub(super) fn push(&mut self, path: &str) {
        self.text.push_str(path);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// All of them, put together.
    pub(super) fn of(fronts: &Fronts) -> Result<Self, Damaged> {
        let total = usize::try_from(fronts.total()).ok().filter(|total| *total <= MAX_SECTION);
        let mut text: Vec<u8> = Vec::with_capacity(total.ok_or(Damaged("paths are too long"))?);
        let mut ends = Vec::with_capacity(fronts.len());
        let mut last = 0;
        for (shared, own) in fronts.iter() {
            let start = text.len();
            if shared > start - last {
                return Err(Damaged("a path shares more than there is"));
            }
            text.extend_from_within(last..last + shared);
            text.extend_from_slice(own);
            last = start;
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        let text = String::from_utf8(text).map_err(|_| Damaged("a path is not UTF-8"))?;
        // Each is UTF-8 if it begins and ends between characters.
        if !ends.iter().all(|end| text.is_char_boundary(*end as usize)) {
            return Err(Damaged("a path is not UTF-8"));
        }
        Ok(Self { text, ends, by_bytes: false })
    }

    /// Adds others behind them.
    pub(super) fn append(&mut self, others: &Self) {
        let before = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&others.text);
        self.ends.extend(others.ends.iter().map(|end| end.saturating_add(before)));
    }

    /// Of the first paths of some groups: the groups that can have paths that start with some text, or just that path.
    pub(super) fn groups(&self, prefix: &str, exact: bool) -> impl Iterator<Item = usize> {
        let [first, second] = if exact {
            let behind = self.partition(|path| split(path) <= split(prefix));
            [behind..behind, 0..0]
        } else {
            self.starting_with(prefix)
        };
        // The group before can end with some.
        let first = first.start.saturating_sub(1)..first.end;
        let second = second.start.saturating_sub(1).max(first.end)..second.end;
        first.chain(second)
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The first path of which a question that is no longer answered yes from somewhere on is answered no.
    fn partition(&self, yes: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&yes) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The paths that start with some text (all of them if it is empty): their indexes, as two ranges that do not overlap.
    pub fn starting_with(&self, prefix: &str) -> [Range<usize>; 2] {
        if self.by_bytes {
            let from = self.partition(|path| path < prefix);
            let to = self.partition(|path| path < prefix || path.starts_with(prefix));
            return [from..to, 0..0];
        }
        let (directory, start) = split(prefix);
        // Below the directory that the prefix names, or begins to name.
        let prefix = prefix.as_bytes();
        let from = self.partition(|path| split(path).0 < prefix);
        let to = self.partition(|path| split(path).0 < prefix || split(path).0.starts_with(prefix));
        if start.is_empty() {
            // A directory, and files whose path has no slash start with nothing but themselves.
            return [from..to, 0..0];
        }
        // Directly in the directory.
        let first = self.partition(|path| split(path) < (directory, start));
        let last = self.partition(|path| {
            let (other, name) = split(path);
            (other, name) < (directory, start) || (other == directory && name.starts_with(start))
        });
        [first..last, from..to]
    }

    /// Index of a path.
    pub fn find(&self, path: &str) -> Option<usize> {
        let at = if self.by_bytes {
            self.partition(|other| other < path)
        } else {
            self.partition(|other| split(other) < split(path))
        };
        (self.get(at) == Some(path)).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Paths, split};

    #[test]
    fn prefixes_are_found_in_either_order() {
        let mut list = vec![
            "",
            "a",
            "/",
            "/a",
            "/a/b",
            "/a/bc",
            "/a/b/c",
            "/a/b/cc/d",
            "/a-b/c",
            "/a/c",
            "/ab/x",
            "/a/b.d/e",
            "/b",
        ];
        for by_bytes in [true, false] {
            if by_bytes {
                list.sort_unstable();
            } else {
                list.sort_unstable_by_key(|path| split(*path));
            }
            let mut paths = Paths { by_bytes, ..Paths::default() };
            for path in &list {
                paths.push(path);
            }
            for prefix in list.iter().copied().chain(["/a/b/c/", "/a-", "x", "/a/b/cc", "/zz/"]) {
                let mut found: Vec<&str> = paths
                    .starting_with(prefix)
                    .into_iter()
                    .flatten()
                    .map(|at| paths.get(at).unwrap())
                    .collect();
                let count = found.len();
                found.sort_unstable();
                found.dedup();
                assert_eq!(found.len(), count, "{prefix}: found twice");
                let mut expected: Vec<&str> =
                    list.iter().copied().filter(|path| path.starts_with(prefix)).collect();
                expected.sort_unstable();
                assert_eq!(found, expected, "{prefix}");
                assert_eq!(paths.find(prefix).is_some(), list.contains(&prefix), "{prefix}");
            }
        }
    }
}
