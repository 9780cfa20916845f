//! Files of a block in groups: what is asked for a few paths unpacks the groups that have them, not the whole table.
//!
//! Files are in order of directory, then name; a group begins with another path than the one before ends with.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use event::File;

use super::column::Stored;
use super::facts::{Facts, Names};
use super::fronts::Fronts;
use super::layout::Laid;
use super::numbers::Numbers;
use super::paths::Paths;
use super::place;
use super::tables::{Lazy, lazy};
use crate::bytes::Damaged;

/// So many paths of a group are put together one by one; who asks for more has all of them.
const SINGLE_PATHS: usize = 12;

/// A group; each part is decoded when it is asked for.
#[derive(Debug)]
pub struct Group {
    /// `None` if all is decoded: format 1.
    stored: Option<Stored>,
    /// Of the block's files those that are here.
    pub files: Range<usize>,
    /// Likewise of its paths.
    pub paths: Range<usize>,
    /// Version of the segment's format.
    format: u32,
    fronts: Lazy<Fronts>,
    /// Paths put together one by one.
    single: AtomicUsize,
    list: Lazy<Paths>,
    /// First file of each path, counted in the group.
    starts: Lazy<Vec<u32>>,
    pages: Lazy<Numbers>,
    facts: Lazy<Box<Facts>>,
}

impl Group {
    /// By its columns.
    pub(super) fn new(format: u32, stored: Stored, files: Range<usize>, paths: Range<usize>) -> Self {
        Self {
            stored: Some(stored),
            files,
            paths,
            format,
            fronts: Lazy::new(),
            single: AtomicUsize::new(0),
            list: Lazy::new(),
            starts: Lazy::new(),
            pages: Lazy::new(),
            facts: Lazy::new(),
        }
    }

    /// All files of a block of format 1, their facts left out; `starts` are the first files of its paths.
    pub(super) fn ready(paths: Paths, files: usize, starts: Vec<u32>) -> Self {
        Self {
            stored: None,
            files: 0..files,
            paths: 0..paths.len(),
            format: 1,
            fronts: Lazy::new(),
            single: AtomicUsize::new(0),
            list: Ok(paths).into(),
            starts: Ok(starts).into(),
            pages: Lazy::new(),
            facts: Lazy::new(),
        }
    }

    fn stored(&self) -> Result<&Stored, Damaged> {
        self.stored.as_ref().ok_or(Damaged("a column is missing"))
    }

    fn fronts(&self) -> Result<&Fronts, Damaged> {
        let places = [place::PATH_SHARED, place::PATH_LENGTHS, place::PATH_TEXT];
        lazy(&self.fronts, || Fronts::decode(self.format, self.stored()?, places, self.paths.len()))
    }

    /// Its paths.
    pub fn list(&self) -> Result<&Paths, Damaged> {
        lazy(&self.list, || Paths::of(self.fronts()?))
    }

    /// Index of a path in [`Self::list`]. The others are not put together.
    pub fn find(&self, path: &str) -> Result<Option<usize>, Damaged> {
        match self.list.get() {
            Some(Ok(list)) => Ok(list.find(path)),
            _ => self.fronts()?.find(path),
        }
    }

    /// First file of each path, counted in the group; it grows.
    fn starts(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let begins = self.stored()?.small(place::PATH_STARTS, self.files.len(), 1)?;
            let mut starts: Vec<u32> = Vec::with_capacity(self.paths.len().min(begins.len()));
            starts.extend((0..).zip(&begins).filter(|(_, begins)| **begins == 1).map(|(file, _)| file));
            if starts.len() == self.paths.len() && begins.first().is_none_or(|begins| *begins == 1) {
                Ok(starts)
            } else {
                Err(Damaged("files and paths do not agree"))
            }
        };
        lazy(&self.starts, decode).map(Vec::as_slice)
    }

    /// Files of a path, by their indexes in the block.
    pub fn files_of(&self, path: usize) -> Result<Range<usize>, Damaged> {
        let starts = self.starts()?;
        let first = *starts.get(path).ok_or(Damaged("a path is missing"))? as usize;
        let end = starts.get(path + 1).map_or(self.files.len(), |end| *end as usize);
        Ok(self.files.start + first..self.files.start + end)
    }

    /// Path of each of its files: index into [`Self::list`], always in range. It never falls.
    pub fn file_paths(&self) -> Result<Vec<u32>, Damaged> {
        let (starts, mut paths) = (self.starts()?, Vec::with_capacity(self.files.len()));
        let ends = starts.iter().skip(1).map(|end| *end as usize).chain([self.files.len()]);
        for (path, end) in (0..).zip(ends.take(starts.len())) {
            paths.resize(end, path);
        }
        Ok(paths)
    }

    /// Which pages of the block have each of its paths, a bit each; all of them if it has but one page.
    pub fn pages(&self) -> Result<&Numbers, Damaged> {
        lazy(&self.pages, || match &self.stored {
            Some(stored) => stored.lookup(place::PATH_PAGES, self.paths.len()),
            None => Numbers::new(Laid::Constant(1), self.paths.len()),
        })
    }

    /// Bytes in memory, about, once all is decoded.
    pub fn size(&self) -> usize {
        // Paths are put together only if many are asked for; facts have two times and an inode.
        let stored = self.stored.as_ref().map_or(0, |stored| 3 * stored.range(0..place::GROUP).len());
        size_of::<Self>() + self.files.len() * 40 + self.paths.len() * 20 + stored
    }

    /// A file, by its index in the block.
    pub(super) fn file(&self, index: usize, names: &Names) -> Result<File, Damaged> {
        let missing = Damaged("an event is incomplete");
        let stored = self.stored()?;
        let facts = lazy(&self.facts, || Facts::decode(self.format, stored, self.files.len()).map(Box::new))?;
        let index =
            index.checked_sub(self.files.start).filter(|index| *index < self.files.len()).ok_or(missing)?;
        let path =
            self.starts()?.partition_point(|start| *start as usize <= index).checked_sub(1).ok_or(missing)?;
        let many = || self.single.fetch_add(1, Ordering::Relaxed) >= SINGLE_PATHS;
        let path = if self.list.get().is_some() || many() {
            self.list()?.get(path).ok_or(missing)?.to_owned()
        } else {
            self.fronts()?.get(path)?
        };
        facts.file(stored, index, path, names)
    }
}
