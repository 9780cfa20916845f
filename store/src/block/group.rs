//! Files of a block in groups: what is asked for a few paths unpacks the groups that have them, not the whole table.
//!
//! Files are in order of directory, then name; a group begins with another path than the one before ends with.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event::{File, FileFacts, Nanos};

use super::column::Stored;
use super::fronts::Fronts;
use super::layout::Laid;
use super::numbers::Numbers;
use super::paths::Paths;
use super::place;
use super::tables::{Lazy, lazy};
use crate::bytes::{Damaged, Input, unzigzag};

/// So many paths of a group are put together one by one; who asks for more has all of them.
const SINGLE_PATHS: usize = 12;

/// Raw path and error of a file that has one.
type Odd = (Option<Vec<u8>>, Option<String>);

/// A group; each part is decoded when it is asked for.
#[derive(Debug)]
pub struct Group {
    /// `None` if all is decoded: format 1.
    stored: Option<Stored>,
    /// Of the block's files those that are here.
    pub files: Range<usize>,
    /// Likewise of its paths.
    pub paths: Range<usize>,
    /// Whether odd files are told by their places, not by steps: format 2.
    odd_by_place: bool,
    fronts: Lazy<Fronts>,
    /// Paths put together one by one.
    single: AtomicUsize,
    list: Lazy<Paths>,
    /// First file of each path, counted in the group.
    starts: Lazy<Vec<u32>>,
    pages: Lazy<Numbers>,
    facts: Lazy<Box<Facts>>,
}

/// Texts that facts refer to.
#[derive(Debug)]
pub(super) struct Names {
    pub filesystems: Vec<Arc<str>>,
    pub mount_paths: Vec<Arc<str>>,
}

/// Columns over files. Those whose numbers tell steps are made ready, of the others few numbers are asked for.
#[derive(Debug)]
struct Facts {
    flags: Numbers,
    /// One more than the place in the columns below; 0 for a file of which nothing is known. `None` if all are known.
    ranks: Option<Vec<u32>>,
    inodes: Vec<u64>,
    modes: Numbers,
    uids: Numbers,
    gids: Numbers,
    /// Modification and change time.
    times: Vec<(Nanos, Nanos)>,
    mounts: Numbers,
    filesystems: Numbers,
    mount_paths: Numbers,
    odd: HashMap<u64, Odd>,
}

impl Group {
    /// By its columns.
    pub(super) fn new(stored: Stored, files: Range<usize>, paths: Range<usize>, odd_by_place: bool) -> Self {
        Self {
            stored: Some(stored),
            files,
            paths,
            odd_by_place,
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
            odd_by_place: true,
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
        lazy(&self.fronts, || Fronts::decode(self.stored()?, places, self.paths.len()))
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
        let facts = lazy(&self.facts, || {
            Facts::decode(self.stored()?, self.files.len(), self.odd_by_place).map(Box::new)
        })?;
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
        facts.file(index, path, names).ok_or(missing)
    }
}

impl Facts {
    fn decode(stored: &Stored, files: usize, odd_by_place: bool) -> Result<Self, Damaged> {
        let ranks = match stored.constant(place::FACTS_KNOWN) {
            Some(1) => None,
            _ => {
                let mut facts = 0;
                let known = stored.small(place::FACTS_KNOWN, files, 1)?.into_iter().map(|known| {
                    facts += known;
                    known * facts
                });
                Some(known.collect::<Vec<u32>>())
            }
        };
        let facts = match &ranks {
            None => files,
            Some(ranks) => ranks.iter().copied().max().unwrap_or(0) as usize,
        };
        let mut inode = 0_u64;
        let inodes = stored.numbers(place::INODES, facts)?.into_iter().map(|step| {
            inode = inode.wrapping_add(unzigzag(step).cast_unsigned());
            inode
        });
        let odd = stored.bytes(place::ODD)?;
        Ok(Self {
            flags: stored.lookup(place::FILE_FLAGS, files)?,
            ranks,
            inodes: inodes.collect(),
            modes: stored.lookup(place::MODES, facts)?,
            uids: stored.lookup(place::UIDS, facts)?,
            gids: stored.lookup(place::GIDS, facts)?,
            times: file_times(stored, facts)?,
            mounts: stored.lookup(place::MOUNTS, facts)?,
            filesystems: stored.lookup(place::FILESYSTEMS, facts)?,
            mount_paths: stored.lookup(place::MOUNT_PATHS, facts)?,
            odd: odd_files(&odd, odd_by_place)?,
        })
    }

    fn file(&self, index: usize, path: String, names: &Names) -> Option<File> {
        let (raw, error) = self.odd.get(&(index as u64)).cloned().unwrap_or_default();
        let mut file = File { path, raw, error, flags: self.flags.small(index)?, ..File::default() };
        let at = match &self.ranks {
            None => Some(index),
            Some(ranks) => ranks.get(index)?.checked_sub(1).map(|at| at as usize),
        };
        if let Some(at) = at {
            let (mtime, ctime) = *self.times.get(at)?;
            file.facts = Some(FileFacts {
                inode: *self.inodes.get(at)?,
                mode: self.modes.small(at)?,
                uid: self.uids.small(at)?,
                gid: self.gids.small(at)?,
                mtime,
                ctime,
                mount_id: self.mounts.small(at)?,
                filesystem: Arc::clone(names.filesystems.get(self.filesystems.small(at)? as usize)?),
                mount_path: Arc::clone(names.mount_paths.get(self.mount_paths.small(at)? as usize)?),
            });
        }
        Some(file)
    }
}

/// Modification and change times of files, out of codes and distinct times: see the encoder.
fn file_times(stored: &Stored, files: usize) -> Result<Vec<(Nanos, Nanos)>, Damaged> {
    let codes = stored.numbers(place::FILE_TIMES, 2 * files)?;
    let count = codes.iter().filter(|code| **code == 0).count();
    let mut last = 0_i64;
    let distinct = stored.numbers(place::DISTINCT_TIMES, count)?.into_iter().map(|step| {
        last = last.wrapping_add(unzigzag(step));
        last
    });
    let distinct: Vec<Nanos> = distinct.collect();
    let (mut likely, mut next) = (0_i64, 0_i64);
    let mut place = |code: u64, likely: i64| {
        let place = match code.checked_sub(1) {
            Some(step) => likely.wrapping_add(unzigzag(step)),
            None => {
                next += 1;
                next - 1
            }
        };
        let time = usize::try_from(place).ok().and_then(|place| distinct.get(place));
        time.map(|time| (*time, place)).ok_or(Damaged("a file has no such time"))
    };
    let mut times = Vec::with_capacity(files);
    for [modified, changed] in codes.as_chunks::<2>().0 {
        let (mtime, at) = place(*modified, likely)?;
        likely = at;
        times.push((mtime, place(*changed, at)?.0));
    }
    Ok(times)
}

impl Names {
    pub(super) fn decode(stored: &Stored) -> Result<Self, Damaged> {
        Ok(Self {
            filesystems: texts(&stored.bytes(place::FILESYSTEM_NAMES)?)?,
            mount_paths: texts(&stored.bytes(place::MOUNT_PATH_TEXTS)?)?,
        })
    }
}

fn texts(bytes: &[u8]) -> Result<Vec<Arc<str>>, Damaged> {
    let mut input = Input(bytes);
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    (0..input.count()?)
        .map(|_| {
            std::str::from_utf8(input.bytes()?).map(Arc::from).map_err(|_| Damaged("a text is not UTF-8"))
        })
        .collect()
}

fn odd_files(bytes: &[u8], by_place: bool) -> Result<HashMap<u64, Odd>, Damaged> {
    let mut input = Input(bytes);
    if bytes.is_empty() {
        return Ok(HashMap::new());
    }
    let mut place = 0_u64;
    (0..input.count()?)
        .map(|_| {
            let step = input.number()?;
            place = if by_place { step } else { place.wrapping_add(step) };
            let odd =
                rmp_serde::from_slice(input.bytes()?).map_err(|_| Damaged("a file's error is damaged"))?;
            Ok((place, odd))
        })
        .collect()
}
