//! What is to be known of a packed segment to ask its other tables: a line for each block, the ranges of the contexts'
//! chunks.

use std::sync::Arc;

use event::{EventId, Kind, Nanos};

use crate::block::Zone;
use crate::bytes::{Damaged, Input, pack, put, put_growing, unpack, unzigzag, zigzag};
use crate::limits::MAX_SECTION;

/// What of a block's header row tells that it has nothing of what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// First event id, the key of the block and of its header row.
    pub first: EventId,
    /// Last event id.
    pub last: EventId,
    /// Number of events.
    pub count: u32,
    /// Earliest event.
    pub min_time: Nanos,
    /// Latest event.
    pub max_time: Nanos,
    /// Bit n of all: has kind n.
    pub kinds: [u64; 4],
    /// Bit n: has outcome n.
    pub outcomes: u8,
}

impl Line {
    /// Of a header row.
    pub fn of(zone: &Zone) -> Self {
        let mut kinds = [0; 4];
        for (kind, _) in &zone.kinds {
            kinds[usize::from(kind >> 6)] |= 1 << (kind & 63);
        }
        Self {
            first: zone.first,
            last: zone.last,
            count: zone.count,
            min_time: zone.min_time,
            max_time: zone.max_time,
            kinds,
            outcomes: zone.outcomes,
        }
    }

    /// Whether it has one of some kinds.
    pub fn has(&self, kinds: [u64; 4]) -> bool {
        self.kinds.iter().zip(kinds).any(|(has, wanted)| has & wanted != 0)
    }
}

/// Bits of [`Line::kinds`] of the kinds that are let through.
pub fn mask(allowed: impl Fn(Kind) -> bool) -> [u64; 4] {
    let mut mask = [0; 4];
    for kind in Kind::ALL.into_iter().filter(|kind| allowed(*kind)) {
        mask[usize::from(kind.number() >> 6)] |= 1 << (kind.number() & 63);
    }
    mask
}

/// Lines by number of block (their place here), and the chunks of contexts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// In order of ids.
    pub lines: Vec<Line>,
    /// Lowest id, highest id, key, in order of keys.
    pub chunks: Arc<Vec<(u64, u64, u64)>>,
}

impl Directory {
    /// As stored.
    pub fn pack(&self, level: i32) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, self.lines.len() as u64);
        let (mut behind, mut time) = (0, 0_i64);
        for line in &self.lines {
            put(&mut out, line.first.wrapping_sub(behind));
            put(&mut out, line.last.wrapping_sub(line.first));
            behind = line.last;
            put(&mut out, u64::from(line.count));
            put(&mut out, zigzag(line.min_time.wrapping_sub(time)));
            put(&mut out, zigzag(line.max_time.wrapping_sub(line.min_time)));
            time = line.min_time;
            let kinds: Vec<u64> = (0..256_u64)
                .filter(|kind| line.kinds[(kind >> 6) as usize] & (1 << (kind & 63)) != 0)
                .collect();
            put_growing(&mut out, &kinds);
            out.push(line.outcomes);
        }
        put(&mut out, self.chunks.len() as u64);
        let mut from = 0_u64;
        for (low, high, key) in self.chunks.iter() {
            put(&mut out, zigzag(low.wrapping_sub(from).cast_signed()));
            put(&mut out, high.wrapping_sub(*low));
            put(&mut out, *key);
            from = *high;
        }
        pack(&out, level)
    }

    /// From what is stored.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        let bytes = unpack(value, MAX_SECTION)?;
        let mut input = Input(&bytes);
        let (mut behind, mut time) = (0_u64, 0_i64);
        let lines = (0..input.count()?)
            .map(|_| {
                let first = behind.wrapping_add(input.number()?);
                let last = first.wrapping_add(input.number()?);
                behind = last;
                let count = input.small()?;
                let min_time = time.wrapping_add(unzigzag(input.number()?));
                let max_time = min_time.wrapping_add(unzigzag(input.number()?));
                time = min_time;
                let mut kinds = [0; 4];
                for kind in input.growing()? {
                    let word = usize::try_from(kind >> 6).unwrap_or(usize::MAX);
                    *kinds.get_mut(word).ok_or(Damaged("a kind is out of range"))? |= 1 << (kind & 63);
                }
                let [outcomes] = input.array::<1>()?;
                Ok(Line { first, last, count, min_time, max_time, kinds, outcomes })
            })
            .collect::<Result<Vec<_>, Damaged>>()?;
        let mut from = 0_u64;
        let chunks = (0..input.count()?)
            .map(|_| {
                let low = from.wrapping_add_signed(unzigzag(input.number()?));
                let high = low.wrapping_add(input.number()?);
                from = high;
                Ok((low, high, input.number()?))
            })
            .collect::<Result<Vec<_>, Damaged>>()?;
        Ok(Self { lines, chunks: Arc::new(chunks) })
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.lines.len() * size_of::<Line>() + self.chunks.len() * 24
    }
}
