//! `/events`: one page, as a document or a line an event.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::audit::Counter;
use crate::clock;
use crate::error::ApiError;
use crate::lists::elements;
use crate::page::Page;
use crate::params::{Endpoint, Format};
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;
use crate::token::Pass;

/// Whether anything is missing, for answers that have no place for `complete`.
const COMPLETE: HeaderName = HeaderName::from_static("tacho-complete");
/// How many gaps there are, likewise.
const GAPS: HeaderName = HeaderName::from_static("tacho-gaps");

pub(crate) async fn events(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let place = enter(&state)?;
    let query = Query::parse(Endpoint::Events, request.uri().query(), clock::now())?;
    let format = query.asked.format.unwrap_or_else(|| accepted(request.headers()));
    let work = (state.work, Counter::of(&request));
    let pass = Pass::of(&request);
    // The first batch is read before anything is answered: what fails there is still a proper error.
    let (complete, gaps, first) = read(&state, move |store| Page::open(store, query, format, work)).await?;
    let kind = match format {
        Format::Json => "application/json",
        Format::Ndjson => "application/x-ndjson",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (COMPLETE, HeaderValue::from_static(if complete { "true" } else { "false" })),
        (GAPS, HeaderValue::from(gaps)),
    ];
    Ok((headers, first.into_body(state, place, pass)).into_response())
}

/// NDJSON if the reader says so, else a document.
fn accepted(headers: &HeaderMap) -> Format {
    let lines = elements(headers, header::ACCEPT)
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("application/x-ndjson"));
    if lines { Format::Ndjson } else { Format::Json }
}
