//! Answering a question for events: segment by segment, block by block, until there are enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event::{EventId, Kind};
use redb::ReadableTable;

use super::ahead::{Ahead, at_once};
use super::blocks::Blocks;
use super::chosen::Fits;
use super::ground::Ground;
use super::lineage::Resolver;
use super::provenance::Files;
use super::search::{beyond, block};
use super::segment::{Segment, View};
use super::select;
use super::shared::Shared;
use crate::block::Zone;
use crate::limits::MAX_LIMIT;
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::ZONES;
use crate::{Budget, Filter, Found, Order, Page, Query, QueryError, SegmentState};

/// Calls `each` with the header rows in the order asked for, until it says false. Damaged ones are noted.
pub fn zones(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    order: Order,
    mut each: impl FnMut(Zone) -> Result<bool, FileError>,
) -> Result<(), FileError> {
    guarded(|| {
        let table = view.transaction.open_table(ZONES)?;
        let mut rows = table.iter()?;
        loop {
            let row = match order {
                Order::Asc => rows.next(),
                Order::Desc => rows.next_back(),
            };
            let Some(row) = row else { return Ok(()) };
            let (key, value) = row?;
            let first = u64::from_be_bytes(*key.value());
            match Zone::decode(view.format, first, value.value()) {
                Ok(zone) => {
                    if !each(zone)? {
                        return Ok(());
                    }
                }
                Err(_) => shared.damaged(segment, first, None),
            }
        }
    })
}

/// Whether a filter makes sense.
pub fn check(filter: &Filter) -> Result<(), QueryError> {
    if filter.descendants && filter.pids.is_empty() && filter.processes.is_empty() {
        return Err(QueryError::DescendantsOfNothing);
    }
    Ok(())
}

/// Answers a question.
pub fn events(shared: &Shared, query: &Query, budget: &Budget) -> Result<Page, QueryError> {
    check(&query.filter)?;
    if query.limit > MAX_LIMIT {
        return Err(QueryError::TooMuch { what: "the number of events of one answer", limit: MAX_LIMIT });
    }
    let mut page = Page::default();
    if query.limit == 0 {
        return Ok(page);
    }
    let mut ahead = Ahead::new(budget);
    let mut segments = shared.segments();
    segments.retain(|segment| reaches(segment, query));
    if query.order == Order::Desc {
        segments.reverse();
    }
    let mut left = segments.as_slice();
    while let [first, ..] = left {
        if budget.spent() {
            page.next = outside(first, query.order);
            break;
        }
        let (stopped, count) = scan(shared, left, query, (budget, &mut ahead), &mut page.events);
        let (some, later) = left.split_at(count);
        if page.events.len() > query.limit {
            page.events.truncate(query.limit);
            page.next = page.events.last().map(|found| found.id);
            break;
        }
        if stopped.is_some() {
            page.next = stopped;
            break;
        }
        ahead.segments_done(count);
        for _ in some {
            budget.step();
        }
        left = later;
    }
    Ok(page)
}

/// Whether a segment can have anything that is asked for, by what is known without opening it.
pub fn reaches(segment: &Segment, query: &Query) -> bool {
    let (Some(head), true) = (&segment.head, segment.form() != SegmentState::Damaged) else { return false };
    let totals = segment.totals();
    let Some((from, to)) = totals.span else { return false };
    let kinds = select::kinds(&query.filter);
    let last = totals.next_event(head.first_event).saturating_sub(1);
    let ids = &query.filter.ids;
    (ids.is_empty() || ids.iter().any(|id| (head.first_event..=last).contains(id)))
        && query.filter.since.is_none_or(|since| to >= since)
        && query.filter.until.is_none_or(|until| from < until)
        && totals.kinds.iter().any(|(kind, _)| Kind::try_from(*kind).is_ok_and(&kinds))
        && query.after.is_none_or(|after| match query.order {
            Order::Asc => last > after,
            Order::Desc => head.first_event < after,
        })
}

/// The position just outside a segment, from where a scan in this order goes into it.
fn outside(segment: &Segment, order: Order) -> Option<EventId> {
    let first = segment.head.as_ref()?.first_event;
    Some(match order {
        Order::Asc => first.saturating_sub(1),
        Order::Desc => segment.totals().next_event(first),
    })
}

/// A segment that can have something.
struct Opened<'a> {
    segment: &'a Segment,
    ground: Ground<'a>,
    blocks: Blocks<'a>,
    files: Files<'a>,
}

impl<'a> Opened<'a> {
    /// `None` if nothing of it can fit.
    fn new(
        shared: &'a Shared,
        segment: &'a Segment,
        view: &'a View,
        query: &'a Query,
        kinds: &impl Fn(Kind) -> bool,
    ) -> Result<Option<Self>, FileError> {
        let Some(ground) = Ground::of(shared, segment, view, &query.filter, kinds)? else { return Ok(None) };
        let (blocks, files) = (Blocks::new(shared, segment, view)?, Files::new(shared, segment, view)?);
        Ok(Some(Self { segment, ground, blocks, files }))
    }

    /// Of some segments those that can have something, asked at once.
    fn all(
        shared: &'a Shared,
        segments: &'a [Arc<Segment>],
        views: &'a [Option<View>],
        (query, kinds): (&'a Query, &(impl Fn(Kind) -> bool + Sync)),
        threads: usize,
    ) -> Vec<Self> {
        let readable =
            segments.iter().zip(views).filter_map(|(segment, view)| Some((segment, view.as_ref()?)));
        let readable: Vec<(&Arc<Segment>, &View)> = readable.collect();
        let opened = at_once(&readable, &mut vec![(); threads], |(segment, view), ()| {
            noted(shared, segment, Self::new(shared, segment, view, query, kinds)).flatten()
        });
        opened.into_iter().flatten().collect()
    }

    fn resolver(&self) -> Resolver<'_> {
        Resolver::new(&self.ground.chosen.contexts, &self.files)
    }
}

/// What could be read of a segment; what could not is noted.
fn noted<T>(shared: &Shared, segment: &Segment, read: Result<T, FileError>) -> Option<T> {
    let note = |error: &FileError| {
        tracing::debug!(file = %segment.path.display(), %error, "a segment cannot be read");
        shared.damaged(segment, 0, None);
    };
    read.inspect_err(note).ok()
}

/// Adds what fits of the first of some segments, or of as many as it is worth while to look through together, and tells how
/// many that were. If the budget is spent before the end of them, says where to go on.
fn scan(
    shared: &Shared,
    segments: &[Arc<Segment>],
    query: &Query,
    (budget, ahead): (&Budget, &mut Ahead),
    out: &mut Vec<Found>,
) -> (Option<EventId>, usize) {
    let kinds = select::kinds(&query.filter);
    let views = |segments: &[Arc<Segment>]| -> Vec<Option<View>> {
        segments.iter().map(|segment| noted(shared, segment, shared.view(segment))).collect()
    };
    let second;
    let count = ahead.segments(out.len(), query.limit, budget).min(segments.len());
    let (some, later) = segments.split_at(count);
    let first = views(some);
    let threads = ahead.threads();
    let mut opened = Opened::all(shared, some, &first, (query, &kinds), threads);
    let likely = opened.first().and_then(|opened| opened.ground.likely());
    let more = ahead.expect(likely, query.limit.saturating_sub(out.len()), budget).min(later.len());
    let later = &later[..more];
    second = views(later);
    opened.extend(Opened::all(shared, later, &second, (query, &kinds), threads));
    let count = count + more;
    // For each thread, of each segment.
    let mut resolvers: Vec<Vec<Resolver<'_>>> =
        (0..threads).map(|_| opened.iter().map(Opened::resolver).collect()).collect();
    let always = budget.threads().is_some();
    // Of which segment, which block.
    let mut waiting: Vec<(usize, Zone, Fits)> = Vec::new();
    let mut look = |waiting: &mut Vec<(usize, Zone, Fits)>, ahead: &mut Ahead, out: &mut Vec<Found>| {
        // One more than asked for tells that there is a next page.
        let most = query.limit + 1 - out.len();
        // Blocks are begun in order: once those that are done have enough, no later one is needed.
        let (enough, pages) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let look = |(place, zone, fits): &(usize, Zone, Fits), resolvers: &mut [Vec<Resolver<'_>>]| {
            let mut found = Vec::new();
            if enough.load(Ordering::Relaxed) < most {
                let Opened { segment, blocks, .. } = &opened[*place];
                let mut resolvers: Vec<_> = resolvers.iter_mut().map(|of| &mut of[*place]).collect();
                match block(blocks, zone, (query, most), fits, &kinds, (&mut resolvers, always), &mut found) {
                    Ok(looked) => _ = pages.fetch_add(looked, Ordering::Relaxed),
                    Err(_) => shared.damaged(segment, zone.first, Some(zone)),
                }
                enough.fetch_add(found.len(), Ordering::Relaxed);
            }
            found
        };
        let found = match waiting.as_slice() {
            [only] => vec![look(only, &mut resolvers)],
            _ => {
                at_once(waiting, &mut resolvers, |job, of_thread| look(job, std::slice::from_mut(of_thread)))
            }
        };
        ahead.done(waiting.len(), pages.into_inner());
        for _ in waiting.drain(..) {
            budget.step();
        }
        for found in found {
            let room = query.limit + 1 - out.len();
            out.extend(found.into_iter().take(room));
        }
        out.len() <= query.limit
    };
    let mut stopped = None;
    for (place, Opened { segment, ground, .. }) in opened.iter().enumerate() {
        let beyond = |first, last| beyond(query, first, last);
        let read = ground.blocks(query.order, &kinds, beyond, |zone, fits| {
            if waiting.is_empty() && budget.spent() {
                stopped = Some(match query.order {
                    Order::Asc => zone.first.saturating_sub(1),
                    Order::Desc => zone.last.saturating_add(1),
                });
                return Ok(false);
            }
            waiting.push((place, zone, fits));
            if waiting.len() < ahead.batch(out.len(), query.limit, budget) {
                return Ok(true);
            }
            Ok(look(&mut waiting, ahead, out))
        });
        noted(shared, segment, read);
        if stopped.is_some() || out.len() > query.limit {
            return (stopped, count);
        }
    }
    if !waiting.is_empty() {
        look(&mut waiting, ahead, out);
    }
    (stopped, count)
}
