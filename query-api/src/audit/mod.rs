//! Who asked what of the evidence: one line for each request that is about recorded things, or was refused. It is written
//! when the answer is over, so that it has how many events were given away.

mod log;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use event::render::Date;
use hyper::body::{Frame, SizeHint};
use serde::Serialize;

pub use self::log::AuditLog;
use crate::clock;
use crate::door;
use crate::error::{ApiError, Code};
use crate::limits::{AUDIT_PATH, AUDIT_QUERY};
use crate::params::Endpoint;
use crate::peer::Peer;
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

/// A line.
#[derive(Debug, Serialize)]
struct Entry {
    time: String,
    peer: Option<Peer>,
    /// `socket`, `token`, `cookie`, `open` (no token is asked for) or `nobody`.
    by: &'static str,
    method: String,
    path: String,
    query: String,
    /// Null if the reader was gone before there was an answer.
    status: Option<u16>,
    /// Events given away.
    events: u64,
}

/// Counts the events of an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    /// The one that came with a request.
    pub(crate) fn of(request: &Request) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    pub(crate) fn add(&self, events: u64) {
        self.0.fetch_add(events, Ordering::Relaxed);
    }
}

/// A line that is written when it is let go, whatever became of the request.
struct Pending {
    log: Arc<AuditLog>,
    entry: Entry,
    counter: Counter,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.entry.events = self.counter.0.load(Ordering::Relaxed);
        let Entry { peer, by, method, path, query, status, events, .. } = &self.entry;
        tracing::debug!(?peer, by, method, path, query, status, events, "asked");
        self.log.write(&self.entry);
    }
}

/// Notes a request, if there is a log.
pub(crate) async fn witness(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let Some(log) = state.audit.clone() else { return next.run(request).await };
    if door::is_public(request.uri().path()) {
        return next.run(request).await;
    }
    let counter = Counter::default();
    let entry = Entry {
        time: Date(clock::now()).to_string(),
        peer: request.extensions().get::<Peer>().copied(),
        by: state.door.way(request.headers()),
        method: cut(request.method().as_str(), AUDIT_PATH),
        path: cut(request.uri().path(), AUDIT_PATH),
        query: cut(&without_token(request.uri().query().unwrap_or_default()), AUDIT_QUERY),
        status: None,
        events: 0,
    };
    request.extensions_mut().insert(counter.clone());
    let mut pending = Pending { log, entry, counter };
    let response = next.run(request).await;
    pending.entry.status = Some(response.status().as_u16());
    response.map(|body| Body::new(Watched { body, _pending: pending }))
}

/// Text of at most so many bytes; one that was longer ends in dots.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(longest)])
}

/// What is secret does not belong into a log.
fn without_token(query: &str) -> String {
    let parts = query.split('&').map(|part| if part.starts_with("token=") { "token=..." } else { part });
    parts.collect::<Vec<_>>().join("&")
}

/// A body that holds the line back until it is over.
struct Watched {
    body: Body,
    _pending: Pending,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// `/audit`: the log, oldest line first.
pub(crate) async fn audit(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let log = state.audit.clone();
    let log = log.ok_or_else(|| ApiError::new(Code::NotFound, "this server keeps no log of who asked"))?;
    let text = read(&state, move |_| log.read().map_err(|error| ApiError::internal(&error))).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_token_and_an_end() {
        assert_eq!(without_token("a=1&token=x&b=2"), "a=1&token=...&b=2");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ab\u{e9}d", 3), "ab...");
    }
}
