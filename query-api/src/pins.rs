//! `/pins`: spans that are kept from removal. The only thing that the API changes, and so behind a narrower door: the
//! socket, or the token in its header. A cookie will not do, for a browser sends it along for any page.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use event::Nanos;
use event::render::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{PinError, PinStats};
use tokio::time::timeout;

use crate::clock::now;
use crate::error::{ApiError, Code};
use crate::limits::{MAX_BODY, WRITE_PATIENCE};
use crate::params::Endpoint;
use crate::place::Place;
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;
use crate::time;

/// What a pin is made from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
    since: String,
    until: Option<String>,
}

pub(crate) async fn list(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let stats = read(&state, |store| Ok(store.stats())).await?;
    let pins: Vec<_> = stats.pins.iter().map(document).collect();
    let answer = json!({ "pins": pins, "bytes": stats.pinned_bytes, "max_bytes": stats.pin_max_bytes });
    Ok(Json(answer).into_response())
}

pub(crate) async fn make(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    may_change(&state, request.headers())?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let wanted = wanted(request).await?;
    let now = now();
    let moment = |name: &str, text: &str| {
        time::parse(text, now).map_err(|error| ApiError::of(Code::BadValue, name, error.to_string()))
    };
    let since = moment("since", &wanted.since)?;
    let until = wanted.until.as_deref().map_or(Ok(now), |text| moment("until", text))?;
    let name = wanted.name.unwrap_or_else(|| name_of(now));
    let pin = read(&state, move |store| store.pin(&name, since, until, now).map_err(|error| refused(&error)))
        .await?;
    Ok((StatusCode::CREATED, Json(document(&pin))).into_response())
}

pub(crate) async fn remove(
    State(state): State<AppState>,
    Place(name): Place,
    request: Request,
) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    may_change(&state, request.headers())?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let pin = read(&state, move |store| store.unpin(&name).map_err(|error| refused(&error))).await?;
    let answer = json!({ "name": pin.name, "since": Date(pin.since), "until": Date(pin.until) });
    Ok(Json(answer).into_response())
}

fn may_change(state: &AppState, headers: &HeaderMap) -> Result<(), ApiError> {
    if state.door.may_change(headers) {
        return Ok(());
    }
    let message =
        "changes are made over the socket, or with `Authorization: Bearer TOKEN`; a cookie will not do";
    Err(ApiError::new(Code::ChangeRefused, message))
}

async fn wanted(request: Request) -> Result<Wanted, ApiError> {
    let bad = |message: String| ApiError::new(Code::BadBody, message);
    // No page of another site can send this type without asking first, and it would be told no.
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
    if !json {
        return Err(bad("the body must be `Content-Type: application/json`".to_owned()));
    }
    let body = timeout(WRITE_PATIENCE, to_bytes(request.into_body(), MAX_BODY))
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| bad(format!("the body broke off, or is longer than {MAX_BODY} bytes")))?;
    serde_json::from_slice(&body).map_err(|error| {
        bad(format!(
            r#"not {{"since": TIME, "until": TIME, "name": TEXT}} (the last two may be missing): {error}"#
        ))
    })
}

/// A name for one who gives none: `pin-` and the time of making, in letters that a name may have.
fn name_of(now: Nanos) -> String {
    let date = Date(now).to_string();
    let kept = date.chars().filter(char::is_ascii_alphanumeric);
    std::iter::once("pin-".to_owned()).chain(kept.map(String::from)).collect()
}

fn document(pin: &PinStats) -> Value {
    let PinStats { pin, segments, events, bytes } = pin;
    json!({
        "name": pin.name,
        "since": Date(pin.since),
        "until": Date(pin.until),
        "created": Date(pin.created),
        "segments": segments,
        "events": events,
        "bytes": bytes,
    })
}

fn refused(error: &PinError) -> ApiError {
    let message = error.to_string();
    match error {
        PinError::BadName => ApiError::of(Code::BadValue, "name", message),
        PinError::EmptySpan => ApiError::of(Code::BadValue, "since", message),
        PinError::Future => ApiError::of(Code::BadValue, "until", message),
        PinError::Unknown(_) => ApiError::of(Code::NotFound, "name", message),
        PinError::Exists(_)
        | PinError::Nothing
        | PinError::TooMany
        | PinError::Full { .. }
        | PinError::ReadOnly => ApiError::new(Code::Conflict, message),
        _ => {
            tracing::error!(%error, "the pins could not be written");
            ApiError::new(Code::StoreFailed, "the pins could not be written; the server's log says why")
        }
    }
}
