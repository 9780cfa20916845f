//! The router.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get};

use crate::error::{ApiError, Code};
use crate::state::AppState;
use crate::{
    audit, door, events, openapi, paths, pins, processes, status, stream, timeline, trace, tree, view,
};

/// The API behind one door.
pub fn app(state: AppState) -> Router {
    let guard = middleware::from_fn_with_state(state.door.clone(), door::guard);
    routes()
        .into_iter()
        .chain(view::PATHS.map(|path| (path, get(view::view))))
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods))
        .method_not_allowed_fallback(|| async {
            ApiError::new(Code::MethodNotAllowed, "not with this method: docs/API.md says which")
        })
        .fallback(|| async { ApiError::new(Code::NotFound, "nothing at this address") })
        .layer(guard)
        .layer(middleware::from_fn_with_state(state.clone(), audit::witness))
        .layer(middleware::from_fn(headers))
        .with_state(state)
}

/// All routes of the API. What is here must be told in `openapi/operations.rs`.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<AppState>)> {
    vec![
        ("/events", get(events::events)),
        ("/events/stream", get(stream::stream)),
        ("/processes", get(processes::processes)),
        ("/processes/{id}", get(processes::process)),
        ("/tree", get(tree::tree)),
        ("/paths", get(paths::paths)),
        ("/trace", get(trace::trace)),
        ("/timeline", get(timeline::timeline)),
        ("/pins", get(pins::list).post(pins::make)),
        ("/pins/{name}", delete(pins::remove)),
        ("/stats", get(status::stats)),
        ("/metrics", get(status::metrics)),
        ("/healthz", get(status::healthz)),
        ("/schema/{version}", get(status::schema)),
        ("/openapi.json", get(openapi::openapi)),
        ("/audit", get(audit::audit)),
    ]
}

/// What a browser shall not do with an answer, unless its handler says otherwise.
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
    for (name, value) in HEADERS {
        // A page that runs scripts of its own says so itself.
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
