//! A block: some thousand events as columns.
//!
//! Blocks of two formats are read, of one written; [`Zone::format`] tells which. Callers see events by row, from 0; an
//! event's id is [`Core::id`] and never "first plus row": in a thinned segment there are holes.

mod core;
mod encode;
mod rest;
#[cfg(test)]
mod tests;
mod version1;
mod zone;

pub use self::core::{Core, Paths};
pub use encode::{encode, encode_sparse, frame};
pub use rest::Rest;
pub use version1::sections;
pub use zone::{GENESIS, Hash, Zone, chain, hash_of};
