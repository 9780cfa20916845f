//! The router.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get};

use crate::error::{ApiError, Code};
use crate::state::AppState;
use crate::{door, events, paths, pins, processes, status, stream, timeline, tree};

/// The API behind one door.
pub fn app(state: AppState) -> Router {
    let guard = middleware::from_fn_with_state(state.door.clone(), door::guard);
    Router::new()
        .route("/events", get(events::events))
        .route("/events/stream", get(stream::stream))
        .route("/processes", get(processes::processes))
        .route("/processes/{id}", get(processes::process))
        .route("/tree", get(tree::tree))
        .route("/paths", get(paths::paths))
        .route("/timeline", get(timeline::timeline))
        .route("/pins", get(pins::list).post(pins::make))
        .route("/pins/{name}", delete(pins::remove))
        .route("/stats", get(status::stats))
        .route("/metrics", get(status::metrics))
        .route("/healthz", get(status::healthz))
        .route("/schema/{version}", get(status::schema))
        .method_not_allowed_fallback(|| async {
            ApiError::new(Code::MethodNotAllowed, "not with this method: docs/API.md says which")
        })
        .fallback(|| async { ApiError::new(Code::NotFound, "nothing at this address") })
        .layer(guard)
        .layer(middleware::from_fn(headers))
        .with_state(state)
}

/// What a browser shall not do with any answer.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(HEADERS);
    response
}
