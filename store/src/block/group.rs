//! Files of a block in groups: what is asked for a few paths unpacks the groups that have them, not the whole table.
//!
//! Files are in order of directory, then name; a group begins with another path than the one before ends with.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use event::{File, FileFacts, Nanos};

use super::column::Stored;
use super::paths::Paths;
use super::place;
use super::tables::{Lazy, lazy};
use crate::bytes::{Damaged, Input, unzigzag};

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
    list: Lazy<Paths>,
    file_paths: Lazy<Vec<u32>>,
    facts: Lazy<Box<Facts>>,
}

/// Texts that facts refer to.
#[derive(Debug)]
pub(super) struct Names {
    pub filesystems: Vec<Arc<str>>,
    pub mount_paths: Vec<Arc<str>>,
}

/// Columns over files.
#[derive(Debug)]
struct Facts {
    flags: Vec<u32>,
    /// One more than the place in the columns below; 0 for a file of which nothing is known.
    known: Vec<u32>,
    inodes: Vec<u64>,
    modes: Vec<u32>,
    uids: Vec<u32>,
    gids: Vec<u32>,
    /// Modification and change time.
    times: Vec<(Nanos, Nanos)>,
    mounts: Vec<u32>,
    filesystems: Vec<u32>,
    mount_paths: Vec<u32>,
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
            list: Lazy::new(),
            file_paths: Lazy::new(),
            facts: Lazy::new(),
        }
    }

    /// All files of a block of format 1, their facts left out.
    pub(super) fn ready(paths: Paths, file_paths: Vec<u32>) -> Self {
        Self {
            stored: None,
            files: 0..file_paths.len(),
            paths: 0..paths.len(),
            odd_by_place: true,
            list: Ok(paths).into(),
            file_paths: Ok(file_paths).into(),
            facts: Lazy::new(),
        }
    }

    fn stored(&self) -> Result<&Stored, Damaged> {
        self.stored.as_ref().ok_or(Damaged("a column is missing"))
    }

    /// Its paths.
    pub fn list(&self) -> Result<&Paths, Damaged> {
        lazy(&self.list, || Paths::decode(self.stored()?, self.paths.len()))
    }

    /// Path of each of its files: index into [`Self::list`], always in range. It never falls.
    pub fn file_paths(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let mut path = 0_u32;
            let starts = self.stored()?.small(place::PATH_STARTS, self.files.len(), 1)?;
            let places = starts.into_iter().map(|new| {
                path = path.wrapping_add(new);
                path.wrapping_sub(1)
            });
            let places: Vec<u32> = places.collect();
            if path as usize == self.paths.len() && places.first().is_none_or(|first| *first == 0) {
                Ok(places)
            } else {
                Err(Damaged("files and paths do not agree"))
            }
        };
        lazy(&self.file_paths, decode).map(Vec::as_slice)
    }

    /// Which pages of the block have each of its paths, a bit each; all of them if it has but one page.
    pub fn pages(&self) -> Result<Vec<u64>, Damaged> {
        match &self.stored {
            Some(stored) => stored.numbers(place::PATH_PAGES, self.paths.len()),
            None => Ok(vec![1; self.paths.len()]),
        }
    }

    /// A file, by its index in the block.
    pub(super) fn file(&self, index: usize, names: &Names) -> Result<File, Damaged> {
        let missing = Damaged("an event is incomplete");
        let facts = lazy(&self.facts, || {
            Facts::decode(self.stored()?, self.files.len(), names, self.odd_by_place).map(Box::new)
        })?;
        let index = index.checked_sub(self.files.start).ok_or(missing)?;
        let path = *self.file_paths()?.get(index).ok_or(missing)?;
        let path = self.list()?.get(path as usize).ok_or(missing)?.to_owned();
        facts.file(index, path, names).ok_or(missing)
    }
}

impl Facts {
    fn decode(stored: &Stored, files: usize, names: &Names, odd_by_place: bool) -> Result<Self, Damaged> {
        let all = u64::from(u32::MAX);
        let mut facts = 0;
        let known = stored.small(place::FACTS_KNOWN, files, 1)?.into_iter().map(|known| {
            facts += known;
            known * facts
        });
        let known: Vec<u32> = known.collect();
        let facts = facts as usize;
        let mut inode = 0_u64;
        let inodes = stored.numbers(place::INODES, facts)?.into_iter().map(|step| {
            inode = inode.wrapping_add(unzigzag(step).cast_unsigned());
            inode
        });
        let last = |names: &[Arc<str>]| (names.len() as u64).saturating_sub(1);
        let odd = stored.bytes(place::ODD)?;
        Ok(Self {
            flags: stored.small(place::FILE_FLAGS, files, all)?,
            known,
            inodes: inodes.collect(),
            modes: stored.small(place::MODES, facts, all)?,
            uids: stored.small(place::UIDS, facts, all)?,
            gids: stored.small(place::GIDS, facts, all)?,
            times: file_times(stored, facts)?,
            mounts: stored.small(place::MOUNTS, facts, all)?,
            filesystems: stored.small(place::FILESYSTEMS, facts, last(&names.filesystems))?,
            mount_paths: stored.small(place::MOUNT_PATHS, facts, last(&names.mount_paths))?,
            odd: odd_files(&odd, odd_by_place)?,
        })
    }

    fn file(&self, index: usize, path: String, names: &Names) -> Option<File> {
        let (raw, error) = self.odd.get(&(index as u64)).cloned().unwrap_or_default();
        let mut file = File { path, raw, error, flags: *self.flags.get(index)?, ..File::default() };
        if let Some(at) = self.known.get(index)?.checked_sub(1) {
            let at = at as usize;
            let (mtime, ctime) = *self.times.get(at)?;
            file.facts = Some(FileFacts {
                inode: *self.inodes.get(at)?,
                mode: *self.modes.get(at)?,
                uid: *self.uids.get(at)?,
                gid: *self.gids.get(at)?,
                mtime,
                ctime,
                mount_id: *self.mounts.get(at)?,
                filesystem: names.filesystems.get(*self.filesystems.get(at)? as usize)?.to_string(),
                mount_path: Arc::clone(names.mount_paths.get(*self.mount_paths.get(at)? as usize)?),
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
    let times = codes.as_chunks::<2>().0.iter().map(|[modified, changed]| {
        let (mtime, at) = place(*modified, likely)?;
        likely = at;
        Ok((mtime, place(*changed, at)?.0))
    });
    times.collect()
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
