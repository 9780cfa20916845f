//! A block: some thousand events as columns.
//!
//! Blocks of four formats are read, of one written; [`Zone::format`] tells which. Callers see events by row, from 0; an
//! event's id is [`Core::id`] and never "first plus row": in a thinned segment there are holes.
//!
//! A block has tables (shapes, details), its files and paths in groups, and its events in pages, which refer to both; groups
//! and pages are decoded alone: what is asked for a few events decodes a few of each. Blocks of open segments have one group.
//!
//! To write: [`encode`] for events at hand, [`BlockBuilder`] to join blocks or to leave events out of them. To read:
//! [`Tables::decode`], then [`Tables::page`], or [`pages`] for all of a value at hand; both decode a column when it is asked
//! for. [`Rest::decode`] is for whole events. A filter should ask [`Tables::shapes`] before it looks at events: kind, outcome
//! and return value are answered by them; and which pages can have what it looks for.

mod build;
mod clock;
mod column;
mod core;
mod encode;
mod facts;
mod files;
mod followers;
mod forward;
mod fronts;
mod group;
mod groups;
mod intern;
mod layout;
mod numbers;
mod pages;
mod paths;
mod place;
mod rest;
mod run;
mod tables;
#[cfg(test)]
mod tests;
mod ticks;
mod version1;
mod zone;

use event::Nanos;

use crate::bytes::zigzag;

pub use self::core::Core;
pub use build::BlockBuilder;
pub use clock::Clock;
pub use column::{Columns, Form, Layout, Stored, directory_end};
pub use encode::encode;
pub use files::{gathered, split};
pub use forward::Forward;
pub use fronts::Fronts;
pub use group::Group;
pub use intern::Seeded;
pub use rest::Rest;
pub use tables::{PAGES_FROM, Tables, pages};
#[cfg(test)]
pub use zone::chain;
pub use zone::{GENESIS, Hash, Zone, hash_of};

/// For reports of size: each column of a block of this release with its bytes as numbers or text, and as stored; those of
/// pages once for each page.
pub fn column_sizes(zone: &Zone, value: Vec<u8>) -> Vec<(&'static str, u64, usize)> {
    Tables::decode(zone, &std::sync::Arc::new(value)).map(|tables| tables.sizes()).unwrap_or_default()
}

/// For reports of size: see [`crate::measure::clocks`].
pub fn clocks(times: &[Nanos], page: usize) -> Vec<u64> {
    let pages = times.chunks(page.max(1));
    match clock::step(times) {
        Some(mut step) => pages.map(|page| clock::of_page(page, &mut step)).collect(),
        None => vec![0; pages.len()],
    }
}

/// For reports of size: see [`crate::measure::steps`].
pub fn steps(mut before: Nanos, times: &[Nanos], clock: u64) -> (Vec<u64>, Vec<u8>) {
    if clock > 0 {
        return ticks::encode(before, times, clock);
    }
    let step = |time: &Nanos| zigzag(time.wrapping_sub(std::mem::replace(&mut before, *time)));
    (times.iter().map(step).collect(), Vec::new())
}
