//! The processes of a packed segment by pid: sorted, in chunks, each process with its contexts and the blocks of its
//! events.

use std::collections::{BTreeMap, BTreeSet};

use event::{BootId, ProcessKey};

use crate::bytes::{Damaged, Input, pack, put, put_bytes, put_growing, unpack};
use crate::limits::{MAX_SECTION, PIDS_PER_CHUNK};

/// Contexts, and numbers of blocks.
type Posting = (BTreeSet<u64>, BTreeSet<u64>);

/// Processes of a pid, by boot and start.
type Processes = BTreeMap<(BootId, u64), Posting>;

/// Process to contexts and blocks.
#[derive(Debug, Default)]
pub struct Builder(BTreeMap<u32, Processes>);

impl Builder {
    /// A context of a process, with the blocks of its events.
    pub fn add(&mut self, process: ProcessKey, context: u64, blocks: &[u64]) {
        let entry = self.0.entry(process.pid).or_default().entry((process.boot, process.start)).or_default();
        entry.0.insert(context);
        entry.1.extend(blocks);
    }

    /// The pids, ascending.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// Each chunk's key (big-endian) and value: the first chunk's key is 0, the others' their first pid.
    pub fn chunks(&self, level: i32) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries: Vec<_> = self.0.iter().collect();
        let chunk = |(place, chunk): (usize, &[(&u32, &Processes)])| {
            let first = chunk.first().filter(|_| place > 0).map_or(0, |(pid, _)| **pid);
            (first.to_be_bytes().to_vec(), pack(&encode(chunk), level))
        };
        entries.chunks(PIDS_PER_CHUNK).enumerate().map(chunk).collect()
    }
}

fn encode(chunk: &[(&u32, &Processes)]) -> Vec<u8> {
    let boots: BTreeSet<BootId> =
        chunk.iter().flat_map(|(_, processes)| processes.keys()).map(|(boot, _)| *boot).collect();
    let boots: Vec<BootId> = boots.into_iter().collect();
    let mut out = Vec::new();
    put(&mut out, boots.len() as u64);
    for boot in &boots {
        out.extend_from_slice(&boot.to_be_bytes());
    }
    put(&mut out, chunk.iter().map(|(_, processes)| processes.len() as u64).sum());
    let (mut last, mut list) = (0, Vec::new());
    for (pid, processes) in chunk {
        for ((boot, start), (contexts, blocks)) in *processes {
            put(&mut out, u64::from(**pid - last));
            last = **pid;
            put(&mut out, boots.binary_search(boot).unwrap_or(0) as u64);
            put(&mut out, *start);
            for values in [contexts, blocks] {
                list.clear();
                put_growing(&mut list, &values.iter().copied().collect::<Vec<_>>());
                put_bytes(&mut out, &list);
            }
        }
    }
    out
}

/// A process of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub process: ProcessKey,
    contexts: &'a [u8],
    blocks: &'a [u8],
}

impl Entry<'_> {
    /// Its contexts, ascending.
    pub fn contexts(&self) -> Result<Vec<u64>, Damaged> {
        Input(self.contexts).growing()
    }

    /// Numbers of the blocks that have events of it, ascending.
    pub fn blocks(&self) -> Result<Vec<u64>, Damaged> {
        Input(self.blocks).growing()
    }
}

/// Calls `each` with every process of a stored chunk, in order of pid.
pub fn each(value: &[u8], mut each: impl FnMut(Entry<'_>) -> Result<(), Damaged>) -> Result<(), Damaged> {
    let bytes = unpack(value, MAX_SECTION)?;
    let mut input = Input(&bytes);
    let boots = (0..input.count()?)
        .map(|_| Ok(BootId::from_be_bytes(input.array()?)))
        .collect::<Result<Vec<_>, Damaged>>()?;
    let mut pid = 0_u32;
    for _ in 0..input.count()? {
        pid = pid.checked_add(input.small()?).ok_or(Damaged("a pid is out of range"))?;
        let boot = *boots.get(input.small()? as usize).ok_or(Damaged("a process has no such boot"))?;
        let start = input.number()?;
        let (contexts, blocks) = (input.bytes()?, input.bytes()?);
        each(Entry { process: ProcessKey { boot, start, pid }, contexts, blocks })?;
    }
    Ok(())
}
