//! Contexts and streams of a segment, written anew.

use event::{Context, Exit};
use redb::{ReadableTable, WriteTransaction};

use super::repack::LEVEL;
use crate::block::Form;
use crate::context::{
    Chunk, EXIT_COLUMNS_FROM, Summary, decode_exits, encode, encode_exits, pack_stream, unpack_stream,
};
use crate::index::Builder;
use crate::limits::{EXITS_PER_ROW, PACKED_CHUNK_CONTEXTS};
use crate::reader::View;
use crate::segment::file::FileError;
use crate::segment::tables::{CONTEXTS, EXITS, PieceKey, Pieces, put, try_all};

/// Writes all contexts, in chunks of [`PACKED_CHUNK_CONTEXTS`] or some more.
pub fn contexts(view: &View, write: &WriteTransaction, index: &mut Builder) -> Result<(), FileError> {
    let mut chunks = write.open_table(CONTEXTS)?;
    let (mut waiting, mut next) = (Vec::new(), 0);
    let mut flush = |waiting: &mut Vec<Context>| -> Result<(), FileError> {
        let contexts: Vec<&Context> = waiting.iter().collect();
        put(&mut chunks, next, &encode(&contexts, Form::Closed(LEVEL)))?;
        index.contexts(next, &Summary::of(&contexts));
        next += 1;
        waiting.clear();
        Ok(())
    };
    try_all(&view.transaction.open_table(CONTEXTS)?, |_, value| -> Result<(), FileError> {
        waiting.extend(Chunk::unpack(view.format, &value)?.all()?);
        if waiting.len() >= PACKED_CHUNK_CONTEXTS { flush(&mut waiting) } else { Ok(()) }
    })?;
    if waiting.is_empty() { Ok(()) } else { flush(&mut waiting) }
}

/// Writes all exits, as columns.
pub fn exits(view: &View, write: &WriteTransaction, index: &mut Builder) -> Result<(), FileError> {
    let mut rows = write.open_table(EXITS)?;
    let (mut waiting, mut next) = (Vec::new(), EXIT_COLUMNS_FROM);
    let mut flush = |waiting: &mut Vec<Exit>| -> Result<(), FileError> {
        for some in waiting.chunks(EXITS_PER_ROW) {
            put(&mut rows, next, &encode_exits(some, Form::Closed(LEVEL)))?;
            next += 1;
        }
        waiting.clear();
        Ok(())
    };
    try_all(&view.transaction.open_table(EXITS)?, |number, value| -> Result<(), FileError> {
        let some = decode_exits(number, &value)?;
        for exit in &some {
            index.exit(exit);
        }
        waiting.extend(some);
        if waiting.len() >= EXITS_PER_ROW { flush(&mut waiting) } else { Ok(()) }
    })?;
    flush(&mut waiting)
}

/// Joins all rows of a table of streams to one, with more at its end.
pub fn streams(
    from: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    write: &WriteTransaction,
    table: Pieces,
    more: &[u8],
) -> Result<(), FileError> {
    let mut joined = Vec::new();
    try_all(from, |_, value| -> Result<(), FileError> {
        joined.extend_from_slice(&unpack_stream(&value)?);
        Ok(())
    })?;
    joined.extend_from_slice(more);
    let mut to = write.open_table(table)?;
    if !joined.is_empty() {
        put(&mut to, 0, &pack_stream(&joined, LEVEL))?;
    }
    Ok(())
}
