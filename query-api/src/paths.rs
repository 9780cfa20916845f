//! `/paths`: recorded paths with the number of their events.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::Filter;

use crate::clock;
use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::params::Endpoint;
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

pub(crate) async fn paths(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let query = Query::parse(Endpoint::Paths, request.uri().query(), clock::now())?;
    let after = query.after.clone().map(String::from_utf8).transpose().map_err(|_| Query::bad_cursor())?;
    read(&state, move |store| {
        let limit = query.asked.limit();
        // One more than asked for tells whether there is a next page.
        let mut found = store
            .paths(&query.asked.prefix, limit + 1, after.as_deref())
            .map_err(|error| ApiError::store(&error))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(path, _)| query.next(path.clone().into_bytes()));
        let paths: Vec<_> =
            found.into_iter().map(|(path, count)| json!({ "path": path, "count": count })).collect();
        // Counts are over everything that is recorded, whenever it was.
        let gaps = Gaps::of_events(store, &Filter::default());
        Ok(Json(json!({ "paths": paths, "next": next, "complete": gaps.complete(), "gaps": gaps, "left_out": gaps.left_out() }))
            .into_response())
    })
    .await
}
