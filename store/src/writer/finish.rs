//! Closing a segment: reading it through once, and writing down what is in it.

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::commit::last_hash;
use crate::block::{Hash, Zone};
use crate::context::{Summary, decode_exits, decode_stream, unpack_stream};
use crate::limits::WRITER_PAGE_CACHE;
use crate::segment::backend::Watch;
use crate::segment::digest::digest;
use crate::segment::file::{self, FileError, Handle, fact, guarded};
use crate::segment::meta::{CLOSED, COMMITS, Closed, HEAD, Head, Totals};
use crate::segment::tables::{EXITS, GAPS, META, ZONES, summaries, try_all};
use crate::sign::{SegmentSigner, Signed};

/// A segment that a crash or an error left open, closed now.
pub struct Recovered {
    pub closed: Closed,
    /// Commits that came through.
    pub commits: u64,
}

/// Sums up a segment: what it began with, what is in it, and the hash of its last block.
fn sum(read: &ReadTransaction) -> Result<(Head, Totals, Hash), FileError> {
    let head: Head = fact(read, HEAD)?.ok_or_else(|| FileError::Damaged("no head".to_owned()))?;
    let mut totals = Totals { next_context: head.first_context, ..Totals::default() };
    totals.saw(head.created);
    let mut last = None;
    let format = file::version(read)?;
    for row in read.open_table(ZONES)?.iter()? {
        let (key, value) = row?;
        let zone = Zone::decode(format, u64::from_be_bytes(*key.value()), value.value())?;
        totals.add_zone(&zone);
        last = Some(zone);
    }
    try_all(&read.open_table(summaries(format))?, |_, value| -> Result<(), FileError> {
        let summary = Summary::read(format, &value)?;
        totals.contexts += summary.ids.len() as u64;
        for (id, since) in summary.ids.iter().zip(&summary.since) {
            totals.next_context = totals.next_context.max(id.saturating_add(1));
            if *id >= head.first_context {
                totals.saw(*since);
            }
        }
        Ok(())
    })?;
    try_all(&read.open_table(EXITS)?, |number, value| -> Result<(), FileError> {
        for exit in decode_exits(number, &value)? {
            totals.saw(exit.time);
        }
        Ok(())
    })?;
    try_all(&read.open_table(GAPS)?, |_, value| -> Result<(), FileError> {
        for gap in decode_stream::<event::Gap>(&unpack_stream(&value)?)? {
            totals.saw(gap.to);
        }
        Ok(())
    })?;
    Ok((head, totals, last_hash(last.as_ref())))
}

/// What is in a segment that cannot be closed just now, and the digest that it will have. Nothing is written.
pub fn unclosed(path: &Path) -> Result<(Totals, Hash), FileError> {
    let handle = Handle::new(file::readable(path)?);
    guarded(|| {
        let read = handle.database()?.begin_read()?;
        // An error does not mean that nothing was done.
        if let Some(closed) = fact::<Closed>(&read, CLOSED)? {
            return Ok((closed.totals, closed.digest));
        }
        let (head, totals, last) = sum(&read)?;
        let digest = digest(file::version(&read)?, &read, &head, &totals, &last)?;
        Ok((totals, digest))
    })
}

fn write_closed(database: &Database, signer: Option<&SegmentSigner>) -> Result<Closed, FileError> {
    let read = database.begin_read()?;
    let (head, totals, last) = sum(&read)?;
    let (format, origin) = (file::version(&read)?, file::origin(&read)?);
    let digest = digest(format, &read, &head, &totals, &last)?;
    let closed = Closed { totals, digest };
    drop(read);
    let write = database.begin_write()?;
    let signed = Signed { format, head: &head, digest: &digest, origin: origin.as_ref() };
    signed.close(&write, &closed, signer)?;
    write.commit()?;
    Ok(closed)
}

/// Closes the open segment.
pub fn finish(database: &Handle, signer: Option<&SegmentSigner>) -> Result<Closed, FileError> {
    guarded(|| write_closed(database.database()?, signer))
}

/// Closes a segment that a crash or an error left open.
pub fn recover(
    path: &Path,
    watch: Option<Arc<dyn Watch>>,
    signer: Option<&SegmentSigner>,
) -> Result<Recovered, FileError> {
    let handle = Handle::new(file::writable(path, false, WRITER_PAGE_CACHE, watch)?);
    guarded(|| {
        let database = handle.database()?;
        let commits = {
            let read = database.begin_read()?;
            let table = read.open_table(META)?;
            let row = table.get(COMMITS)?.ok_or_else(|| FileError::Damaged("no commits".to_owned()))?;
            let bytes: [u8; 8] = row
                .value()
                .try_into()
                .map_err(|_| FileError::Damaged("the commit counter is damaged".to_owned()))?;
            u64::from_le_bytes(bytes)
        };
        Ok(Recovered { closed: write_closed(database, signer)?, commits })
    })
}
