//! A closed segment, written anew: the one place that does that, for packing, thinning, and another format.
//!
//! The new file is made durable every few megabytes, with a row that tells how far it is: after a stop or a kill it is
//! gone on with. The row goes with the last commit, which makes the file a whole segment.

use std::path::Path;

use event::{Class, EventId, Gap, GapReason, Kind};
use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::contents::{contexts, exits, streams};
use crate::block::{BlockBuilder, Form, GENESIS, Hash, Rest, Zone, pages};
use crate::bytes::Damaged;
use crate::context::encode_one;
use crate::index::Builder;
use crate::limits::{
    BLOCK_EVENTS, PACKED_BLOCK_EVENTS, PACKED_BLOCK_FILES, REWRITE_COMMIT, REWRITE_PAGE_CACHE,
};
use crate::reader::{Contexts, ImagePaths, Segment, Shared, View, each_zone};
use crate::segment::digest::digest;
use crate::segment::file::{self, FileError, fact, guarded};
use crate::segment::meta::{
    COMMITS, Closed, FORMAT, HEAD, ORIGIN, PACKED, REWRITING, REWRITTEN, THINNED, Totals,
};
use crate::segment::tables::{BLOCKS, GAPS, META, PROVENANCE, ZONES, get, put};
use crate::sign::Signed;
use crate::{Order, SegmentState};

/// Level of zstd for good: a background thread has the time.
pub const LEVEL: i32 = 19;
/// Events of a full block; tests make do with less.
const FULL: usize = if cfg!(test) { 2 * BLOCK_EVENTS } else { PACKED_BLOCK_EVENTS };

/// The work was interrupted.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

/// What is made of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plan {
    /// The same, packed.
    Pack,
    /// Packed, and with the events of processes' lifecycle and credentials alone.
    Thin,
}

impl Plan {
    /// Word of `/stats`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Thin => "thin",
        }
    }

    /// Whether it is for a segment in that state.
    pub const fn fits(self, form: SegmentState) -> bool {
        match self {
            Self::Pack => matches!(form, SegmentState::Closed),
            Self::Thin => matches!(form, SegmentState::Closed | SegmentState::Packed),
        }
    }

    /// The state that it gives.
    pub const fn gives(self) -> SegmentState {
        match self {
            Self::Pack => SegmentState::Packed,
            Self::Thin => SegmentState::Thinned,
        }
    }

    /// Value of the row that tells packed segments.
    const fn mark(self) -> &'static [u8] {
        match self {
            Self::Pack => &[0],
            Self::Thin => THINNED,
        }
    }

    fn keeps(self, kind: Kind) -> bool {
        match self {
            Self::Pack => true,
            Self::Thin => kind.class() == Class::Process,
        }
    }
}

/// How far a rewriting is.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Events done.
    pub done: u64,
    /// Bytes read and written since the step before.
    pub bytes: u64,
}

/// Asked after each step whether to go on.
pub type Breathe<'a> = &'a mut dyn FnMut(&Step) -> Result<(), Stopped>;

/// How far a file is, so that it can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewriting {
    /// Digest of the segment that is written anew.
    source: Hash,
    plan: Plan,
    /// First event id of the source that is not done.
    next: EventId,
    /// Events done.
    done: u64,
    /// What was left out so far, a gap a class.
    left_out: Vec<Gap>,
}

/// Writes a segment anew to another file; false if it was interrupted, and the file is then to be gone on with.
pub fn rewrite(
    shared: &Shared,
    segment: &Segment,
    to: &Path,
    plan: Plan,
    breathe: Breathe<'_>,
) -> Result<bool, FileError> {
    let view = shared.view(segment)?;
    let source = segment.digest().ok_or(Damaged("it was never closed"))?;
    let begin = Rewriting { source, plan, next: 0, done: 0, left_out: Vec::new() };
    let (mut database, at) = match resume(shared, to, &begin) {
        Some(found) => found,
        None => {
            let _ = crate::segment::backend::remove(shared.watch.as_ref(), to);
            (file::writable(to, true, REWRITE_PAGE_CACHE, shared.watch.clone())?, begin)
        }
    };
    let done = guarded(|| fill(shared, segment, &view, &database, at, breathe))?;
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

/// A file that an earlier rewriting of the same segment left.
fn resume(shared: &Shared, to: &Path, begin: &Rewriting) -> Option<(Database, Rewriting)> {
    if !to.exists() {
        return None;
    }
    let database = file::writable(to, false, REWRITE_PAGE_CACHE, shared.watch.clone()).ok()?;
    let at = guarded(|| {
        let read = database.begin_read()?;
        if file::version(&read)? != migrations::CURRENT {
            return Ok(None);
        }
        fact::<Rewriting>(&read, REWRITING)
    });
    let at = at.ok().flatten().filter(|at| at.source == begin.source && at.plan == begin.plan)?;
    tracing::debug!(file = %to.display(), done = at.done, "rewriting goes on");
    Some((database, at))
}

fn fill(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    database: &Database,
    at: Rewriting,
    breathe: Breathe<'_>,
) -> Result<bool, FileError> {
    let images = ImagePaths::of(&Contexts::new(shared, segment, view)?)?;
    let mut index = Builder::default();
    // What is there already; the rest is read from the segment.
    let mut previous = GENESIS;
    if at.done > 0 {
        let read = database.begin_read()?;
        let blocks = read.open_table(BLOCKS)?;
        for row in read.open_table(ZONES)?.iter()? {
            let (key, value) = row?;
            let zone = Zone::decode(migrations::CURRENT, u64::from_be_bytes(*key.value()), value.value())?;
            let block = get(&blocks, zone.first)?.ok_or(Damaged("a block is missing"))?;
            index.block(&zone, &pages(&zone, block)?, &images)?;
            previous = zone.hash;
        }
    }
    let mut source = Vec::new();
    each_zone(shared, segment, view, Order::Asc, |zone| {
        source.push(zone);
        Ok(true)
    })?;
    // A damaged header row is passed over by readers: such a segment is better left as it is.
    if source.iter().map(|zone| u64::from(zone.count)).sum::<u64>() != segment.totals().events {
        return Err(FileError::Damaged("some of its blocks cannot be read".to_owned()));
    }
    let mut blocks = Blocks { written: at.clone(), at, previous, waiting: BlockBuilder::new(0) };
    let mut rest =
        source.into_iter().filter(|zone| zone.end() > blocks.at.next).collect::<Vec<_>>().into_iter();
    while !rest.as_slice().is_empty() {
        let write = database.begin_write()?;
        let mut written = 0;
        while written < REWRITE_COMMIT
            && let Some(zone) = rest.next()
        {
            let value = get(&view.transaction.open_table(BLOCKS)?, zone.first)?
                .ok_or(Damaged("a block is missing"))?;
            let mut bytes = value.len() as u64;
            for (zone, value) in blocks.take(&zone, value, rest.as_slice().is_empty())? {
                put(&mut write.open_table(BLOCKS)?, zone.first, &value)?;
                write.open_table(ZONES)?.insert(&zone.first.to_be_bytes(), zone.encode().as_slice())?;
                written += value.len() as u64;
                bytes += value.len() as u64;
                index.block(&zone, &pages(&zone, value)?, &images)?;
            }
            if breathe(&Step { done: blocks.at.done, bytes }).is_err() {
                blocks.note(&write)?;
                write.commit()?;
                return Ok(false);
            }
        }
        blocks.note(&write)?;
        write.commit()?;
    }
    drop(images);
    finish(segment, view, database, index, &blocks.at)?;
    close(shared, segment, database, &blocks.at)?;
    Ok(true)
}

/// All but the blocks.
fn finish(
    segment: &Segment,
    view: &View,
    database: &Database,
    mut index: Builder,
    at: &Rewriting,
) -> Result<(), FileError> {
    let write = database.begin_write()?;
    {
        let from = view.transaction.open_table(META)?;
        let mut to = write.open_table(META)?;
        for row in [HEAD, COMMITS] {
            let value = from.get(row)?.ok_or_else(|| FileError::Damaged(format!("no row {row:?}")))?;
            to.insert(row, value.value())?;
        }
        if let Some(value) = from.get(REWRITTEN)? {
            to.insert(REWRITTEN, value.value())?;
        }
        to.insert(FORMAT, migrations::CURRENT.to_le_bytes().as_slice())?;
        let origin = segment.link().ok_or(Damaged("it was never closed"))?;
        to.insert(ORIGIN, origin.as_slice())?;
    }
    // Tables are there even if they have nothing, so that readers need not ask.
    write.open_table(ZONES)?;
    write.open_table(BLOCKS)?;
    contexts(view, &write, &mut index)?;
    exits(view, &write, &mut index)?;
    let left_out: Vec<u8> = at.left_out.iter().flat_map(encode_one).collect();
    streams(&view.transaction.open_table(GAPS)?, &write, GAPS, &left_out)?;
    if let Some(from) = crate::reader::provenance_table(&view.transaction)? {
        streams(&from, &write, PROVENANCE, &[])?;
    }
    index.write(&write, LEVEL)?;
    write.open_table(META)?.insert(PACKED, at.plan.mark())?;
    Ok(write.commit()?)
}

/// Writes down what is in a segment, and the digest of what is stored now.
fn close(shared: &Shared, segment: &Segment, database: &Database, at: &Rewriting) -> Result<(), FileError> {
    let head = segment.head.as_ref().ok_or(Damaged("no head"))?;
    let before = segment.totals();
    let mut totals = Totals { events: 0, span: None, kinds: Vec::new(), ..before.clone() };
    totals.behind = before.next_event(head.first_event);
    let mut last = GENESIS;
    let read = database.begin_read()?;
    for row in read.open_table(ZONES)?.iter()? {
        let (key, value) = row?;
        let zone = Zone::decode(migrations::CURRENT, u64::from_be_bytes(*key.value()), value.value())?;
        totals.add_zone(&zone);
        last = zone.hash;
    }
    let left_out: u64 = at.left_out.iter().filter_map(|gap| gap.lost).sum();
    if totals.events + left_out != before.events {
        return Err(FileError::Damaged("the new file does not have all events".to_owned()));
    }
    let (format, origin) = (migrations::CURRENT, file::origin(&read)?);
    let digest = digest(format, &read, head, &totals, &last)?;
    drop(read);
    let write = database.begin_write()?;
    let signed = Signed { format, head, digest: &digest, origin: origin.as_ref() };
    signed.close(&write, &Closed { totals, digest }, shared.signer.as_deref())?;
    write.open_table(META)?.remove(REWRITING)?;
    Ok(write.commit()?)
}

/// Blocks of the segment to blocks of the new file.
struct Blocks {
    at: Rewriting,
    /// How far it was when the last new block was made: what waits is not done.
    written: Rewriting,
    /// Hash of the last new block.
    previous: Hash,
    /// Events that wait for a full block.
    waiting: BlockBuilder,
}

impl Blocks {
    /// The row that tells how far the file is.
    fn note(&self, write: &WriteTransaction) -> Result<(), FileError> {
        let mut meta = write.open_table(META)?;
        meta.insert(FORMAT, migrations::CURRENT.to_le_bytes().as_slice())?;
        meta.insert(REWRITING, encode_one(&self.written).as_slice())?;
        Ok(())
    }

    /// Takes a block of the segment in; gives the new ones that are full before or by it, or are the last.
    fn take(&mut self, zone: &Zone, value: Vec<u8>, last: bool) -> Result<Vec<(Zone, Vec<u8>)>, FileError> {
        let plan = self.at.plan;
        let kept =
            zone.kinds.iter().filter(|(kind, _)| Kind::try_from(*kind).is_ok_and(|kind| plan.keeps(kind)));
        let kept: usize = kept.map(|(_, count)| *count as usize).sum();
        let mut new = Vec::new();
        if self.waiting.len() + kept > FULL {
            new.extend(self.full());
        }
        let mut rest = None;
        for core in pages(zone, value)? {
            let (kinds, times) = (core.kinds()?, core.times()?);
            if kinds.iter().any(|kind| plan.keeps(*kind)) {
                let rest = match &mut rest {
                    Some(rest) => rest,
                    none => none.insert(Rest::decode(zone, core.tables())?),
                };
                let keeps = |row: usize| kinds.get(row).is_some_and(|kind| plan.keeps(*kind));
                self.waiting.absorb(zone, &core, rest, keeps)?;
            }
            for (kind, time) in kinds.iter().zip(times).filter(|(kind, _)| !plan.keeps(**kind)) {
                self.leave_out(kind.class(), *time);
            }
        }
        self.at.next = zone.end();
        self.at.done += u64::from(zone.count);
        let many =
            self.waiting.len() + BLOCK_EVENTS > FULL || self.waiting.file_count() >= PACKED_BLOCK_FILES;
        if many || last {
            new.extend(self.full());
        }
        Ok(new)
    }

    /// The block of what waits, if anything does.
    fn full(&mut self) -> Option<(Zone, Vec<u8>)> {
        if self.waiting.len() == 0 {
            return None;
        }
        let waiting = std::mem::replace(&mut self.waiting, BlockBuilder::new(0));
        let (zone, value) = waiting.finish(true, &self.previous, Form::Closed(LEVEL));
        self.previous = zone.hash;
        self.written = self.at.clone();
        Some((zone, value))
    }

    fn leave_out(&mut self, class: Class, time: event::Nanos) {
        let gap = Gap { from: time, to: time, class, lost: Some(1), reason: GapReason::Evicted };
        if !self.at.left_out.iter_mut().any(|known| known.join(&gap)) {
            self.at.left_out.push(gap);
        }
    }
}

#[cfg(test)]
mod tests;
