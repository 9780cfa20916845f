//! `/stats`, `/metrics`, `/healthz`, `/schema/{version}`: about the server, the store and the schema.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event::render::Date;
use event::schema::{Version, document};
use serde_json::{Value, json};

use crate::error::{ApiError, Code};
use crate::metrics;
use crate::params::Endpoint;
use crate::place::Place;
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::{AppState, Role};

pub(crate) async fn stats(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let counted = read(&state, |store| Ok(store.stats())).await?;
    let mut store = serde_json::to_value(&counted).map_err(|error| ApiError::internal(&error))?;
    write_dates(&mut store);
    let recorder = state.live.as_ref().map(|live| live.stats());
    let version = env!("CARGO_PKG_VERSION");
    let answer =
        json!({ "version": version, "role": state.role.name(), "store": store, "recorder": recorder });
    Ok(Json(answer).into_response())
}

/// The store counts nanoseconds; the API writes times as dates.
fn write_dates(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_i64() {
                    Some(time)
                        if matches!(
                            name.as_str(),
                            "oldest" | "newest" | "first" | "last" | "since" | "until" | "created"
                        ) =>
                    {
                        *member = Date(time).to_string().into();
                    }
                    _ => write_dates(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(write_dates),
        _ => {}
    }
}

pub(crate) async fn metrics(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let counted = read(&state, |store| Ok(store.stats())).await?;
    let mut text = metrics::of_store(&counted);
    if let Some(live) = &state.live {
        live.metrics(&mut text);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

pub(crate) async fn healthz(
    State(state): State<AppState>,
    request: Request,
) -> Result<&'static str, ApiError> {
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    match state.role {
        Role::Recording if !state.live.as_ref().is_some_and(|live| live.ready()) => {
            Err(ApiError::new(Code::NotReady, "not recording"))
        }
        _ => Ok("OK"),
    }
}

pub(crate) async fn schema(Place(version): Place, request: Request) -> Result<Response, ApiError> {
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let version: Version = version
        .parse()
        .map_err(|error: event::schema::UnknownVersion| ApiError::new(Code::NotFound, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/schema+json")], Json(document(version))).into_response())
}
