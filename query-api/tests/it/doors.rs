//! Who is let in.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use query_api::Door;

use crate::world::{World, ask};

const TOKEN: &str = "7f3c0a";

fn request(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

fn guarded() -> Door {
    Door::with_token("127.0.0.1:7878".parse().unwrap(), TOKEN)
}

#[tokio::test]
async fn without_the_token_nothing_recorded_is_told() {
    let world = World::new();
    let app = world.behind(guarded());
    for path in ["/events", "/processes", "/tree", "/stats", "/metrics", "/paths", "/nothing", "/events/1"] {
        for authorization in
            ["", "Bearer", "Bearer ", "Bearer x", "Basic 7f3c0a", "Bearer 7f3c0", "Bearer 7f3c0a0"]
        {
            let headers = [("host", "localhost"), ("authorization", authorization)];
            let answer = ask(&app, request(path, &headers)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {authorization:?}");
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
            assert_eq!(answer.code(), "unauthorized");
        }
    }
    for path in ["/healthz", "/schema/v5"] {
        assert_eq!(ask(&app, request(path, &[("host", "localhost")])).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_bearer_is_let_in() {
    let world = World::new();
    let app = world.behind(guarded());
    for authorization in ["Bearer 7f3c0a", "bearer 7f3c0a"] {
        let headers = [("host", "127.0.0.1:7878"), ("authorization", authorization)];
        assert_eq!(ask(&app, request("/stats", &headers)).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_token_in_the_address_becomes_a_cookie_that_does_not_hold_it() {
    let world = World::new();
    let app = world.behind(guarded());
    let answer = ask(&app, request("/events?limit=1&token=7f3c0a&name=open", &[("host", "localhost")])).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.headers[header::LOCATION], "/events?limit=1&name=open");
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN));
    let pair = cookie.split(';').next().unwrap();
    let headers = [("host", "localhost"), ("cookie", &format!("a=b; {pair}"))];
    assert_eq!(ask(&app, request("/events", &headers)).await.status, StatusCode::OK);
    let wrong = [("host", "localhost"), ("cookie", "tacho=7f3c0a")];
    assert_eq!(ask(&app, request("/events", &wrong)).await.status, StatusCode::UNAUTHORIZED);
    let elsewhere = ask(&app, request("//evil.example/?token=7f3c0a", &[("host", "localhost")])).await;
    assert_eq!(elsewhere.headers[header::LOCATION], "/evil.example/");
    let wrong = ask(&app, request("/events?token=wrong", &[("host", "localhost")])).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn unknown_hosts_are_refused_before_anything_else() {
    let world = World::new();
    for door in [guarded(), Door::without_token("127.0.0.1:7878".parse().unwrap()).unwrap()] {
        let app = world.behind(door);
        for host in ["evil.example", "localhost.evil.example:7878", "10.1.2.3"] {
            let headers = [("host", host), ("authorization", "Bearer 7f3c0a")];
            for path in ["/events", "/healthz", "/schema/v5"] {
                let answer = ask(&app, request(path, &headers)).await;
                assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "host_refused"));
            }
        }
        assert_eq!(ask(&app, request("/events", &[])).await.status, StatusCode::FORBIDDEN);
    }
    // The socket's side asks for no host.
    assert_eq!(world.get("/events").await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_answer_invites_other_sites() {
    let world = World::new();
    for path in ["/events", "/nothing", "/events?x=1"] {
        let answer = ask(&world.app, request(path, &[("origin", "http://evil.example")])).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert!(answer.headers.contains_key(header::CONTENT_SECURITY_POLICY));
    }
}

#[tokio::test]
async fn more_requests_than_places_are_told_to_come_back() {
    use tower::ServiceExt as _;
    let world = World::new();
    let mut answers = Vec::new();
    // An answer that is not read keeps its place.
    loop {
        let answer = world.app.clone().oneshot(request("/events", &[])).await.unwrap();
        if answer.status() != StatusCode::OK {
            assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
            break;
        }
        answers.push(answer);
        assert!(answers.len() < 1_000);
    }
    // Health is told all the same.
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK);
    answers.pop();
    assert_eq!(world.get("/events").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_another_site_is_told_nothing() {
    let world = World::new();
    let app = world.behind(guarded());
    let host = ("host", "localhost:7878");
    let bearer = ("authorization", "Bearer 7f3c0a");
    for foreign in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        for path in ["/events", "/healthz", "/openapi.json", "/?token=7f3c0a"] {
            let answer = ask(&app, request(path, &[host, bearer, foreign])).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "origin_refused"));
        }
    }
    for own in [("origin", "http://localhost:7878"), ("sec-fetch-site", "none")] {
        assert_eq!(ask(&app, request("/events", &[host, bearer, own])).await.status, StatusCode::OK);
    }
}
