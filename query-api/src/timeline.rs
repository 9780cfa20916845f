//! `/timeline`: how many events there were when.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event::Nanos;
use event::render::Date;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;
use store::{Budget, Store, Timeline, TimelineQuery};

use crate::clock;
use crate::close::close;
use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::limits::{DEFAULT_BUCKETS, DEFAULT_TOP, QUESTION_TIME};
use crate::params::{Asked, Endpoint};
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

/// What stands for all values that are not told apart. Longer than a task's name can be, and nobody's user name.
const REST: &str = "(all other values)";

pub(crate) async fn timeline(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let now = clock::now();
    let asked = Query::parse(Endpoint::Timeline, request.uri().query(), now)?.asked;
    let body = read(&state, move |store| answer(store, asked, now)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn answer(store: &Store, mut asked: Asked, now: Nanos) -> Result<Vec<u8>, ApiError> {
    let (since, until) = span(&asked, store.span(), now);
    (asked.filter.since, asked.filter.until) = (Some(since), Some(until));
    let query = TimelineQuery {
        filter: asked.filter,
        since,
        until,
        buckets: asked.buckets.unwrap_or(DEFAULT_BUCKETS),
        by: asked.by,
        top: asked.top.unwrap_or(DEFAULT_TOP),
    };
    let found =
        store.timeline(&query, &Budget::of_time(QUESTION_TIME)).map_err(|error| ApiError::store(&error))?;
    let gaps = Gaps::of_events(store, &query.filter);
    let mut out = b"{\"buckets\":".to_vec();
    serde_json::to_writer(&mut out, &Buckets(&found)).map_err(|error| ApiError::internal(&error))?;
    let total: u64 = found.counts.iter().flatten().chain(&found.rest).sum();
    let mut rest = json!({
        "since": Date(since),
        "until": Date(until),
        "by": query.by.name(),
        "values": found.values,
        "total": total,
        "complete": gaps.complete() && found.whole,
        "gaps": gaps,
        "left_out": gaps.left_out(),
    });
    if found.other_values > 0 {
        rest["rest"] = json!({ "name": REST, "values": found.other_values });
    }
    if !found.whole {
        let reason = "counting took too long: name a span or fewer processes, or count by name or category";
        rest["cut"] = json!({ "reason": reason });
    }
    close(&mut out, &rest);
    Ok(out)
}

/// The span asked for, both ends known: by default from the first event to the last. Of a store without events, or if an
/// end that was asked for is beyond them, it has no length.
fn span(asked: &Asked, events: Option<(Nanos, Nanos)>, now: Nanos) -> (Nanos, Nanos) {
    let (since, until) = (asked.filter.since, asked.filter.until);
    let (first, behind) = match events {
        Some((first, last)) => (first, last.saturating_add(1)),
        None => (until.or(since).unwrap_or(now), since.or(until).unwrap_or(now)),
    };
    match (since, until) {
        (Some(since), Some(until)) => (since, until),
        (Some(since), None) => (since, behind.max(since)),
        (None, Some(until)) => (first.min(until), until),
        (None, None) => (first, behind),
    }
}

struct Buckets<'a>(&'a Timeline);

struct Bucket<'a>(&'a Timeline, usize);

struct Counts<'a>(&'a Timeline, usize);

impl Serialize for Buckets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.0.counts.len()).map(|number| Bucket(self.0, number)))
    }
}

impl Serialize for Bucket<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(timeline, number) = *self;
        let edge = |at: usize| timeline.edges.get(at).copied().map(Date);
        let mut object = serializer.serialize_map(Some(3))?;
        object.serialize_entry("from", &edge(number))?;
        object.serialize_entry("to", &edge(number + 1))?;
        object.serialize_entry("counts", &Counts(timeline, number))?;
        object.end()
    }
}

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(timeline, number) = *self;
        let mut object = serializer.serialize_map(None)?;
        for (value, count) in timeline.values.iter().zip(timeline.counts.get(number).into_iter().flatten()) {
            object.serialize_entry(value, count)?;
        }
        if timeline.other_values > 0 {
            object.serialize_entry(REST, timeline.rest.get(number).unwrap_or(&0))?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use store::Filter;

    use super::span;
    use crate::params::Asked;

    #[test]
    fn the_span_is_the_stores_where_nothing_is_said() {
        let of = |since, until, events| {
            let filter = Filter { since, until, ..Filter::default() };
            span(&Asked { filter, ..Asked::default() }, events, 1_000)
        };
        assert_eq!(of(None, None, Some((10, 20))), (10, 21));
        assert_eq!(of(Some(15), None, Some((10, 20))), (15, 21));
        assert_eq!(of(None, Some(15), Some((10, 20))), (10, 15));
        assert_eq!(of(Some(30), None, Some((10, 20))), (30, 30));
        assert_eq!(of(None, Some(5), Some((10, 20))), (5, 5));
        assert_eq!(of(None, None, None), (1_000, 1_000));
        assert_eq!(of(Some(5), None, None), (5, 5));
        assert_eq!(of(None, Some(5), None), (5, 5));
        assert_eq!(of(Some(5), Some(7), None), (5, 7));
    }
}
