//! Reading a store.

mod ahead;
mod blocks;
mod cache;
mod candidates;
mod chosen;
mod contexts;
mod family;
mod filters;
mod gaps;
mod ground;
mod grouping;
mod image_paths;
mod index;
mod lineage;
mod lives;
mod living;
mod path_index;
mod paths;
mod pinned;
mod processes;
mod provenance;
mod removed;
mod scan;
mod search;
mod segment;
mod select;
mod shared;
mod summing;
mod timeline;

use std::path::Path;
use std::sync::Arc;

use event::{Class, EventId, Gap, Kind, Nanos, ProcessKey};

pub(crate) use self::contexts::{Contexts, each_exit};
pub(crate) use self::filters::Filters;
pub(crate) use self::image_paths::ImagePaths;
pub(crate) use self::pinned::{Retained, is_pinned, reach};
pub(crate) use self::provenance::{load as load_provenance, table as provenance_table};
pub(crate) use self::scan::zones as each_zone;
pub(crate) use self::segment::{Segment, View};
pub(crate) use self::shared::Shared;
use crate::left_out;
use crate::pins::Pins;
use crate::segment::file;
use crate::{
    Budget, Filter, Found, LeftOut, OpenError, Order, Page, Pin, PinError, PinStats, Process, ProcessPage,
    ProcessQuery, Query, QueryError, Stats, Timeline, TimelineQuery,
};

/// A store to read. Clones share their caches.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Store {
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Opens a store that nobody writes (or a directory of copied segments, or one segment's file), for reading only:
    /// nothing is ever changed, also where a crash left a segment open.
    ///
    /// # Errors
    /// If there is none, it is being written, or it comes from a newer release.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { action: "reading", path: dir.to_owned(), source };
        let metadata = std::fs::metadata(dir).map_err(io)?;
        let files = if metadata.is_file() {
            vec![(file::number(dir).unwrap_or(1), dir.to_owned())]
        } else {
            drop(crate::writer::lock_shared(dir)?);
            let inner = dir.join("segments");
            let files = file::list(if inner.is_dir() { &inner } else { dir }).map_err(io)?;
            if files.is_empty() && !inner.is_dir() {
                return Err(OpenError::Missing { path: dir.to_owned() });
            }
            files
        };
        let segments = Segment::look_all(files)?;
        let pins = if metadata.is_dir() { Pins::load(dir) } else { Pins::default() };
        Ok(Self::of(Arc::new(Shared::new(segments, pins, None, None))))
    }

    /// Events that fit, in the order of recording or against it.
    ///
    /// # Errors
    /// If the question makes no sense. Unreadable parts are left out and show as gaps.
    pub fn events(&self, query: &Query) -> Result<Page, QueryError> {
        self.events_within(query, &Budget::unlimited())
    }

    /// The same, at a price: when the budget is spent, the page has what was found so far (perhaps nothing), and its
    /// `next` is where to go on.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn events_within(&self, query: &Query, budget: &Budget) -> Result<Page, QueryError> {
        scan::events(&self.shared, query, budget)
    }

    /// One event.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn event(&self, id: EventId) -> Result<Option<Found>, QueryError> {
        let Some(before) = id.checked_sub(1) else { return Ok(None) };
        let query = Query { filter: Filter::default(), order: Order::Asc, limit: 1, after: Some(before) };
        Ok(self.events(&query)?.events.into_iter().find(|found| found.id == id))
    }

    /// How many events fit, by time.
    ///
    /// # Errors
    /// As [`Self::events`]; if there are too many buckets.
    pub fn timeline(&self, query: &TimelineQuery, budget: &Budget) -> Result<Timeline, QueryError> {
        timeline::timeline(&self.shared, query, budget)
    }

    /// Times of the earliest and the latest event; `None` if there is none.
    #[must_use]
    pub fn span(&self) -> Option<(Nanos, Nanos)> {
        let spans = self.shared.segments().into_iter().filter_map(|segment| segment.totals().span);
        spans.reduce(|(from, to), (other_from, other_to)| (from.min(other_from), to.max(other_to)))
    }

    /// Processes that fit.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn processes(&self, query: &ProcessQuery) -> Result<ProcessPage, QueryError> {
        self.processes_within(query, &Budget::unlimited())
    }

    /// The same, at a price: when the budget is spent, the page has what was found so far (perhaps nobody), and its `next`
    /// is where to go on.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn processes_within(&self, query: &ProcessQuery, budget: &Budget) -> Result<ProcessPage, QueryError> {
        processes::processes(&self.shared, query, budget)
    }

    /// One process.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn process(&self, key: ProcessKey) -> Result<Option<Process>, QueryError> {
        let filter = Filter { processes: vec![key], ..Filter::default() };
        let query = ProcessQuery { filter, limit: 1, ..ProcessQuery::default() };
        Ok(self.processes(&query)?.processes.pop())
    }

    /// How many events there were right behind a place, in an order, that are there no more: for who goes on from there.
    #[must_use]
    pub fn removed_beside(&self, after: EventId, order: Order) -> u64 {
        removed::removed_beside(&self.shared, after, order)
    }

    /// How many processes one created, as far as `most`.
    #[must_use]
    pub fn count_children(&self, key: ProcessKey, most: usize) -> usize {
        family::count_children(&self.shared, key, most)
    }

    /// Spans in which something is missing, that overlap `since..until`: recorded losses, damage, removal. An empty
    /// `classes` means all; a gap of class `All` is always among them.
    #[must_use]
    pub fn gaps(&self, since: Option<Nanos>, until: Option<Nanos>, classes: &[Class]) -> Vec<Gap> {
        gaps::gaps(&self.shared, since, until, classes)
    }

    /// What was left out on purpose in `since..until` of some kinds of events, with the spans in which such rules were in
    /// force. What was recorded by releases that kept no rules has none.
    #[must_use]
    pub fn left_out(&self, since: Option<Nanos>, until: Option<Nanos>, kinds: &[Kind]) -> Vec<LeftOut> {
        left_out::left_out(&self.shared, since, until, kinds)
    }

    /// Recorded paths that begin with `prefix`, in byte order, with their numbers of events: each event counts for its
    /// file, for its destination, and for the image that it put in place or that ended.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn paths(
        &self,
        prefix: &str,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<(String, u64)>, QueryError> {
        paths::paths(&self.shared, prefix, limit, after)
    }

    /// Keeps a span of time, `since..until`, from removal, durably; also while a writer of this process records. `now` is
    /// the present, which the span must not go beyond.
    ///
    /// # Errors
    /// If the store was opened for reading only, or the pin cannot be made; then nothing has changed.
    pub fn pin(&self, name: &str, since: Nanos, until: Nanos, now: Nanos) -> Result<PinStats, PinError> {
        self.shared.pin(Pin { name: name.to_owned(), since, until, created: now })
    }

    /// Lets go of a pin; what it kept is removed when its time has come.
    ///
    /// # Errors
    /// If there is none by that name, or the store was opened for reading only.
    pub fn unpin(&self, name: &str) -> Result<Pin, PinError> {
        self.shared.pins().remove(name)
    }

    /// The pins, in order of making.
    #[must_use]
    pub fn pins(&self) -> Vec<PinStats> {
        self.shared.pin_stats()
    }

    /// What is in it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        summing::stats(&self.shared)
    }
}
