//! Which processes of a segment fit a question: as far as its indexes tell, and by their states.

use std::collections::HashSet;

use event::{Nanos, ProcessKey};

use super::chosen::{Who, image_fits};
use super::contexts::Contexts;
use super::index;
use super::segment::{Segment, View};
use super::select::{self, asks_for_changes};
use super::shared::Shared;
use crate::context::{Summary, lived_since};
use crate::index::lives::{Life, Overlap};
use crate::segment::file::FileError;
use crate::{Filter, ProcessQuery};

/// The span in which a process must have been alive, both ends included.
#[derive(Debug)]
pub struct Span {
    since: Option<Nanos>,
    /// Last moment.
    to: Option<Nanos>,
}

impl Span {
    /// Of a question.
    pub fn of(query: &ProcessQuery) -> Self {
        let before = query.filter.until.map(|until| until.saturating_sub(1));
        Self {
            since: query.filter.since.into_iter().chain(query.at).max(),
            to: before.into_iter().chain(query.at).min(),
        }
    }

    /// Whether it has an end at all.
    pub const fn is_bounded(&self) -> bool {
        self.since.is_some() || self.to.is_some()
    }

    /// Whether a segment is about the span: it begins at its first event, and ends where the next one begins. (Each
    /// begins with all processes that are alive, so that others need not be asked.)
    pub fn touches(&self, segment: &Segment, next: Option<&Segment>) -> bool {
        let Some(head) = &segment.head else { return false };
        let totals = segment.totals();
        let first = totals.span.map_or(head.created, |(first, _)| first.min(head.created));
        let next_boot_or_begin = next.and_then(|next| next.head.as_ref()).map(|next| {
            // Nobody of an earlier boot lives on.
            if next.boot == head.boot { next.created } else { totals.latest.unwrap_or(head.created) }
        });
        // What lived before the first segment was seen by its snapshot, with its true start.
        let first = if head.number == 1 { Nanos::MIN } else { first };
        self.to.is_none_or(|to| first <= to)
            && self.since.is_none_or(|since| {
                next_boot_or_begin.is_none_or(|next| since < next)
                    || totals.latest.is_some_and(|latest| since <= latest)
            })
    }

    fn has(&self, start: Nanos, end: Option<Nanos>) -> bool {
        self.to.is_none_or(|to| start <= to)
            && self.since.is_none_or(|since| end.is_none_or(|end| end >= since))
    }
}

/// What the indexes of a segment tell of a question.
pub struct Candidates<'a> {
    filter: &'a Filter,
    /// With `descendants`: the contexts below what is asked for.
    under: Option<Who>,
    states: bool,
    parents: HashSet<ProcessKey>,
}

impl<'a> Candidates<'a> {
    /// Of a segment; `None` if it can have nobody.
    pub fn new(
        shared: &Shared,
        segment: &Segment,
        view: &View,
        query: &'a ProcessQuery,
    ) -> Result<Option<Self>, FileError> {
        let filter = &query.filter;
        let mut under = None;
        if !(filter.pids.is_empty() && filter.processes.is_empty()) {
            let who = index::who(shared, segment, view, filter);
            let who = match who {
                Some(who) => who,
                None if filter.descendants => select::who(&Contexts::new(shared, segment, view)?, filter)?,
                None => Who::Anybody,
            };
            if who.is_empty() {
                return Ok(None);
            }
            under = filter.descendants.then_some(who);
        }
        let parents = filter.parents.iter().copied().collect();
        Ok(Some(Self { filter, under, states: asks_for_changes(filter), parents }))
    }

    /// Whether a process fits, as far as can be told.
    pub fn may_fit(&self, life: &Life, contexts: &[u64], span: &Span) -> Overlap {
        let (filter, process) = (self.filter, &life.process);
        let asked = match &self.under {
            Some(under) => contexts.first().is_some_and(|context| under.has(*context)),
            None => {
                (filter.pids.is_empty() || filter.pids.contains(&process.pid))
                    && (filter.processes.is_empty() || filter.processes.contains(process))
            }
        };
        let child =
            self.parents.is_empty() || life.creator.is_some_and(|creator| self.parents.contains(&creator));
        if !asked || !child || contexts.is_empty() {
            return Overlap::No;
        }
        match life.overlap(span.since, span.to) {
            Overlap::Yes if self.states => Overlap::Perhaps,
            overlap => overlap,
        }
    }
}

/// Whether a process fits by its states, given its contexts in order and its end. A state lasts until the next one begins,
/// the last one until the process ends.
pub fn fits(contexts: &Contexts<'_>, ids: &[u64], end: Option<Nanos>, filter: &Filter, span: &Span) -> bool {
    let states: Vec<(u64, Nanos, bool)> = ids
        .iter()
        .filter_map(|id| {
            let (summary, row) = contexts.row(*id)?;
            let since = if Some(id) == ids.first() {
                began(contexts, *id, &summary, row)
            } else {
                summary.since[row]
            };
            Some((*id, since, select::fits(&summary, row, filter)))
        })
        .collect();
    (0..states.len()).any(|place| {
        let (id, since, fits) = states[place];
        let end = states.get(place + 1).map(|(_, next, _)| next.saturating_sub(1)).or(end);
        fits && span.has(since, end) && (filter.exes.is_empty() || image_fits(contexts, id, &filter.exes))
    })
}

/// When a process began to live, by its first state.
fn began(contexts: &Contexts<'_>, id: u64, summary: &Summary, row: usize) -> Nanos {
    summary.began(row).unwrap_or_else(|| {
        let fork = contexts.get(id).map_or(0, |context| context.fork_time);
        lived_since(fork, summary.since[row])
    })
}
