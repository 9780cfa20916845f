//! The indexes of a packed segment: sorted runs in chunks, each chunk a zstd frame under its first term.

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::{Damaged, Input, pack, put, put_bytes, put_growing, unpack};
use crate::limits::{MAX_SECTION, PATHS_PER_CHUNK, PIDS_PER_CHUNK};

/// How many events a path has.
#[derive(Clone, Copy, Debug)]
pub struct Counted(pub u64);

/// Path to number of events and blocks.
#[derive(Debug, Default)]
pub struct PathIndex(BTreeMap<Box<str>, (u64, Vec<u64>)>);

impl PathIndex {
    /// Blocks must come in order.
    pub fn add(&mut self, path: &str, block: u64, count: Counted) {
        if !self.0.contains_key(path) {
            self.0.insert(path.into(), (0, Vec::new()));
        }
        if let Some((total, blocks)) = self.0.get_mut(path) {
            *total += count.0;
            if blocks.last() != Some(&block) {
                blocks.push(block);
            }
        }
    }

    /// First path of each chunk, and the chunk: for each path, bytes shared with the one before, the others, the
    /// number of events, and the growing list of blocks.
    pub fn chunks(&self, level: i32) -> Vec<(String, Vec<u8>)> {
        let entries: Vec<_> = self.0.iter().collect();
        entries
            .chunks(PATHS_PER_CHUNK)
            .map(|chunk| {
                let mut out = Vec::new();
                put(&mut out, chunk.len() as u64);
                let mut last: &[u8] = &[];
                for (path, (count, blocks)) in chunk {
                    let path = path.as_bytes();
                    let shared = last.iter().zip(path).take_while(|(a, b)| a == b).count();
                    put(&mut out, shared as u64);
                    put_bytes(&mut out, &path[shared..]);
                    put(&mut out, *count);
                    put_growing(&mut out, blocks);
                    last = path;
                }
                (chunk.first().map(|(path, _)| path.to_string()).unwrap_or_default(), pack(&out, level))
            })
            .collect()
    }
}

/// A path of the index.
#[derive(Debug, PartialEq, Eq)]
pub struct PathEntry {
    pub path: String,
    pub count: u64,
    pub blocks: Vec<u64>,
}

/// The paths of a chunk.
pub fn path_chunk(value: &[u8]) -> Result<Vec<PathEntry>, Damaged> {
    let bytes = unpack(value, MAX_SECTION)?;
    let mut input = Input(&bytes);
    let mut path: Vec<u8> = Vec::new();
    (0..input.count()?)
        .map(|_| {
            let shared = usize::try_from(input.number()?).unwrap_or(usize::MAX);
            if shared > path.len() {
                return Err(Damaged("a path shares more than there is"));
            }
            path.truncate(shared);
            path.extend_from_slice(input.bytes()?);
            Ok(PathEntry {
                path: String::from_utf8(path.clone()).map_err(|_| Damaged("a path is not UTF-8"))?,
                count: input.number()?,
                blocks: input.growing()?,
            })
        })
        .collect()
}

/// Pid to contexts and blocks.
#[derive(Debug, Default)]
pub struct PidIndex(BTreeMap<u32, (BTreeSet<u64>, BTreeSet<u64>)>);

impl PidIndex {
    /// A context of a pid, with the blocks of its events.
    pub fn add(&mut self, pid: u32, context: u64, blocks: Option<&BTreeSet<u64>>) {
        let entry = self.0.entry(pid).or_default();
        entry.0.insert(context);
        entry.1.extend(blocks.into_iter().flatten());
    }

    /// First pid of each chunk, and the chunk: for each pid, the pid, and the growing lists of contexts and blocks.
    pub fn chunks(&self, level: i32) -> Vec<(u32, Vec<u8>)> {
        let entries: Vec<_> = self.0.iter().collect();
        entries
            .chunks(PIDS_PER_CHUNK)
            .map(|chunk| {
                let mut out = Vec::new();
                put(&mut out, chunk.len() as u64);
                for (pid, (contexts, blocks)) in chunk {
                    put(&mut out, u64::from(**pid));
                    put_growing(&mut out, &contexts.iter().copied().collect::<Vec<_>>());
                    put_growing(&mut out, &blocks.iter().copied().collect::<Vec<_>>());
                }
                (chunk.first().map_or(0, |(pid, _)| **pid), pack(&out, level))
            })
            .collect()
    }
}

/// A pid of the index.
#[derive(Debug, PartialEq, Eq)]
pub struct PidEntry {
    pub pid: u32,
    pub contexts: Vec<u64>,
    pub blocks: Vec<u64>,
}

/// The pids of a chunk.
pub fn pid_chunk(value: &[u8]) -> Result<Vec<PidEntry>, Damaged> {
    let bytes = unpack(value, MAX_SECTION)?;
    let mut input = Input(&bytes);
    (0..input.count()?)
        .map(|_| Ok(PidEntry { pid: input.small()?, contexts: input.growing()?, blocks: input.growing()? }))
        .collect()
}
