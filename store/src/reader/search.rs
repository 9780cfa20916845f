//! Looking through a block: which of its pages can have what is asked for, and which events of these do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use event::{EventId, Kind};

use super::ahead::{self, at_once};
use super::blocks::Blocks;
use super::chosen::Fits;
use super::lineage::Resolver;
use super::select::{self, Wanted};
use crate::block::{Core, Zone};
use crate::segment::file::FileError;
use crate::{Found, Order, Query};

/// Whether a page has been past some ids already.
pub fn beyond(query: &Query, first: EventId, last: EventId) -> bool {
    query.after.is_some_and(|after| match query.order {
        Order::Asc => last <= after,
        Order::Desc => first >= after,
    })
}

/// Looks through the pages of a block that can have something, for so many events at most, with as many threads as there are
/// resolvers (`always`, or if it is likely to be worth while); gives how many pages that were. A page that cannot be read is noted and passed over.
pub fn block(
    blocks: &Blocks<'_>,
    zone: &Zone,
    (query, most): (&Query, usize),
    fits: &Fits,
    kinds: &(impl Fn(Kind) -> bool + Sync),
    (resolvers, always): (&mut [&mut Resolver<'_>], bool),
    out: &mut Vec<Found>,
) -> Result<usize, FileError> {
    let tables = blocks.tables(zone)?;
    let group = |group| blocks.group(zone, &tables, group);
    let Some(wanted) = Wanted::of(&tables, &query.filter, fits, kinds, group)? else { return Ok(0) };
    let mut pages = Vec::new();
    for page in (0..tables.page_count()).filter(|page| wanted.has_page(*page)) {
        let ids = tables.page_ids(page)?;
        if !beyond(query, ids.start, ids.end.saturating_sub(1)) {
            pages.push((page, ids.start, tables.page_times(page)?));
        }
    }
    if query.order == Order::Desc {
        pages.reverse();
    }
    let begun = Instant::now();
    let (mut done, enough) = (0, AtomicUsize::new(0));
    while done < pages.len() && out.len() < most {
        let left = &pages[done..];
        let count = match resolvers.len() {
            1 => 1,
            _ if always => left.len(),
            _ => ahead::pages(left.len(), (done, begun.elapsed()), (out.len(), most)),
        };
        let found = at_once(&left[..count], resolvers, |(number, first, (min_time, max_time)), resolver| {
            let mut found = Vec::new();
            // They are begun in order, as blocks are.
            if enough.load(Ordering::Relaxed) < most {
                let looked = blocks.page(zone, &tables, *number).and_then(|core| {
                    page(blocks, zone, &core, (query, most), (fits, &wanted), resolver, &mut found)
                });
                if looked.is_err() {
                    let count = u32::try_from(tables.page_rows(*number).len()).unwrap_or(u32::MAX);
                    let lost = Zone { count, min_time: *min_time, max_time: *max_time, ..zone.clone() };
                    blocks.shared.damaged(blocks.segment, *first, Some(&lost));
                }
                enough.fetch_add(found.len(), Ordering::Relaxed);
            }
            found
        });
        out.extend(found.into_iter().flatten());
        out.truncate(most);
        done += count;
    }
    Ok(done)
}

fn page(
    blocks: &Blocks<'_>,
    zone: &Zone,
    core: &Core,
    (query, most): (&Query, usize),
    (fits, wanted): (&Fits, &Wanted),
    resolver: &mut Resolver<'_>,
    out: &mut Vec<Found>,
) -> Result<(), FileError> {
    let mut rows = wanted.rows(core, &query.filter, fits)?;
    if query.order == Order::Desc {
        rows.reverse();
    }
    if let Some(after) = query.after {
        match query.order {
            Order::Asc => {
                let from = core.row_from(after.saturating_add(1));
                rows.retain(|row| *row >= from);
            }
            Order::Desc => {
                let to = core.row_from(after);
                rows.retain(|row| *row < to);
            }
        }
    }
    let Some(last) = rows.iter().copied().max() else { return Ok(()) };
    let rest = blocks.rest(zone, core.tables())?;
    for row in rows {
        if !select::detail_fits(&rest, core, row, &query.filter) {
            continue;
        }
        let event =
            core.event_of(zone, &rest, (row, last), |group| blocks.group(zone, core.tables(), group))?;
        let (context, lineage) = resolver.resolve(event.context);
        let other = event.detail.other().and_then(|id| resolver.find(id));
        out.push(Found { id: core.id(row), event, context, lineage, other });
        if out.len() >= most {
            return Ok(());
        }
    }
    Ok(())
}
