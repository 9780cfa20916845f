//! The processes of a packed segment by pid: sorted, in chunks, each process with its contexts and the blocks of its
//! events.

use event::{BootId, ProcessKey};

use super::boots::{Boots, Short};
use super::occurrences::Sorted;
use super::run::Keyed;
use crate::bytes::{Damaged, Input, pack, put, put_bytes, put_growing, room, unpack};
use crate::limits::{MAX_SECTION, PIDS_PER_CHUNK};

/// Processes and their contexts.
#[derive(Debug, Default)]
pub struct Builder {
    boots: Boots,
    contexts: Vec<(Short, u64)>,
}

impl Builder {
    /// A context of a process.
    pub fn add(&mut self, process: ProcessKey, context: u64) {
        let process = self.boots.short(process);
        room(&mut self.contexts, 1);
        self.contexts.push((process, context));
    }

    /// The pids; some come again.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.contexts.iter().map(|(process, _)| process.pid)
    }

    /// Each chunk's key (big-endian) and value: the first chunk's key is 0, the others' their first pid. `blocks` are those
    /// of each context's events.
    pub fn chunks(mut self, blocks: &Sorted, level: i32) -> Vec<Keyed> {
        let (ranks, boots) = self.boots.ranks();
        for (process, _) in &mut self.contexts {
            process.boot = ranks[process.boot as usize];
        }
        self.contexts.sort_unstable();
        self.contexts.dedup();
        let mut chunks = Vec::new();
        let mut rest = self.contexts.as_slice();
        while let Some((first, _)) = rest.first() {
            let pids = rest.chunk_by(|(a, _), (b, _)| a.pid == b.pid);
            let (chunk, later) = rest.split_at(pids.take(PIDS_PER_CHUNK).map(<[_]>::len).sum());
            rest = later;
            let key = if chunks.is_empty() { 0 } else { first.pid };
            chunks.push((key.to_be_bytes().to_vec(), pack(&encode(chunk, &boots, blocks), level)));
        }
        chunks
    }
}

/// `all` are the boots in order.
fn encode(chunk: &[(Short, u64)], all: &[BootId], blocks: &Sorted) -> Vec<u8> {
    let mut boots: Vec<u32> = chunk.iter().map(|(process, _)| process.boot).collect();
    boots.sort_unstable();
    boots.dedup();
    let mut out = Vec::new();
    put(&mut out, boots.len() as u64);
    for boot in &boots {
        out.extend_from_slice(&all[*boot as usize].to_be_bytes());
    }
    let processes = || chunk.chunk_by(|(a, _), (b, _)| a == b);
    put(&mut out, processes().count() as u64);
    let (mut last, mut list) = (0, Vec::new());
    for process in processes() {
        let Short { pid, boot, start } = process[0].0;
        put(&mut out, u64::from(pid - last));
        last = pid;
        put(&mut out, boots.binary_search(&boot).unwrap_or(0) as u64);
        put(&mut out, start);
        let contexts: Vec<u64> = process.iter().map(|(_, context)| *context).collect();
        let mut blocks: Vec<u64> = contexts.iter().flat_map(|context| blocks.of(*context)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        for values in [contexts, blocks] {
            list.clear();
            put_growing(&mut list, &values);
            put_bytes(&mut out, &list);
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
