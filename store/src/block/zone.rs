//! A block's header row: enough to know that a block has nothing of what is asked for.

use event::{EventId, Nanos};

use super::tables::{PAGES_FROM, SPARSE_FROM};
use super::version1;
use crate::bytes::{Damaged, Input, put, put_growing, unzigzag, zigzag};
use crate::segment::digest::STORED_FROM;

/// Hash of a block and of all before it.
pub type Hash = [u8; 32];

/// What stands in for the block before the first.
pub const GENESIS: Hash = [0; 32];

/// Bytes of a BLAKE3 hash that end a row, so that a damaged one is known.
const CHECK: usize = 4;

/// Header row of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Format of the row and of the block: that of the segment.
    pub format: u32,
    /// Id of its first event; the row's key.
    pub first: EventId,
    /// Id of its last event: `first + count - 1` unless there are holes (a thinned segment).
    pub last: EventId,
    /// Number of events.
    pub count: u32,
    /// Whether it is final; else later events are merged into it while the segment is open.
    pub sealed: bool,
    /// Earliest event.
    pub min_time: Nanos,
    /// Latest event.
    pub max_time: Nanos,
    /// Kinds' numbers, ascending, with their numbers of events.
    pub kinds: Vec<(u8, u32)>,
    /// Bit n: has outcome n.
    pub outcomes: u8,
    /// Contexts of the events, ascending.
    pub contexts: Vec<u64>,
    /// Of this block's stored value and the block before: see [`chain`].
    pub hash: Hash,
}

impl Zone {
    /// First id after the block.
    pub fn end(&self) -> EventId {
        self.last.saturating_add(1)
    }

    /// As a row of its format.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + 2 * self.contexts.len());
        out.push(u8::from(self.sealed));
        put(&mut out, u64::from(self.count));
        if self.format >= SPARSE_FROM {
            put(&mut out, self.end().saturating_sub(self.first).saturating_sub(u64::from(self.count)));
        }
        put(&mut out, zigzag(self.min_time));
        put(&mut out, zigzag(self.max_time.wrapping_sub(self.min_time)));
        put(&mut out, self.kinds.len() as u64);
        for (kind, count) in &self.kinds {
            out.push(*kind);
            put(&mut out, u64::from(*count));
        }
        out.push(self.outcomes);
        if self.format < SPARSE_FROM {
            // Lengths of the sections unpacked, of which nobody ever asked.
            out.extend_from_slice(&[0; 3]);
        }
        out.extend_from_slice(&self.hash);
        if self.format >= PAGES_FROM {
            put_runs(&mut out, &self.contexts);
        } else {
            put_growing(&mut out, &self.contexts);
        }
        let check = blake3::hash(&out);
        out.extend_from_slice(&check.as_bytes()[..CHECK]);
        out
    }

    /// From a row of a segment of that format.
    pub fn decode(format: u32, first: EventId, row: &[u8]) -> Result<Self, Damaged> {
        let (row, check) = row.split_last_chunk::<CHECK>().ok_or(Damaged("a header row is cut off"))?;
        if blake3::hash(row).as_bytes()[..CHECK] != *check {
            return Err(Damaged("a header row does not fit its checksum"));
        }
        let mut input = Input(row);
        let sealed = input.array::<1>()? != [0];
        let count = input.small()?;
        let holes = if format >= SPARSE_FROM { input.number()? } else { 0 };
        let last = (u64::from(count).checked_add(holes))
            .and_then(|ids| first.checked_add(ids.checked_sub(1)?))
            .ok_or(Damaged("a header row's ids are out of range"))?;
        let min_time = input.signed()?;
        let max_time = min_time.wrapping_add(unzigzag(input.number()?));
        let kinds = (0..input.count()?)
            .map(|_| Ok((input.array::<1>()?[0], input.small()?)))
            .collect::<Result<_, Damaged>>()?;
        let [outcomes] = input.array::<1>()?;
        if format < SPARSE_FROM {
            for _section in 0..3 {
                input.small()?;
            }
        }
        let hash = input.array()?;
        let contexts = if format >= PAGES_FROM { runs(&mut input, count)? } else { input.growing()? };
        Ok(Self { format, first, last, count, sealed, min_time, max_time, kinds, outcomes, contexts, hash })
    }
}

/// Appends a growing list as runs of numbers that follow each other: how many, and for each how many are left out before
/// it, and how many it has less one.
fn put_runs(out: &mut Vec<u8>, list: &[u64]) {
    let runs = || list.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    put(out, runs().count() as u64);
    let mut next = 0_u64;
    for run in runs() {
        put(out, run[0].wrapping_sub(next));
        put(out, run.len() as u64 - 1);
        next = run[0].wrapping_add(run.len() as u64);
    }
}

/// A list of at most so many numbers, as runs.
fn runs(input: &mut Input<'_>, most: u32) -> Result<Vec<u64>, Damaged> {
    let (mut list, mut next) = (Vec::new(), 0_u64);
    for _ in 0..input.count()? {
        let first = next.wrapping_add(input.number()?);
        let length = input.number()?.checked_add(1).ok_or(Damaged("a run is too long"))?;
        if length > u64::from(most).saturating_sub(list.len() as u64) {
            return Err(Damaged("a block has more contexts than events"));
        }
        next = first.wrapping_add(length);
        list.extend((0..length).map(|step| first.wrapping_add(step)));
    }
    Ok(list)
}

/// The chain's next hash: over the one before, the first id and the length of the stored value (big-endian u64), and the
/// stored value.
pub fn chain(previous: &Hash, first: EventId, value: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous);
    hasher.update(&first.to_be_bytes());
    hasher.update(&(value.len() as u64).to_be_bytes());
    hasher.update(value);
    *hasher.finalize().as_bytes()
}

/// What [`Zone::hash`] of a stored block must be, by the rule of its format.
pub fn hash_of(zone: &Zone, previous: &Hash, value: &[u8]) -> Result<Hash, Damaged> {
    if zone.format < STORED_FROM {
        return version1::chain(previous, zone.first, value);
    }
    Ok(chain(previous, zone.first, value))
}
