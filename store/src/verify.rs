//! Checking a whole store.

use std::path::Path;

use event::Nanos;
use redb::ReadableTable;
use serde::Serialize;

use crate::block::{Core, GENESIS, Hash, Rest, Zone, hash_of};
use crate::bytes::Damaged;
use crate::context::Summary;
use crate::reader::{Contexts, Segment, Shared, View};
use crate::segment::digest::digest;
use crate::segment::file::{FileError, guarded};
use crate::segment::meta::{Head, Totals};
use crate::segment::tables::{BLOCKS, SUMMARIES, ZONES, all, get};
use crate::{SegmentState, Store, VerifyError};

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Segments done.
    pub done: usize,
    /// Segments in all.
    pub segments: usize,
}

/// Result of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Oldest first.
    pub segments: Vec<SegmentReport>,
    /// Whether everything is as it was written.
    pub whole: bool,
    /// Events checked.
    pub events: u64,
}

/// Result for one segment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SegmentReport {
    /// Its number.
    pub number: u64,
    /// Name of its file.
    pub file: String,
    /// Blocks checked.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// First event id of the first bad block.
    pub first_bad_block: Option<u64>,
    /// What is wrong with it; `None` if nothing is.
    pub problem: Option<String>,
    /// Whether it was never closed (a crash, or it was copied while being written): it cannot be checked to be complete.
    pub unclosed: bool,
}

/// Walks every segment: that each block can be read and hashes to what the chain says, that counts agree, and that each
/// segment's digest is the one that the next segment remembers. Segments removed from the head are no damage; one
/// missing in between is.
///
/// # Errors
/// If there is no store, it is being written, or it comes from a newer release. Damage is no error: it is in the report.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, VerifyError> {
    let store = Store::open(dir)?;
    let shared = store.shared();
    let segments = shared.segments();
    let mut report = Report { whole: true, ..Report::default() };
    let mut before: Option<(u64, Option<Hash>)> = None;
    for (done, segment) in segments.iter().enumerate() {
        progress(Progress { done, segments: segments.len() });
        let mut result = SegmentReport {
            number: segment.number,
            file: segment
                .path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            unclosed: segment.form() == SegmentState::Open,
            ..SegmentReport::default()
        };
        if let Err(error) = check(shared, segment, &mut result) {
            result.problem.get_or_insert(error.to_string());
        }
        if let (Some(head), None) = (&segment.head, &result.problem) {
            result.problem = link(head, before);
        }
        before = Some((segment.number, segment.link()));
        segment.let_go();
        report.whole &= result.problem.is_none();
        report.events += result.events;
        report.segments.push(result);
    }
    progress(Progress { done: segments.len(), segments: segments.len() });
    Ok(report)
}

/// Whether a segment follows on the one before.
fn link(head: &Head, before: Option<(u64, Option<Hash>)>) -> Option<String> {
    let (number, digest) = before?;
    if head.number != number + 1 {
        return Some(format!("the segments between {number} and {} are missing", head.number));
    }
    match (head.previous, digest) {
        (Some(remembered), Some(digest)) if remembered != digest => {
            Some(format!("segment {number} is not the one that it follows: the chain is broken"))
        }
        (Some(_), None) => Some(format!("segment {number} before it was closed once and is not any more")),
        _ => None,
    }
}

fn check(shared: &Shared, segment: &Segment, report: &mut SegmentReport) -> Result<(), FileError> {
    let Some(head) = &segment.head else {
        return Err(FileError::Damaged("the file cannot be read".to_owned()));
    };
    let view = shared.view(segment)?;
    let mut totals = Totals { next_context: head.first_context, ..Totals::default() };
    let last = blocks(&view, head, report, &mut totals)?;
    let contexts = check_contexts(shared, segment, &view)?;
    if segment.form() == SegmentState::Open {
        return Ok(());
    }
    let known = segment.totals();
    if known.events != totals.events || known.span != totals.span || known.kinds != totals.kinds {
        return Err(FileError::Damaged(format!(
            "it has {} events, and says that it has {}",
            totals.events, known.events
        )));
    }
    if known.contexts != contexts {
        return Err(FileError::Damaged(format!(
            "it has {contexts} contexts, and says that it has {}",
            known.contexts
        )));
    }
    let digest = guarded(|| digest(view.format, &view.transaction, head, &known, &last))?;
    if segment.digest() != Some(digest) {
        return Err(FileError::Damaged("its digest is not that of its content".to_owned()));
    }
    Ok(())
}

fn check_contexts(shared: &Shared, segment: &Segment, view: &View) -> Result<u64, FileError> {
    let mut summarised = 0;
    let mut problem: Option<Damaged> = None;
    guarded(|| {
        all(&view.transaction.open_table(SUMMARIES)?, |_, value| match Summary::unpack(&value) {
            Ok(summary) => summarised += summary.ids.len() as u64,
            Err(damaged) => problem = Some(damaged),
        })?;
        Ok(())
    })?;
    if let Some(damaged) = problem {
        return Err(damaged.into());
    }
    let contexts = Contexts::new(shared, segment, view)?.count()?;
    if contexts != summarised {
        return Err(FileError::Damaged("contexts and their summaries do not agree".to_owned()));
    }
    Ok(contexts)
}

/// Checks each block and the chain; gives the last hash.
fn blocks(
    view: &View,
    head: &Head,
    report: &mut SegmentReport,
    totals: &mut Totals,
) -> Result<Hash, FileError> {
    guarded(|| {
        let zones = view.transaction.open_table(ZONES)?;
        let blocks = view.transaction.open_table(BLOCKS)?;
        let mut previous = GENESIS;
        let mut next = head.first_event;
        for row in zones.iter()? {
            let (key, value) = row?;
            let first = u64::from_be_bytes(*key.value());
            let checked = || -> Result<Zone, FileError> {
                let zone = Zone::decode(view.format, first, value.value())?;
                if first != next {
                    return Err(FileError::Damaged(format!(
                        "events {next} to {} are missing",
                        first.saturating_sub(1)
                    )));
                }
                let block = get(&blocks, first)?.ok_or(Damaged("the block is missing"))?;
                whole(&zone, &block, &previous)?;
                Ok(zone)
            };
            match checked() {
                Ok(zone) => {
                    totals.add_zone(&zone);
                    previous = zone.hash;
                    next = zone.end();
                    report.blocks += 1;
                    report.events += u64::from(zone.count);
                }
                Err(error) => {
                    report.first_bad_block.get_or_insert(first);
                    return Err(FileError::Damaged(format!("block {first}: {error}")));
                }
            }
        }
        Ok(previous)
    })
}

/// Whether a block is what its header row says.
fn whole(zone: &Zone, block: &[u8], previous: &Hash) -> Result<(), Damaged> {
    if hash_of(zone, previous, block)? != zone.hash {
        return Err(Damaged("its hash is not that of its content and of the block before"));
    }
    let core = Core::decode(zone, block)?;
    Rest::decode(zone, core.file_count(), block)?;
    let bounds = |time: &Nanos| (zone.min_time..=zone.max_time).contains(time);
    if !core.times()?.iter().all(bounds) {
        return Err(Damaged("its header row does not fit its events"));
    }
    Ok(())
}
