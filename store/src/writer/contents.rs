//! Contexts and streams of a segment, written anew.

use redb::{ReadableTable, WriteTransaction};

use super::repack::LEVEL;
use crate::bytes::Damaged;
use crate::context::{Summary, decode_stream, pack_stream, unpack_stream};
use crate::index::Builder;
use crate::limits::CHUNK_CONTEXTS;
use crate::reader::View;
use crate::segment::file::FileError;
use crate::segment::tables::{CONTEXTS, PieceKey, Pieces, SUMMARIES, all, put};

/// Writes all contexts, in full chunks.
pub fn contexts(view: &View, write: &WriteTransaction, index: &mut Builder) -> Result<(), FileError> {
    let mut chunks = write.open_table(CONTEXTS)?;
    let mut summaries = write.open_table(SUMMARIES)?;
    let mut problem: Option<FileError> = None;
    let (mut stream, mut count, mut next) = (Vec::new(), 0, 0);
    let mut flush = |stream: &mut Vec<u8>| -> Result<(), FileError> {
        let contexts = decode_stream::<event::Context>(stream)?;
        let summary = Summary::of(&contexts.iter().collect::<Vec<_>>());
        put(&mut chunks, next, &pack_stream(stream, LEVEL))?;
        put(&mut summaries, next, &summary.pack(LEVEL))?;
        index.contexts(next, &summary);
        next += 1;
        stream.clear();
        Ok(())
    };
    all(&view.transaction.open_table(CONTEXTS)?, |_, value| {
        let mut take = || -> Result<(), FileError> {
            let more = unpack_stream(&value)?;
            stream.extend_from_slice(&more);
            count += decode_stream::<event::Context>(&more)?.len();
            if count >= CHUNK_CONTEXTS {
                count = 0;
                flush(&mut stream)?;
            }
            Ok(())
        };
        if problem.is_none() {
            problem = take().err();
        }
    })?;
    if let Some(problem) = problem {
        return Err(problem);
    }
    if !stream.is_empty() {
        flush(&mut stream)?;
    }
    Ok(())
}

/// Joins all rows of a table of streams to one, with more at its end.
pub fn streams(
    from: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    write: &WriteTransaction,
    table: Pieces,
    more: &[u8],
) -> Result<(), FileError> {
    let mut problem: Option<Damaged> = None;
    let mut joined = Vec::new();
    all(from, |_, value| match unpack_stream(&value) {
        Ok(part) => joined.extend_from_slice(&part),
        Err(damaged) => problem = Some(damaged),
    })?;
    if let Some(damaged) = problem {
        return Err(damaged.into());
    }
    joined.extend_from_slice(more);
    let mut to = write.open_table(table)?;
    if !joined.is_empty() {
        put(&mut to, 0, &pack_stream(&joined, LEVEL))?;
    }
    Ok(())
}
