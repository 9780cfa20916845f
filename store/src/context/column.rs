//! The columns of a chunk that are over contexts, each read forward.

use super::decode::RANGE;
use super::place::{
    BITS, BOOTS, CGROUPS, COLUMNS, COMMS, CONTAINERS, CREATOR_BOOTS, CREATOR_PIDS, CREATOR_SHIFT,
    CREATOR_SPELLED, CREATOR_STARTS, CREDENTIALS, EXEC_TIMES, FLAGS, FORK_TIMES, HAS_LINEAGE, HOLDERS,
    IMAGE_SHARED, IMAGE_SHIFT, LINEAGES, PIDS, PPIDS, SAME_PROCESS, SINCE, SOURCES, STARTS, TTYS,
};
use crate::block::Stored;
use crate::bytes::{Damaged, unzigzag};

/// The numbers of a column, one after the other.
pub struct Column(std::vec::IntoIter<u64>);

impl Column {
    pub fn next(&mut self) -> Result<u64, Damaged> {
        self.0.next().ok_or(Damaged("a column of contexts is too short"))
    }

    pub fn signed(&mut self) -> Result<i64, Damaged> {
        self.next().map(unzigzag)
    }

    pub fn small(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.next()?).map_err(|_| RANGE)
    }

    /// A number by its step from another.
    pub fn near(&mut self, before: u64) -> Result<u64, Damaged> {
        Ok(before.wrapping_add_signed(self.signed()?))
    }

    pub fn near_small(&mut self, before: u32) -> Result<u32, Damaged> {
        u32::try_from(self.near(u64::from(before))?).map_err(|_| RANGE)
    }

    /// A number below `count`, or what the base has, told by 0.
    pub fn or_base(&mut self, base: Option<u32>, count: usize) -> Result<u32, Damaged> {
        match (self.small()?, base) {
            (0, Some(base)) => Ok(base),
            (0, None) => Err(RANGE),
            (place, _) if (place as usize) <= count => Ok(place - 1),
            _ => Err(RANGE),
        }
    }
}

/// All columns over contexts.
pub struct Columns {
    /// Bits of each context.
    pub bits: Vec<u64>,
    numbers: [Column; COLUMNS],
}

impl Columns {
    /// From a stored chunk of `rows` contexts, the columns of the first of them.
    pub fn read(stored: &Stored, rows: usize, first: usize) -> Result<Self, Damaged> {
        let bits = stored.numbers(BITS, rows)?;
        let first = first.min(rows);
        // Of contexts with such bits, how many there are, and of these how many are among the first.
        let with = |mask: u64, wanted: u64| {
            let count = |bits: &[u64]| bits.iter().filter(|bits| **bits & mask == wanted).count();
            (count(&bits), count(&bits[..first]))
        };
        let others = with(SAME_PROCESS, 0);
        let spelled = with(3 << CREATOR_SHIFT, CREATOR_SPELLED << CREATOR_SHIFT);
        let shared = with(3 << IMAGE_SHIFT, IMAGE_SHARED << IMAGE_SHIFT);
        let lineages = with(HAS_LINEAGE, HAS_LINEAGE);
        let mut numbers: [Column; COLUMNS] = std::array::from_fn(|_| Column(Vec::new().into_iter()));
        let mut read = |column: usize, (count, first): (usize, usize)| -> Result<(), Damaged> {
            numbers[column] = Column(stored.first_numbers(column, count, first)?.into_iter());
            Ok(())
        };
        for column in [PPIDS, SINCE, FORK_TIMES, EXEC_TIMES, COMMS, TTYS, CREDENTIALS, CONTAINERS] {
            read(column, (rows, first))?;
        }
        for column in [CGROUPS, SOURCES, FLAGS] {
            read(column, (rows, first))?;
        }
        for column in [BOOTS, STARTS, PIDS] {
            read(column, others)?;
        }
        for column in [CREATOR_BOOTS, CREATOR_STARTS, CREATOR_PIDS] {
            read(column, spelled)?;
        }
        read(LINEAGES, lineages)?;
        read(HOLDERS, shared)?;
        Ok(Self { bits, numbers })
    }

    /// One of them.
    pub fn of(&mut self, column: usize) -> &mut Column {
        &mut self.numbers[column]
    }
}
