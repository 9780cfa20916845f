//! The browser view, as a browser gets it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use query_api::Door;

use crate::world::{World, ask};

fn request(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_page_needs_no_token_and_may_ask_nobody_else() {
    let world = World::new();
    let app = world.behind(Door::with_token("127.0.0.1:7878".parse().unwrap(), "7f3c0a"));
    let page = ask(&app, request("/", &[])).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let script = page.text.split('"').find(|part| part.strip_suffix(".js").is_some()).unwrap();
    let script = ask(&app, request(script, &[])).await;
    assert_eq!(script.status, StatusCode::OK);
    assert!(script.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let refused = ask(&app, request("/events", &[])).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let rebound = Request::get("/").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(ask(&app, rebound).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_page_is_sent_once_and_compressed_for_who_can_read_it() {
    let world = World::new();
    let page = ask(&world.app, request("/", &[])).await;
    let etag = page.headers[header::ETAG].to_str().unwrap().to_owned();
    assert!(page.headers.get(header::CONTENT_ENCODING).is_none());
    let again = ask(&world.app, request("/", &[("if-none-match", &etag)])).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    // Only the head: the body is no text.
    let head = Request::head("/icon.svg").header("host", "localhost").header("accept-encoding", "gzip, br");
    let small = ask(&world.app, head.body(Body::empty()).unwrap()).await;
    assert_eq!(small.headers[header::CONTENT_ENCODING], "br");
    assert_eq!(small.headers[header::VARY], "accept-encoding");
    assert_ne!(small.headers[header::ETAG].to_str().unwrap(), etag);
}

#[tokio::test]
async fn nothing_else_is_sent_as_a_file() {
    let world = World::new();
    for path in ["/assets/nothing.js", "/assets/..%2findex.html", "/assets/", "/favicon.ico"] {
        assert_eq!(ask(&world.app, request(path, &[])).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn only_the_asked_members_are_sent() {
    let world = World::new();
    let events = ask(
        &world.app,
        request("/events?limit=50&schema=full&fields=tacho.id,evt.name&fields=process.pid", &[]),
    )
    .await;
    let events = events.json();
    let list = events["events"].as_array().unwrap();
    assert!(!list.is_empty());
    for event in list {
        let names: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["evt", "process", "tacho"], "{event}");
        assert_eq!(event["process"].as_object().unwrap().len(), 1);
        assert!(event["tacho"]["id"].is_number() && event["evt"]["name"].is_string());
    }
    let processes =
        ask(&world.app, request("/processes?limit=5&fields=id,images.exec_time", &[])).await.json();
    let process = &processes["processes"][0];
    assert_eq!(process.as_object().unwrap().len(), 2, "{process}");
    let tree = ask(&world.app, request("/tree?fields=pid", &[])).await.json();
    assert_eq!(tree["roots"][0]["process"].as_object().unwrap().len(), 1);
    for bad in ["fields=", "fields=a..b", "fields=*", "fields=%20", "fields=a.b.c.d.e.f.g.h.i"] {
        assert_eq!(
            ask(&world.app, request(&format!("/events?{bad}"), &[])).await.status,
            StatusCode::BAD_REQUEST,
            "{bad}"
        );
    }
}
