//! Contexts on disk: chunks of contexts, as columns.
//!
//! [`encode`] makes a chunk. [`Chunk`] reads one of any format: a context by id, or all; [`Summary`] is what questions
//! need of each, as columns in memory. In formats 1 and 2 summaries were stored beside the chunks, which were streams of
//! `MessagePack`. Exits are beside them: [`encode_exits`], [`decode_exits`].

mod chunk;
mod column;
mod decode;
mod encode;
mod exits;
mod images;
mod latest;
mod objects;
mod place;
mod stream;
mod summary;
#[cfg(test)]
mod tests;
mod version2;

pub use chunk::{Chunk, has_summaries, version};
pub use encode::encode;
pub use exits::{EXIT_COLUMNS, EXIT_COLUMNS_FROM, EXIT_COUNTS, decode_exits, encode_exits};
pub use stream::{decode_stream, encode_one, pack_stream, unpack_stream};
pub use summary::{Summary, lived_since};

pub use place::{COLUMNS, COUNTS};

/// For reports of size: each column of a stored chunk with its bytes as numbers or text, and as stored.
pub fn column_sizes(value: &[u8]) -> Vec<(&'static str, u64, usize)> {
    let stored = crate::block::Stored::open(value.to_vec().into(), place::COUNTS, |_| Ok(place::COLUMNS));
    stored.map(|stored| stored.sizes(place::NAMES.into_iter())).unwrap_or_default()
}

/// For reports of size: each column of a stored chunk with its bytes before they were packed.
pub fn column_bytes(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let stored = crate::block::Stored::open(value.to_vec().into(), place::COUNTS, |_| Ok(place::COLUMNS));
    stored.and_then(|stored| stored.all_bytes(place::NAMES.into_iter())).unwrap_or_default()
}
