//! Whether a segment's stored bytes are those that were written: the chain over its blocks, and its digest.

use std::ops::ControlFlow;

use redb::{AccessGuard, ReadableTable, ReadableTableMetadata};

use super::report::{BadBlock, SegmentReport};
use crate::SegmentState;
use crate::block::{GENESIS, Hash, Zone, hash_of};
use crate::bytes::Damaged;
use crate::reader::{Segment, Shared, View};
use crate::segment::digest::digest;
use crate::segment::file::{self, FileError, guarded};
use crate::segment::meta::{Head, SIGNATURE, Totals};
use crate::segment::tables::{BLOCKS, META, ZONES, get_counted};
use crate::sign::{Finding, PublicKey, Signed};

/// Checks a segment. What is wrong with blocks is written down, and the check goes on behind them.
pub fn check(
    shared: &Shared,
    segment: &Segment,
    key: Option<&PublicKey>,
    report: &mut SegmentReport,
    told: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, FileError> {
    let head =
        segment.head.as_ref().ok_or_else(|| FileError::Damaged("the file cannot be read".to_owned()))?;
    segment.read_ahead();
    let view = shared.view(segment)?;
    let mut totals = Totals { next_context: head.first_context, ..Totals::default() };
    let walk = Walk { view: &view, head, sparse: segment.form() == SegmentState::Thinned };
    let ControlFlow::Continue(last) = walk.blocks(report, &mut totals, told)? else {
        return Ok(ControlFlow::Break(()));
    };
    if segment.form() == SegmentState::Open || report.problem.is_some() {
        return Ok(ControlFlow::Continue(()));
    }
    let known = segment.totals();
    if known.events != totals.events || known.span != totals.span || known.kinds != totals.kinds {
        let (has, says) = (totals.events, known.events);
        return Err(FileError::Damaged(if has == says {
            format!("its {has} events are not those that it says to have")
        } else {
            format!("it has {has} events, and says that it has {says}")
        }));
    }
    let digest = guarded(|| digest(view.format, &view.transaction, head, &known, &last))?;
    if segment.digest() != Some(digest) {
        return Err(FileError::Damaged("its digest is not that of its content".to_owned()));
    }
    signature(&view, head, &digest, key, report)?;
    Ok(ControlFlow::Continue(()))
}

/// Whether a segment's signature is of this segment, and by the key that is asked for.
fn signature(
    view: &View,
    head: &Head,
    digest: &Hash,
    key: Option<&PublicKey>,
    report: &mut SegmentReport,
) -> Result<(), FileError> {
    let found = guarded(|| {
        let origin = file::origin(&view.transaction)?;
        let table = view.transaction.open_table(META)?;
        let row = table.get(SIGNATURE)?;
        let signed = Signed { format: view.format, head, digest, origin: origin.as_ref() };
        Ok(signed.check(row.as_ref().map(AccessGuard::value)))
    })?;
    report.signature = found;
    let problem = match (found, key) {
        (Finding::Invalid, _) => "its signature is not of this segment".to_owned(),
        (Finding::None, Some(_)) => "it is not signed".to_owned(),
        (Finding::By(other), Some(key)) if other != *key => format!("it is signed by another key, {other}"),
        _ => return Ok(()),
    };
    Err(FileError::Damaged(problem))
}

/// A walk through the blocks.
struct Walk<'a> {
    view: &'a View,
    head: &'a Head,
    /// Events between blocks may have been removed.
    sparse: bool,
}

impl Walk<'_> {
    /// Checks each block and the chain; gives the last hash.
    fn blocks(
        &self,
        report: &mut SegmentReport,
        totals: &mut Totals,
        told: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), Hash>, FileError> {
        let zones = guarded(|| Ok(self.view.transaction.open_table(ZONES)?))?;
        let blocks = guarded(|| Ok(self.view.transaction.open_table(BLOCKS)?))?;
        let (mut previous, mut next, mut done, mut stored) = (GENESIS, self.head.first_event, 0, 0);
        let mut rows = guarded(|| Ok(zones.iter()?))?;
        while let Some((first, row)) = guarded(|| {
            let Some(row) = rows.next() else { return Ok(None) };
            let (key, value) = row?;
            Ok(Some((u64::from_be_bytes(*key.value()), value.value().to_vec())))
        })? {
            let zone = match Zone::decode(self.view.format, first, &row) {
                Ok(zone) => zone,
                Err(damaged) => {
                    let problem = damaged.to_string();
                    report.bad(BadBlock { first, problem, ..BadBlock::default() });
                    // The hash that the next one builds on went with the row.
                    return Ok(ControlFlow::Continue(previous));
                }
            };
            if first < next || (first > next && !self.sparse) {
                let problem = format!("it begins with event {first}, where {next} should be");
                report.bad(bad(&zone, problem));
            }
            let checked = guarded(|| {
                let (block, pieces) = get_counted(&blocks, first)?.ok_or(Damaged("it is missing"))?;
                if hash_of(&zone, &previous, &block)? != zone.hash {
                    return Err(Damaged("its hash is not that of its bytes and of the block before").into());
                }
                Ok((block.len(), pieces))
            });
            match checked {
                Ok((length, pieces)) => {
                    report.blocks += 1;
                    report.events += u64::from(zone.count);
                    done += length as u64;
                    stored += pieces;
                }
                Err(error) => report.bad(bad(&zone, error.to_string())),
            }
            totals.add_zone(&zone);
            previous = zone.hash;
            next = zone.end();
            if told(done).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if report.problem.is_none() && guarded(|| Ok(blocks.len()?))? != stored {
            return Err(FileError::Damaged("it has blocks without a header row".to_owned()));
        }
        Ok(ControlFlow::Continue(previous))
    }
}

fn bad(zone: &Zone, problem: String) -> BadBlock {
    BadBlock {
        first: zone.first,
        last: Some(zone.last),
        events: Some(u64::from(zone.count)),
        from: Some(zone.min_time),
        to: Some(zone.max_time),
        problem,
    }
}
