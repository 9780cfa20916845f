//! Contexts on disk: chunks of whole contexts, and beside each a summary that queries search.

mod chunk;
mod summary;

pub use chunk::{Chunk, decode_stream, encode_one, pack_stream, unpack_stream};
pub use summary::Summary;
