//! What is known of the files of a group besides their paths.

use std::collections::HashMap;
use std::sync::Arc;

use event::{File, FileFacts, Nanos};

use super::column::Stored;
use super::forward::Forward;
use super::numbers::Numbers;
use super::place;
use super::tables::PAGES_FROM;
use crate::bytes::{Damaged, Input, unzigzag};

/// Raw path and error of a file that has one.
type Odd = (Option<Vec<u8>>, Option<String>);

/// Texts that facts refer to.
#[derive(Debug)]
pub struct Names {
    pub filesystems: Vec<Arc<str>>,
    pub mount_paths: Vec<Arc<str>>,
}

/// Columns over files. Those whose numbers tell steps are decoded as far as they are asked for, of the others few numbers are.
#[derive(Debug)]
pub struct Facts {
    flags: Numbers,
    /// One more than the place in the columns below; 0 for a file of which nothing is known. `None` if all are known.
    ranks: Option<Vec<u32>>,
    /// How many files have facts.
    count: usize,
    /// As signed numbers, since that is how their steps are told.
    inodes: Forward<i64>,
    modes: Numbers,
    uids: Numbers,
    gids: Numbers,
    /// Modification and change time.
    times: Forward<(Nanos, Nanos)>,
    mounts: Numbers,
    filesystems: Numbers,
    mount_paths: Numbers,
    odd: HashMap<u64, Odd>,
}

impl Facts {
    /// Of a group of so many files of a block of that format. Little is decoded yet.
    pub fn decode(format: u32, stored: &Stored, files: usize) -> Result<Self, Damaged> {
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
        let odd = stored.bytes(place::ODD)?;
        Ok(Self {
            flags: stored.lookup(place::FILE_FLAGS, files)?,
            ranks,
            count: facts,
            inodes: Forward::new(),
            modes: stored.lookup(place::MODES, facts)?,
            uids: stored.lookup(place::UIDS, facts)?,
            gids: stored.lookup(place::GIDS, facts)?,
            times: Forward::new(),
            mounts: stored.lookup(place::MOUNTS, facts)?,
            filesystems: stored.lookup(place::FILESYSTEMS, facts)?,
            mount_paths: stored.lookup(place::MOUNT_PATHS, facts)?,
            odd: odd_files(&odd, format < PAGES_FROM)?,
        })
    }

    /// A file, by its index in the group.
    pub fn file(&self, stored: &Stored, index: usize, path: String, names: &Names) -> Result<File, Damaged> {
        let missing = Damaged("an event is incomplete");
        let (raw, error) = self.odd.get(&(index as u64)).cloned().unwrap_or_default();
        let flags = self.flags.small(index).ok_or(missing)?;
        let mut file = File { path, raw, error, flags, ..File::default() };
        let at = match &self.ranks {
            None => Some(index),
            Some(ranks) => ranks.get(index).ok_or(missing)?.checked_sub(1).map(|at| at as usize),
        };
        if let Some(at) = at {
            let rows = (at, at, self.count);
            let inode =
                self.inodes.get(rows, |first| stored.first_sums(place::INODES, self.count, first, 0))?;
            let times = self.times.get(rows, |first| first_times(stored, self.count, first))?;
            file.facts = Some(self.facts(at, inode.cast_unsigned(), times, names).ok_or(missing)?);
        }
        Ok(file)
    }

    fn facts(&self, at: usize, inode: u64, times: (Nanos, Nanos), names: &Names) -> Option<FileFacts> {
        Some(FileFacts {
            inode,
            mode: self.modes.small(at)?,
            uid: self.uids.small(at)?,
            gid: self.gids.small(at)?,
            mtime: times.0,
            ctime: times.1,
            mount_id: self.mounts.small(at)?,
            filesystem: Arc::clone(names.filesystems.get(self.filesystems.small(at)? as usize)?),
            mount_path: Arc::clone(names.mount_paths.get(self.mount_paths.small(at)? as usize)?),
        })
    }
}

/// Modification and change times of the first of so many files, out of codes and distinct times: see the encoder.
fn first_times(stored: &Stored, files: usize, first: usize) -> Result<Vec<(Nanos, Nanos)>, Damaged> {
    let codes = stored.numbers(place::FILE_TIMES, 2 * files)?;
    let new = |codes: &[u64]| codes.iter().filter(|code| **code == 0).count();
    let count = new(&codes);
    let codes = &codes[..2 * first.min(files)];
    let distinct = stored.first_sums(place::DISTINCT_TIMES, count, new(codes), 0)?;
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
    let mut times = Vec::with_capacity(first);
    for [modified, changed] in codes.as_chunks::<2>().0 {
        let (mtime, at) = place(*modified, likely)?;
        likely = at;
        times.push((mtime, place(*changed, at)?.0));
    }
    Ok(times)
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

impl Names {
    /// Out of a block's tables.
    pub fn decode(stored: &Stored) -> Result<Self, Damaged> {
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
