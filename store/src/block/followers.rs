//! Which file came after which the last time, while a page is read.
//!
//! At its beginning that is told by the block's tables, of all files; a page has few of them, and what changes in it is kept
//! apart, so that the whole is not copied for each page.

use super::intern::multiplier;
use super::numbers::Numbers;
use crate::bytes::{Damaged, unzigzag};

/// No file has this number.
const EMPTY: u32 = u32::MAX;
/// The whole is copied if a page has so large a part of the files, one in this many.
const PART: usize = 16;

/// Files counted from 1; 0 is none.
pub struct Followers<'a> {
    /// As the tables tell it: 0 the next one, else 1 and the step.
    told: &'a Numbers,
    file_count: usize,
    seen: Seen,
}

/// What the tables tell of a file.
fn told(told: &Numbers, file_count: usize, file: u32) -> Result<u32, Damaged> {
    let next = match told.get(file as usize) {
        Some(0) => Some(file + 1),
        Some(code) => u32::try_from(unzigzag(code - 1).wrapping_add(i64::from(file))).ok(),
        None => None,
    };
    next.filter(|next| (1..=file_count).contains(&(*next as usize)))
        .ok_or(Damaged("a file is followed by none that is there"))
}

/// What came up in the page.
enum Seen {
    /// By file; [`EMPTY`] for one that did not.
    All(Vec<u32>),
    Few(Few),
}

/// Open addressing with linear steps, at most half full.
struct Few {
    /// File, and the one that comes after it.
    slots: Vec<(u32, u32)>,
    /// Odd, and drawn when the process starts: a file's place is the top bits of its product. Which files there are is up to
    /// who is recorded.
    multiplier: u64,
    shift: u32,
}

impl Few {
    /// For so many.
    fn new(count: usize) -> Self {
        let slots = (2 * count).next_power_of_two().max(2);
        Self { slots: vec![(EMPTY, 0); slots], multiplier: multiplier(), shift: 64 - slots.trailing_zeros() }
    }

    /// Where a file stands, or would stand.
    fn slot(&mut self, file: u32) -> &mut (u32, u32) {
        let mask = self.slots.len() - 1;
        let mut at =
            usize::try_from(u64::from(file).wrapping_mul(self.multiplier) >> self.shift).unwrap_or(0);
        while self.slots[at].0 != file && self.slots[at].0 != EMPTY {
            at = (at + 1) & mask;
        }
        &mut self.slots[at]
    }
}

impl<'a> Followers<'a> {
    /// For a page of so many events.
    pub fn new(told: &'a Numbers, file_count: usize, events: usize) -> Self {
        let seen = if events >= file_count / PART {
            Seen::All(vec![EMPTY; file_count + 1])
        } else {
            Seen::Few(Few::new(events))
        };
        Self { told, file_count, seen }
    }

    /// The file that comes after one, if all goes as before. This or [`Self::set`] is to be called once for each event at
    /// most.
    pub fn after(&mut self, file: u32) -> Result<u32, Damaged> {
        let told = || told(self.told, self.file_count, file);
        match &mut self.seen {
            Seen::All(list) => match list.get(file as usize) {
                Some(next) if *next != EMPTY => Ok(*next),
                _ => told(),
            },
            Seen::Few(few) => {
                let slot = few.slot(file);
                if slot.0 != file {
                    // Kept, since it is likely to be asked for again, and takes longer to be looked up there.
                    *slot = (file, told()?);
                }
                Ok(slot.1)
            }
        }
    }

    /// One came after another.
    pub fn set(&mut self, file: u32, next: u32) {
        match &mut self.seen {
            Seen::All(list) => list[file as usize] = next,
            Seen::Few(few) => *few.slot(file) = (file, next),
        }
    }
}
