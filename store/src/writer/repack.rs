//! A closed segment, written anew.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use crate::Order;
use crate::block::{Core, GENESIS, Hash, Rest, Zone, chain, encode, frame, sections};
use crate::bytes::{Damaged, unpack};
use crate::context::{Summary, decode_stream, encode_one, pack_stream, unpack_stream};
use crate::index::Builder;
use crate::limits::{CHUNK_CONTEXTS, MAX_SECTION};
use crate::reader::{Contexts, Segment, Shared, View, each_zone, image_paths};
use crate::segment::digest::digest;
use crate::segment::file::{self, FileError, guarded};
use crate::segment::meta::{CLOSED, COMMITS, Closed, FORMAT, HEAD, ORIGIN, PACKED};
use crate::segment::tables::{
    BLOCKS, CONTEXTS, EXITS, GAPS, META, PROVENANCE, PieceKey, Pieces, SUMMARIES, ZONES, all, get, put,
};

/// Level of zstd for good: a background thread has the time.
const LEVEL: i32 = 12;
/// The work was interrupted.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

/// Writes a segment anew to another file; false if it was interrupted.
pub fn rewrite(
    shared: &Shared,
    segment: &Segment,
    to: &Path,
    breathe: &mut dyn FnMut() -> Result<(), Stopped>,
) -> Result<bool, FileError> {
    let view = shared.view(segment)?;
    let mut database = file::writable(to, true, shared.watch.clone())?;
    let done = guarded(|| fill(shared, segment, &view, &database, breathe))?;
    if done {
        guarded(|| {
            // Gives back what redb grew in advance.
            database.compact()?;
            Ok(())
        })?;
    }
    drop(database);
    Ok(done)
}

fn fill(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    database: &Database,
    breathe: &mut dyn FnMut() -> Result<(), Stopped>,
) -> Result<bool, FileError> {
    let write = database.begin_write()?;
    {
        let from = view.transaction.open_table(META)?;
        let mut to = write.open_table(META)?;
        for row in [HEAD, COMMITS] {
            let value = from.get(row)?.ok_or_else(|| FileError::Damaged(format!("no row {row:?}")))?;
            to.insert(row, value.value())?;
        }
        to.insert(FORMAT, migrations::CURRENT.to_le_bytes().as_slice())?;
        let origin = segment.link().ok_or(Damaged("it was never closed"))?;
        to.insert(ORIGIN, origin.as_slice())?;
    }
    for table in [EXITS, GAPS] {
        streams(&view.transaction.open_table(table)?, &write, table)?;
    }
    if let Some(from) = crate::reader::provenance_table(&view.transaction)? {
        streams(&from, &write, PROVENANCE)?;
    }
    let mut index = Builder::default();
    if !blocks(shared, segment, view, &write, &mut index, breathe)? {
        write.abort()?;
        return Ok(false);
    }
    contexts(view, &write, &mut index)?;
    index.write(&write, LEVEL)?;
    write.open_table(META)?.insert(PACKED, [].as_slice())?;
    write.commit()?;
    close(segment, database)?;
    Ok(true)
}

/// Writes down what is in a segment, and the digest of what is stored now.
fn close(segment: &Segment, database: &Database) -> Result<(), FileError> {
    let head = segment.head.as_ref().ok_or(Damaged("no head"))?;
    let mut totals = segment.totals();
    totals.behind = totals.next_event(head.first_event);
    let read = database.begin_read()?;
    let last = match read.open_table(ZONES)?.last()? {
        Some((key, value)) => {
            Zone::decode(migrations::CURRENT, u64::from_be_bytes(*key.value()), value.value())?.hash
        }
        None => GENESIS,
    };
    let digest = digest(migrations::CURRENT, &read, head, &totals, &last)?;
    drop(read);
    let write = database.begin_write()?;
    write.open_table(META)?.insert(CLOSED, encode_one(&Closed { totals, digest }).as_slice())?;
    Ok(write.commit()?)
}

fn contexts(view: &View, write: &WriteTransaction, index: &mut Builder) -> Result<(), FileError> {
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

/// Joins all rows of a table of streams to one.
fn streams(
    from: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    write: &WriteTransaction,
    table: Pieces,
) -> Result<(), FileError> {
    let mut to = write.open_table(table)?;
    let mut problem: Option<Damaged> = None;
    let mut stream = Vec::new();
    all(from, |_, value| match unpack_stream(&value) {
        Ok(more) => stream.extend_from_slice(&more),
        Err(damaged) => problem = Some(damaged),
    })?;
    match problem {
        Some(damaged) => Err(damaged.into()),
        None if stream.is_empty() => Ok(()),
        None => Ok(put(&mut to, 0, &pack_stream(&stream, LEVEL))?),
    }
}

/// A block in the format of this release, packed harder, and linked to the one before.
fn again(zone: Zone, core: &Core, block: &[u8], previous: &Hash) -> Result<(Zone, Vec<u8>), Damaged> {
    if zone.format < migrations::CURRENT {
        let rest = Rest::decode(&zone, core.file_count(), block)?;
        let events =
            (0..core.len()).map(|row| core.event(&zone, &rest, row)).collect::<Result<Vec<_>, _>>()?;
        let events: Vec<_> = events.iter().collect();
        return Ok(encode(zone.first, &events, zone.sealed, previous).seal(LEVEL));
    }
    let [names, columns, rest] = sections(block)?;
    let raw = [unpack(names, MAX_SECTION)?, unpack(columns, MAX_SECTION)?, unpack(rest, MAX_SECTION)?];
    let value = frame([&raw[0], &raw[1], &raw[2]], LEVEL);
    let hash = chain(previous, zone.first, &value);
    Ok((Zone { hash, ..zone }, value))
}

/// Writes the blocks anew; false if it was interrupted.
fn blocks(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    write: &WriteTransaction,
    index: &mut Builder,
    breathe: &mut dyn FnMut() -> Result<(), Stopped>,
) -> Result<bool, FileError> {
    let images = image_paths(&Contexts::new(shared, segment, view)?)?;
    let from = view.transaction.open_table(BLOCKS)?;
    let mut to = write.open_table(BLOCKS)?;
    let mut zones = write.open_table(ZONES)?;
    let (mut stopped, mut events, mut previous) = (false, 0, GENESIS);
    each_zone(shared, segment, view, Order::Asc, |zone| {
        if breathe().is_err() {
            stopped = true;
            return Ok(false);
        }
        let block = get(&from, zone.first)?.ok_or(Damaged("a block is missing"))?;
        let core = Core::decode(&zone, &block)?;
        let (zone, value) = again(zone, &core, &block, &previous)?;
        previous = zone.hash;
        put(&mut to, zone.first, &value)?;
        zones.insert(&zone.first.to_be_bytes(), zone.encode().as_slice())?;
        index.block(&zone, &core, &images)?;
        events += u64::from(zone.count);
        Ok(true)
    })?;
    // A damaged header row is passed over by readers: such a segment is better left as it is.
    if !stopped && events != segment.totals().events {
        return Err(FileError::Damaged("some of its blocks cannot be read".to_owned()));
    }
    Ok(!stopped)
}
