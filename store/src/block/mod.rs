//! A block: some thousand events as columns.
//!
//! Blocks of two formats are read, of one written; [`Zone::format`] tells which. Callers see events by row, from 0; an
//! event's id is [`Core::id`] and never "first plus row": in a thinned segment there are holes.
//!
//! To write: [`encode`] for events at hand, [`BlockBuilder`] to join blocks or to leave events out of them. To read:
//! [`Core::decode`], which decodes a column when it is asked for; [`Rest::decode`] for whole events. A filter should ask
//! [`Core::shapes`] before it looks at events: kind, outcome and return value are answered by them.

mod build;
mod column;
mod core;
mod encode;
mod intern;
mod paths;
mod place;
mod rest;
#[cfg(test)]
mod tests;
mod version1;
mod zone;

pub use self::core::Core;
pub use build::BlockBuilder;
pub use column::Form;
pub use encode::encode;
pub use paths::Paths;
pub use rest::Rest;
#[cfg(test)]
pub use zone::chain;
pub use zone::{GENESIS, Hash, Zone, hash_of};

/// For reports of size: each column of a stored block with its bytes as numbers or text, and as stored.
pub fn column_sizes(value: &[u8]) -> Vec<(&'static str, u64, usize)> {
    let stored = column::Stored::open(value, place::COUNTS, place::COLUMNS);
    stored.map(|stored| stored.sizes(&place::NAMES)).unwrap_or_default()
}
