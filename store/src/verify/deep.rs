//! Whether what a segment says of itself is so: everything is unpacked, and looked at as readers would.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use event::Nanos;

use super::indexes::Indexes;
use super::report::SegmentReport;
use crate::block::{Rest, Zone, pages};
use crate::bytes::Damaged;
use crate::context::Summary;
use crate::reader::{Contexts, Segment, Shared, View, each_zone, load_provenance};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{BLOCKS, get, summaries, try_all};
use crate::{Order, SegmentState};

/// Checks a segment whose stored bytes are known to be those that were written.
pub fn check(
    shared: &Shared,
    segment: &Segment,
    report: &mut SegmentReport,
    told: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, FileError> {
    let view = shared.view(segment)?;
    let ids = contexts(shared, segment, &view)?;
    load_provenance(shared, segment, &view)?;
    if segment.form() != SegmentState::Open && segment.totals().contexts != ids.len() as u64 {
        return Err(FileError::Damaged(format!(
            "it has {} contexts, and says that it has {}",
            ids.len(),
            segment.totals().contexts
        )));
    }
    let mut indexes = Indexes::new(shared, segment, &view)?;
    let mut flow = ControlFlow::Continue(());
    guarded(|| {
        let blocks = view.transaction.open_table(BLOCKS)?;
        each_zone(shared, segment, &view, Order::Asc, |zone| {
            let block = get(&blocks, zone.first)?.ok_or(Damaged("a block is missing"))?;
            unpacked(&zone, block, &mut indexes).map_err(|damaged| {
                report.first_bad_block.get_or_insert(zone.first);
                FileError::Damaged(format!("block {}: {damaged}", zone.first))
            })?;
            report.unknown_contexts +=
                zone.contexts.iter().filter(|id| **id != 0 && !ids.contains(id)).count() as u64;
            flow = told(report.bytes);
            Ok(flow.is_continue())
        })
    })?;
    if flow.is_continue() {
        indexes.check(shared, segment, &view)?;
    }
    Ok(flow)
}

/// Ids of the contexts, which must be those of their summaries.
fn contexts(shared: &Shared, segment: &Segment, view: &View) -> Result<HashSet<u64>, FileError> {
    let mut summarised = HashSet::new();
    guarded(|| {
        let table = view.transaction.open_table(summaries(view.format))?;
        try_all(&table, |_, value| {
            summarised.extend(Summary::read(view.format, &value)?.ids.iter().copied());
            Ok(())
        })
    })?;
    if Contexts::new(shared, segment, view)?.count()? != summarised.len() as u64 {
        return Err(FileError::Damaged("contexts and their summaries do not agree".to_owned()));
    }
    Ok(summarised)
}

/// Whether a block can be unpacked and is what its header row says.
fn unpacked(zone: &Zone, block: Vec<u8>, indexes: &mut Indexes) -> Result<(), Damaged> {
    let wrong = Err(Damaged("its header row does not fit its events"));
    let bounds = |time: &Nanos| (zone.min_time..=zone.max_time).contains(time);
    let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
    let mut rest = None;
    let pages = pages(zone, block)?;
    for (page, core) in pages.iter().enumerate() {
        let rest = match &mut rest {
            Some(rest) => rest,
            none => none.insert(Rest::decode(zone, core.tables())?),
        };
        if !core.times()?.iter().all(bounds) {
            return wrong;
        }
        for kind in core.kinds()? {
            *counts.entry(kind.number()).or_default() += 1;
        }
        core.check_pages(page)?;
        for row in 0..core.len() {
            core.event(zone, rest, row)?;
        }
    }
    if !zone.kinds.iter().copied().eq(counts) {
        return wrong;
    }
    indexes.block(zone, &pages)
}
