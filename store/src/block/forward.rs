//! Columns of which each element follows from those before: who asks for a few rows has them decoded up to the last of these.

use super::tables::{Lazy, lazy};
use crate::bytes::Damaged;

/// A column, decoded from the front as far as it is asked for: up to a row the first time, then all of it.
#[derive(Debug)]
pub struct Forward<T> {
    part: Lazy<Vec<T>>,
    all: Lazy<Vec<T>>,
}

impl<T: Copy> Forward<T> {
    /// Not decoded yet.
    pub const fn new() -> Self {
        Self { part: Lazy::new(), all: Lazy::new() }
    }

    /// All of it.
    pub fn all(&self, decode: impl FnOnce() -> Result<Vec<T>, Damaged>) -> Result<&[T], Damaged> {
        lazy(&self.all, decode).map(Vec::as_slice)
    }

    /// An element of `count`, where `last` is the last row that is asked for now. `decode` gives so many from the front.
    pub fn get(
        &self,
        (row, last, count): (usize, usize, usize),
        decode: impl Fn(usize) -> Result<Vec<T>, Damaged>,
    ) -> Result<T, Damaged> {
        let element = |list: &Vec<T>| list.get(row).copied();
        let mut found = None;
        if self.all.get().is_none() && last.max(row) + 1 < count {
            found = element(lazy(&self.part, || decode(last.max(row) + 1))?);
        }
        let found = match found {
            None => element(lazy(&self.all, || decode(count))?),
            found => found,
        };
        found.ok_or(Damaged("an event is incomplete"))
    }
}

impl<T> From<Vec<T>> for Forward<T> {
    fn from(all: Vec<T>) -> Self {
        Self { part: Lazy::new(), all: Ok(all).into() }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::Forward;

    #[test]
    fn it_is_decoded_as_far_as_it_is_asked_for() {
        let column = Forward::new();
        let decoded = RefCell::new(Vec::new());
        let get = |row, last| {
            column.get((row, last, 100), |count| {
                decoded.borrow_mut().push(count);
                Ok((0..count).collect())
            })
        };
        assert_eq!((get(3, 7).unwrap(), get(7, 7).unwrap(), get(0, 5).unwrap()), (3, 7, 0));
        assert_eq!(*decoded.borrow(), [8]);
        assert_eq!((get(8, 8).unwrap(), get(99, 99).unwrap(), get(2, 2).unwrap()), (8, 99, 2));
        assert_eq!(*decoded.borrow(), [8, 100]);
        assert!(get(100, 100).is_err());
    }
}
