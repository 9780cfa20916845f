//! What is looked at only for events that fit: files' facts and details.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use event::{Detail, File, FileFacts, Nanos};

use super::column::Stored;
use super::core::Core;
use super::place;
use super::tables::{Source, Tables};
use super::version1;
use super::zone::Zone;
use crate::bytes::{Damaged, Input, unzigzag};

/// Files' facts and details of a block.
#[derive(Debug)]
pub struct Rest {
    pub(super) files: Files,
    pub(super) details: Details,
}

/// Distinct files, their paths left out.
#[derive(Debug)]
pub(super) enum Files {
    /// Ready.
    Whole(Vec<File>),
    /// Put together when asked for.
    Facts(Box<Facts>),
}

/// Details of events.
#[derive(Debug)]
pub(super) struct Details {
    /// Decoded when asked for; `None` for one that is damaged.
    pub list: Vec<OnceLock<Option<Detail>>>,
    /// As `MessagePack`, and where each ends; empty if all are decoded.
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
    /// Of each event, in format 1; later on shapes have it.
    pub column: Option<Vec<u32>>,
}

/// Columns over files.
#[derive(Debug)]
pub(super) struct Facts {
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
    filesystem_names: Vec<Arc<str>>,
    mount_paths: Vec<u32>,
    mount_path_texts: Vec<Arc<str>>,
    odd: HashMap<u64, Odd>,
}

/// Raw path and error of a file that has one.
type Odd = (Option<Vec<u8>>, Option<String>);

impl Rest {
    /// From a block that [`Tables::decode`] read.
    pub fn decode(zone: &Zone, tables: &Tables) -> Result<Self, Damaged> {
        match &tables.source {
            Source::Version1 { value, .. } => version1::rest(zone, tables.file_count(), value),
            Source::Columns { tables: stored, .. } => Ok(Self {
                files: Files::Facts(Box::new(Facts::decode(stored, tables.file_count())?)),
                details: Details::decode(stored)?,
            }),
        }
    }

    /// A distinct file, its path left empty.
    pub(super) fn file(&self, index: usize) -> Option<File> {
        match &self.files {
            Files::Whole(files) => files.get(index).cloned(),
            Files::Facts(facts) => facts.file(index),
        }
    }

    /// Number of an event's detail within the block: equal details have one number.
    pub(super) fn detail_number(&self, core: &Core, row: usize) -> Option<u32> {
        match &self.details.column {
            Some(column) => column.get(core.from() + row).copied(),
            None => core.shape(row).ok().map(|shape| shape.detail),
        }
    }

    /// Of an event; `None` if it is damaged.
    pub fn detail(&self, core: &Core, row: usize) -> Option<&Detail> {
        let number = self.detail_number(core, row)? as usize;
        let decode = || {
            let end = *self.details.ends.get(number)?;
            let start = number.checked_sub(1).map_or(Some(0), |n| self.details.ends.get(n).copied())?;
            rmp_serde::from_slice(Input(self.details.bytes.get(start..end)?).bytes().ok()?).ok()
        };
        self.details.list.get(number)?.get_or_init(decode).as_ref()
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        let files = match &self.files {
            Files::Whole(files) => files.len() * (size_of::<File>() + 8),
            Files::Facts(facts) => facts.flags.len() * 8 + facts.inodes.len() * 48 + facts.odd.len() * 128,
        };
        files
            + self.details.list.len() * (size_of::<Detail>() + 64)
            + self.details.column.as_ref().map_or(0, Vec::len) * 4
    }
}

impl Details {
    fn decode(stored: &Stored) -> Result<Self, Damaged> {
        let bytes = stored.bytes(place::DETAILS)?;
        let mut input = Input(&bytes);
        let ends = (0..stored.count(place::DETAIL_COUNT)).map(|_| {
            input.bytes()?;
            Ok(bytes.len() - input.0.len())
        });
        let ends = ends.collect::<Result<Vec<_>, Damaged>>()?;
        Ok(Self { list: ends.iter().map(|_| OnceLock::new()).collect(), ends, column: None, bytes })
    }
}

impl Facts {
    fn decode(stored: &Stored, files: usize) -> Result<Self, Damaged> {
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
        let filesystem_names = texts(&stored.bytes(place::FILESYSTEM_NAMES)?)?;
        let mount_path_texts = texts(&stored.bytes(place::MOUNT_PATH_TEXTS)?)?;
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
            filesystems: stored.small(
                place::FILESYSTEMS,
                facts,
                (filesystem_names.len() as u64).saturating_sub(1),
            )?,
            filesystem_names,
            mount_paths: stored.small(
                place::MOUNT_PATHS,
                facts,
                (mount_path_texts.len() as u64).saturating_sub(1),
            )?,
            mount_path_texts,
            odd: odd_files(&odd)?,
        })
    }

    fn file(&self, index: usize) -> Option<File> {
        let (raw, error) = self.odd.get(&(index as u64)).cloned().unwrap_or_default();
        let mut file = File { raw, error, flags: *self.flags.get(index)?, ..File::default() };
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
                filesystem: self.filesystem_names.get(*self.filesystems.get(at)? as usize)?.to_string(),
                mount_path: Arc::clone(self.mount_path_texts.get(*self.mount_paths.get(at)? as usize)?),
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

fn odd_files(bytes: &[u8]) -> Result<HashMap<u64, Odd>, Damaged> {
    let mut input = Input(bytes);
    if bytes.is_empty() {
        return Ok(HashMap::new());
    }
    (0..input.count()?)
        .map(|_| {
            let place = input.number()?;
            let odd =
                rmp_serde::from_slice(input.bytes()?).map_err(|_| Damaged("a file's error is damaged"))?;
            Ok((place, odd))
        })
        .collect()
}
