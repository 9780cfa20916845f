//! `/events/stream`: new events as server-sent events, by asking the store again and again from where it was.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event::{EventId, Gap, Nanos};
use futures_util::stream;
use store::{Filter, Order, Store};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};

use crate::clock;
use crate::error::{ApiError, Code};
use crate::gaps::{self, GapJson};
use crate::limits::{BATCH, BATCH_BYTES, MAX_GAPS, STREAM_HEARTBEAT, STREAM_INTERVAL};
use crate::page::render;
use crate::params::{Asked, Endpoint};
use crate::query::Query;
use crate::read::read;
use crate::state::AppState;

/// Where a stream is.
struct Follower {
    asked: Asked,
    /// The last event looked at.
    after: EventId,
    /// When the stream began: older gaps are no news.
    began: Nanos,
    told: Vec<Gap>,
    _place: OwnedSemaphorePermit,
}

pub(crate) async fn stream(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let busy = |_| ApiError::new(Code::Busy, "too many streams at once");
    let place = state.streams.clone().try_acquire_owned().map_err(busy)?;
    let asked = Query::parse(Endpoint::Stream, request.uri().query(), 0)?.asked;
    let resumed = request.headers().get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    // What is wrong with the filter shows before the stream begins, and so does where the end of the store is.
    let after = read(&state, move |store| resumed.map_or_else(|| newest(store), Ok)).await?;
    let follower = Follower { asked, after, began: clock::now(), told: Vec::new(), _place: place };
    let body = Body::from_stream(stream::unfold((Some(follower), state), |(follower, state)| async move {
        match next(follower?, &state).await {
            Ok((bytes, follower)) => Some((Ok(bytes), (Some(follower), state))),
            // Broken off: the reader comes back with the id of the last event it got.
            Err(error) => Some((Err(io::Error::other(error)), (None, state))),
        }
    }));
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body).into_response())
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
        let (bytes, back) = read(state, move |store| {
            let bytes = follower.look(store)?;
            Ok((bytes, follower))
        })
        .await?;
        follower = back;
        if !bytes.is_empty() {
            return Ok((bytes.into(), follower));
        }
        if Instant::now() >= silent_until {
            return Ok((Bytes::from_static(b":\n\n"), follower));
        }
        sleep(STREAM_INTERVAL).await;
    }
}

impl Follower {
    /// What has come since the last look.
    fn look(&mut self, store: &Store) -> Result<Vec<u8>, ApiError> {
        let query = store::Query {
            filter: self.asked.filter.clone(),
            order: Order::Asc,
            limit: BATCH,
            after: Some(self.after),
        };
        let page = store.events(&query).map_err(|error| ApiError::store(&error))?;
        let mut out = Vec::new();
        for found in &page.events {
            out.extend(format!("id: {}\ndata: ", found.id).bytes());
            render(&mut out, found, self.asked.rendering)?;
            out.extend(b"\n\n");
            self.after = found.id;
            if out.len() >= BATCH_BYTES {
                break;
            }
        }
        for gap in store.gaps(Some(self.began), None, &gaps::classes(&self.asked.filter)) {
            if self.told.len() < MAX_GAPS && !self.told.contains(&gap) {
                out.extend(b"event: gap\ndata: ");
                serde_json::to_writer(&mut out, &GapJson(&gap))
                    .map_err(|error| ApiError::internal(&error))?;
                out.extend(b"\n\n");
                self.told.push(gap);
            }
        }
        Ok(out)
    }
}
