//! Numbers of a column that are asked for by their places: those of one width stay as they are laid out.

use super::layout::Laid;
use crate::bytes::Damaged;

/// A column that was unpacked. Few of its numbers are asked for, so that they are not all made ready.
#[derive(Debug)]
pub struct Numbers {
    laid: Kept,
    count: usize,
}

#[derive(Debug)]
enum Kept {
    Constant(u64),
    Fixed(Vec<u8>, usize),
    Planes(Vec<u8>, usize),
    List(Vec<u64>),
}

impl Numbers {
    /// Of a column of `count` numbers, which it must have.
    pub(super) fn new(laid: Laid, count: usize) -> Result<Self, Damaged> {
        let laid = match laid {
            Laid::Constant(number) => Kept::Constant(number),
            Laid::Fixed(bytes, width) => Kept::Fixed(bytes, width),
            Laid::Planes(bytes, width) => Kept::Planes(bytes, width),
            laid => Kept::List(laid.numbers(count)?),
        };
        Ok(Self { laid, count })
    }

    /// One of them.
    pub fn get(&self, place: usize) -> Option<u64> {
        if place >= self.count {
            return None;
        }
        match &self.laid {
            Kept::Constant(number) => Some(*number),
            Kept::List(list) => list.get(place).copied(),
            Kept::Fixed(bytes, width) => {
                let of_number = bytes.get(place * width..(place + 1) * width)?;
                Some(of_number.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            Kept::Planes(bytes, width) => (0..*width).rev().try_fold(0, |number, plane| {
                Some(number << 8 | u64::from(*bytes.get(plane * self.count + place)?))
            }),
        }
    }

    /// One that fits 32 bits.
    pub fn small(&self, place: usize) -> Option<u32> {
        u32::try_from(self.get(place)?).ok()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.count).filter_map(|place| self.get(place))
    }
}
