//! `/trace`: what led to this, or what came of it, as a graph with its evidence.

mod graph;
mod steps;
mod walk;
mod write;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use store::Store;

pub(crate) use self::graph::{Key, Relation};
pub(crate) use self::walk::Direction;
use self::walk::Walk;
use crate::clock;
use crate::error::{ApiError, Code};
use crate::gaps::Gaps;
use crate::limits::{TRACE_DEPTH, TRACE_FANOUT};
use crate::params::{Asked, Endpoint};
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

pub(crate) async fn trace(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let asked = Query::parse(Endpoint::Trace, request.uri().query(), clock::now())?.asked;
    let start = start(&asked)?;
    let body = read(&state, move |store| answer(store, &asked, &start)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Where the walk begins: one thing.
fn start(asked: &Asked) -> Result<Key, ApiError> {
    let one = |message: &str| ApiError::of(Code::BadCombination, "path", message);
    let filter = &asked.filter;
    let exact = |pattern: &store::PathPattern| {
        pattern.exact().map(str::to_owned).ok_or_else(|| {
            ApiError::of(Code::BadValue, "path", "`path`: one file is traced at a time: no `*` here")
        })
    };
    match (
        filter.paths.as_slice(),
        filter.processes.as_slice(),
        filter.ips.as_slice(),
        filter.ports.as_slice(),
    ) {
        ([path], [], [], []) => Ok(Key::File(exact(path)?)),
        ([], [process], [], []) => Ok(Key::Process(*process)),
        ([], [], [ip], [port]) => Ok(Key::Endpoint(*ip, *port)),
        _ => Err(one("/trace begins at one `path`, one `process`, or one `ip` with one `port`")),
    }
}

fn answer(store: &Store, asked: &Asked, start: &Key) -> Result<Vec<u8>, ApiError> {
    let bounds = (asked.depth.unwrap_or(TRACE_DEPTH), asked.fanout.unwrap_or(TRACE_FANOUT));
    if let Key::Process(key) = start
        && store.process(*key).map_err(|error| ApiError::store(&error))?.is_none()
    {
        return Err(ApiError::of(Code::NotFound, "process", "no such process is recorded"));
    }
    let mut walk = Walk::new(store, asked.direction, &asked.filter, bounds, start.clone());
    walk.run()?;
    walk.name_processes()?;
    let span =
        store::Filter { since: asked.filter.since, until: asked.filter.until, ..store::Filter::default() };
    let gaps = Gaps::of_events(store, &span);
    write::document(asked, start, &walk, &gaps)
}
