//! `/events/stream`: new events as server-sent events, by asking the store again and again from where it was.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use event::{EventId, Gap, Nanos};
use futures_util::stream;
use store::{Budget, Filter, Order, Store};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};

use crate::audit::Counter;
use crate::clock;
use crate::error::{ApiError, Code};
use crate::gaps::{self, GapJson};
use crate::limits::{BATCH, BATCH_BYTES, MAX_GAPS, STREAM_HEARTBEAT, STREAM_INTERVAL, STREAM_PATIENCE, TURN};
use crate::page::render;
use crate::params::{Asked, Endpoint};
use crate::query::Query;
use crate::read::read;
use crate::state::AppState;
use crate::token::Pass;

/// Where a browser says what it got last.
const LAST: &str = "last-event-id";
/// What a reader is told that is cut off.
const CUT: &[u8] =
    b"event: cut\ndata: {\"reason\":\"the reader was too slow; Last-Event-ID goes on from here\"}\n\n";
/// What a reader is told whose token was replaced.
const OUT: &[u8] =
    b"event: cut\ndata: {\"reason\":\"the token is another now; with it, Last-Event-ID goes on from here\"}\n\n";

/// Where a stream is.
struct Follower {
    asked: Asked,
    /// The last event looked at.
    after: EventId,
    /// When the stream began, as the recorder counts; older gaps are no news. `None`: all are.
    began: Option<Nanos>,
    told: Vec<Gap>,
    counter: Counter,
    /// When the reader was given something last.
    handed: Instant,
    pass: Pass,
    _place: OwnedSemaphorePermit,
}

pub(crate) async fn stream(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let busy = |_| ApiError::new(Code::Busy, "too many streams at once");
    let place = state.streams.clone().try_acquire_owned().map_err(busy)?;
    let asked = Query::parse(Endpoint::Stream, request.uri().query(), 0)?.asked;
    let (counter, pass) = (Counter::of(&request), Pass::of(&request));
    let resumed = last_event(request.headers())?;
    // What is wrong with the question shows before the stream begins, and so does where the end of the store is.
    let (after, began) = read(&state, move |store| begin(store, resumed)).await?;
    let told = Vec::new();
    let follower =
        Follower { asked, after, began, told, counter, handed: Instant::now(), pass, _place: place };
    let body = Body::from_stream(stream::unfold((Some(follower), state), |(follower, state)| async move {
        let follower = follower?;
        // Asked for more means that what was sent before has been taken.
        if follower.handed.elapsed() > STREAM_PATIENCE {
            return Some((Ok(Bytes::from_static(CUT)), (None, state)));
        }
        match next(follower, &state).await {
            // Also what was read meanwhile is not for one who has no right to it any more.
            Ok((_, follower)) if !follower.pass.holds() => Some((Ok(Bytes::from_static(OUT)), (None, state))),
            Ok((bytes, mut follower)) => {
                follower.handed = Instant::now();
                Some((Ok(bytes), (Some(follower), state)))
            }
            // Broken off: the reader comes back with the id of the last event it got.
            Err(error) => Some((Err(io::Error::other(error)), (None, state))),
        }
    }));
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body).into_response())
}

/// The event after which a reader goes on. What is no number is refused: a stream that silently began at the end would
/// leave out what the reader missed.
fn last_event(headers: &HeaderMap) -> Result<Option<EventId>, ApiError> {
    let Some(given) = headers.get(LAST) else { return Ok(None) };
    let digits = given.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let id = digits.and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| ApiError::of(Code::BadValue, LAST, "not the `id` of a message"))
}

/// After which event a stream begins, and from when on gaps are news to its reader.
fn begin(store: &Store, resumed: Option<EventId>) -> Result<(EventId, Option<Nanos>), ApiError> {
    let newest = newest(store)?;
    let Some(resumed) = resumed else { return Ok((newest, Some(clock::now()))) };
    if resumed > newest {
        return Err(ApiError::of(Code::BadValue, LAST, "no such event is recorded: was it another store?"));
    }
    let last = store.event(resumed).map_err(|error| ApiError::store(&error))?;
    // If it is gone, so may be others that the reader never got.
    Ok((resumed, last.map(|found| found.event.time)))
}

/// The id of the newest event; 0 if there is none.
fn newest(store: &Store) -> Result<EventId, ApiError> {
    let query = store::Query { filter: Filter::default(), order: Order::Desc, limit: 1, after: None };
    let page = store.events(&query).map_err(|error| ApiError::store(&error))?;
    Ok(page.events.first().map_or(0, |found| found.id))
}

/// Waits for something to tell, or for the next sign of life.
async fn next(mut follower: Follower, state: &AppState) -> Result<(Bytes, Follower), ApiError> {
    let silent_until = Instant::now() + STREAM_HEARTBEAT;
    loop {
        let (bytes, more, back) = read(state, move |store| {
            let (bytes, more) = follower.look(store)?;
            Ok((bytes, more, follower))
        })
        .await?;
        follower = back;
        if !bytes.is_empty() {
            return Ok((bytes.into(), follower));
        }
        if Instant::now() >= silent_until {
            return Ok((Bytes::from_static(b":\n\n"), follower));
        }
        if !more {
            sleep(STREAM_INTERVAL).await;
        }
    }
}

impl Follower {
    /// What has come since the last look, and whether there is more to look at.
    fn look(&mut self, store: &Store) -> Result<(Vec<u8>, bool), ApiError> {
        let newest = newest(store)?;
        let query = store::Query {
            filter: self.asked.filter.clone(),
            order: Order::Asc,
            limit: BATCH,
            after: Some(self.after),
        };
        let page =
            store.events_within(&query, &Budget::of_time(TURN)).map_err(|error| ApiError::store(&error))?;
        let mut out = Vec::new();
        let mut full = false;
        for found in &page.events {
            out.extend(format!("id: {}\ndata: ", found.id).bytes());
            self.counter.add(1);
            render(&mut out, found, &self.asked)?;
            out.extend(b"\n\n");
            self.after = found.id;
            full = out.len() >= BATCH_BYTES;
            if full {
                break;
            }
        }
        if !full {
            // What does not fit is not looked at again: all up to there was.
            self.after = self.after.max(page.next.unwrap_or(newest));
        }
        self.tell_gaps(store, &mut out)?;
        Ok((out, full || page.next.is_some()))
    }

    fn tell_gaps(&mut self, store: &Store, out: &mut Vec<u8>) -> Result<(), ApiError> {
        for gap in store.gaps(self.began, None, &gaps::classes(&self.asked.filter)) {
            if self.told.len() < MAX_GAPS && !self.told.contains(&gap) {
                out.extend(b"event: gap\ndata: ");
                serde_json::to_writer(&mut *out, &GapJson(&gap))
                    .map_err(|error| ApiError::internal(&error))?;
                out.extend(b"\n\n");
                self.told.push(gap);
            }
        }
        Ok(())
    }
}
