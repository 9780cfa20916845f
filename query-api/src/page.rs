//! A page of events, read, rendered and sent in batches, so that neither side holds all of it.

use std::io;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use event::EventId;
use event::render::write_json;
use futures_util::stream;
use serde_json::json;
use store::{Budget, Found, Store};
use tokio::sync::OwnedSemaphorePermit;

use crate::audit::Counter;
use crate::close::close;
use crate::error::ApiError;
use crate::follow::Names;
use crate::gaps::Gaps;
use crate::limits::{BATCH, BATCH_BYTES, TURN};
use crate::params::{Asked, Format};
use crate::query::Query;
use crate::read::read;
use crate::state::AppState;
use crate::token::Pass;

/// What is still to be sent of a page.
pub(crate) struct Page {
    query: Box<Query>,
    format: Format,
    /// The names that the files asked for had, if they are followed.
    names: Option<Names>,
    /// Events between here and the page before that were removed meanwhile.
    skipped: u64,
    /// Read and not yet sent.
    read: std::vec::IntoIter<Found>,
    /// Where to read on, and how many.
    after: Option<EventId>,
    left: usize,
    /// Work that may still be done. When it is used up, a document ends with what was found and `next`. Lines have no
    /// place for that: they go on, turn by turn.
    work: Duration,
    counter: Counter,
    /// Events have been written: the next one needs a comma before it.
    begun: bool,
}

/// A batch, and the rest of the page if there is one.
pub(crate) struct Batch {
    bytes: Vec<u8>,
    rest: Option<Page>,
}

impl Page {
    /// The page that a query asks for, and its first batch.
    pub(crate) fn open(
        store: &Store,
        query: Query,
        format: Format,
        (work, counter): (Duration, Counter),
    ) -> Result<(bool, usize, Batch), ApiError> {
        let mut query = query;
        let names = query.asked.follow.then(|| Names::of(store, &query.asked)).transpose()?;
        if let Some(names) = &names {
            query.asked.filter.paths = names.patterns();
        }
        let after = query.after.as_deref().map(position).transpose()?;
        let left = query.asked.limit();
        let mut page = Self {
            query: Box::new(query),
            format,
            names,
            skipped: 0,
            read: Vec::new().into_iter(),
            after,
            left,
            work,
            counter,
            begun: false,
        };
        let mut bytes = Vec::new();
        if format == Format::Json {
            bytes.extend(b"{\"events\":[");
        }
        page.fetch(store)?;
        // After the first read: what it found damaged is a gap from now on.
        let gaps = page.gaps(store);
        let complete = page.complete(&gaps);
        Ok((complete, gaps.len(), page.send(store, bytes)?))
    }

    /// What may be missing. Of a file that is followed, the loss of a rename hides more than itself.
    fn gaps(&self, store: &Store) -> Gaps {
        let mut filter = self.query.asked.filter.clone();
        if self.names.is_some() {
            filter.kinds.clear();
            filter.categories.clear();
        }
        Gaps::of_events(store, &filter)
    }

    fn complete(&self, gaps: &Gaps) -> bool {
        gaps.complete() && self.skipped == 0 && self.names.as_ref().is_none_or(Names::whole)
    }

    fn batch(mut self, store: &Store, bytes: Vec<u8>) -> Result<Batch, ApiError> {
        self.fetch(store)?;
        self.send(store, bytes)
    }

    /// Reads on, if all that was read is sent.
    fn fetch(&mut self, store: &Store) -> Result<(), ApiError> {
        if self.read.len() == 0 {
            let query = store::Query {
                filter: self.query.asked.filter.clone(),
                order: self.query.asked.order,
                limit: self.left.min(BATCH),
                after: self.after,
            };
            let began = Instant::now();
            let found = store
                .events_within(&query, &Budget::of_time(TURN.min(self.work)))
                .map_err(|error| ApiError::store(&error))?;
            self.work = self.work.saturating_sub(began.elapsed());
            // After the read: what was removed before it is seen.
            if let Some(after) = self.after {
                self.skipped += store.removed_beside(after, self.query.asked.order);
            }
            let mut events = found.events;
            if let Some(names) = &self.names {
                events.retain(|found| names.has(found));
            }
            self.left = self.left.saturating_sub(events.len());
            self.after = found.next;
            self.read = events.into_iter();
        }
        Ok(())
    }

    fn send(mut self, store: &Store, mut bytes: Vec<u8>) -> Result<Batch, ApiError> {
        for event in self.read.by_ref() {
            if self.begun && self.format == Format::Json {
                bytes.push(b',');
            }
            self.begun = true;
            self.counter.add(1);
            render(&mut bytes, &event, &self.query.asked)?;
            if self.format == Format::Ndjson {
                bytes.push(b'\n');
            }
            if bytes.len() >= BATCH_BYTES {
                break;
            }
        }
        let goes_on = self.format == Format::Ndjson || !self.work.is_zero();
        if self.read.len() > 0 || (self.after.is_some() && self.left > 0 && goes_on) {
            return Ok(Batch { bytes, rest: Some(self) });
        }
        if self.format == Format::Json {
            self.close(store, &mut bytes);
        }
        Ok(Batch { bytes, rest: None })
    }

    /// What a document ends with.
    fn close(&self, store: &Store, out: &mut Vec<u8>) {
        let next = self.after.map(|id| self.query.next(id.to_be_bytes().to_vec()));
        let gaps = self.gaps(store);
        let mut rest = json!({ "next": next, "complete": self.complete(&gaps), "gaps": gaps, "left_out": gaps.left_out() });
        if self.skipped > 0 {
            rest["skipped"] = self.skipped.into();
        }
        if let Some(names) = &self.names {
            rest["followed"] = names.told();
        }
        out.push(b']');
        close(out, &rest);
    }
}

impl Batch {
    /// This batch and all after it. Each is read when the one before is taken: a slow reader holds one batch and its
    /// place among the requests, and no thread.
    pub(crate) fn into_body(self, state: AppState, place: OwnedSemaphorePermit, pass: Pass) -> Body {
        let held = (state, place, pass);
        Body::from_stream(stream::unfold((Some(self), held), |(batch, held)| async move {
            let Self { bytes, rest } = batch?;
            let Some(page) = rest else { return Some((Ok(Bytes::from(bytes)), (None, held))) };
            let next = match read(&held.0, move |store| page.batch(store, Vec::new())).await {
                Ok(batch) if held.2.holds() => Ok(batch),
                Ok(_) => Err(io::Error::other("the token is another now")),
                Err(error) => Err(io::Error::other(error)),
            };
            match next {
                Ok(batch) => Some((Ok(Bytes::from(bytes)), (Some(batch), held))),
                // The head is out: all that is left is to break off, which no reader takes for an end.
                Err(error) => Some((Err(error), (None, held))),
            }
        }))
    }
}

pub(crate) fn position(bytes: &[u8]) -> Result<EventId, ApiError> {
    Ok(EventId::from_be_bytes(bytes.try_into().map_err(|_| Query::bad_cursor())?))
}

/// One event as JSON, or as much of it as is asked for.
pub(crate) fn render(out: &mut Vec<u8>, found: &Found, asked: &Asked) -> Result<(), ApiError> {
    let write = |out: &mut Vec<u8>| {
        found
            .with_subject(|subject| write_json(out, subject, asked.rendering))
            .map_err(|error| ApiError::internal(&error))
    };
    let Some(fields) = &asked.fields else { return write(out) };
    let mut whole = Vec::new();
    write(&mut whole)?;
    let whole = serde_json::from_slice(&whole).map_err(|error| ApiError::internal(&error))?;
    fields.copy(whole, out).map_err(|error| ApiError::internal(&error))
}
