//! What may be kept, and who may say so.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use query_api::{AppState, Door, Role, app};
use serde_json::{Value, json};

use crate::world::{Answer, World, ask};

const TOKEN: &str = "7f3c0a";

async fn send(app: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    ask(app, request.body(Body::from(body.to_owned())).unwrap()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(app: &Router, body: &Value) -> Answer {
    send(app, "POST", "/pins", &[JSON], &body.to_string()).await
}

#[tokio::test]
async fn a_pin_is_made_listed_and_removed() {
    let world = World::new();
    let none = world.json("/pins").await;
    assert_eq!((&none["pins"], &none["bytes"]), (&json!([]), &0.into()));
    assert!(none["max_bytes"].as_u64().unwrap() > 0);
    let made = post(&world.app, &json!({ "name": "incident", "since": "1970-01-01T00:00:00Z" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let pin = made.json();
    assert_eq!((&pin["name"], &pin["segments"]), (&"incident".into(), &1.into()));
    assert_eq!(pin["since"], "1970-01-01T00:00:00Z");
    let listed = world.json("/pins").await;
    assert_eq!(listed["pins"], json!([pin]));
    let stats = world.json("/stats").await;
    assert_eq!(stats["store"]["pins"][0]["created"], pin["created"]);
    assert_eq!(stats["store"]["segments"][0]["pinned"], true);
    let again = post(&world.app, &json!({ "name": "incident", "since": "-1h" })).await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::CONFLICT, "conflict"));
    let gone = send(&world.app, "DELETE", "/pins/incident", &[], "").await;
    assert_eq!(gone.status, StatusCode::OK);
    assert_eq!(world.json("/pins").await["pins"], json!([]));
    let twice = send(&world.app, "DELETE", "/pins/incident", &[], "").await;
    assert_eq!((twice.status, twice.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
}

#[tokio::test]
async fn one_who_gives_no_name_gets_one() {
    let world = World::new();
    let pin = post(&world.app, &json!({ "since": "1970-01-01T00:00:00Z", "until": "now" })).await.json();
    let name = pin["name"].as_str().unwrap();
    assert!(name.starts_with("pin-20"), "{name}");
    assert_eq!(send(&world.app, "DELETE", &format!("/pins/{name}"), &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_a_page_and_an_open_address_change_nothing() {
    let world = World::new();
    let address = "127.0.0.1:7878".parse().unwrap();
    let guarded = world.behind(Door::with_token(address, TOKEN));
    let open = world.behind(Door::without_token(address).unwrap());
    let body = json!({ "name": "a", "since": "1970-01-01T00:00:00Z" }).to_string();
    let host = ("host", "localhost");
    let answer = send(&guarded, "GET", &format!("/pins?token={TOKEN}"), &[host], "").await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(send(&guarded, "GET", "/pins", &[host, cookie], "").await.status, StatusCode::OK);
    for (app, headers) in [(&guarded, &[host, JSON, cookie][..]), (&open, &[host, JSON])] {
        for (method, path) in [("POST", "/pins"), ("DELETE", "/pins/a")] {
            let answer = send(app, method, path, headers, &body).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "change_refused"));
        }
    }
    assert_eq!(send(&guarded, "POST", "/pins", &[host, JSON], &body).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.json("/pins").await["pins"], json!([]));
    let bearer = ("authorization", "Bearer 7f3c0a");
    let plain = send(&guarded, "POST", "/pins", &[host, bearer, ("content-type", "text/plain")], &body).await;
    assert_eq!((plain.status, plain.code().as_str()), (StatusCode::BAD_REQUEST, "bad_body"));
    let made = send(&guarded, "POST", "/pins", &[host, bearer, JSON], &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}

#[tokio::test]
async fn nonsense_is_refused_and_told_where() {
    let world = World::new();
    for (body, code, parameter) in [
        (json!({ "since": "soon" }), "bad_value", json!("since")),
        (json!({ "since": "-1h", "until": "2999-01-01T00:00:00Z" }), "bad_value", json!("until")),
        (json!({ "since": "now", "until": "-1h" }), "bad_value", json!("since")),
        (json!({ "since": "-1h", "name": "a b" }), "bad_value", json!("name")),
        (json!({ "since": "-1h", "nam": "a" }), "bad_body", Value::Null),
        (json!({}), "bad_body", Value::Null),
        (json!({ "since": "-1h", "name": "x".repeat(5_000) }), "bad_body", Value::Null),
    ] {
        let answer = post(&world.app, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["parameter"]), (&code.into(), &parameter), "{body}");
    }
    let nothing = json!({ "since": "1970-01-01T00:00:00Z", "until": "1970-01-02T00:00:00Z" });
    assert_eq!(post(&world.app, &nothing).await.code(), "conflict");
    assert_eq!(send(&world.app, "PUT", "/pins", &[JSON], "{}").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_store_that_is_only_read_is_not_pinned() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("segments")).unwrap();
    let store = store::Store::open(dir.path()).unwrap();
    let answer =
        post(&app(AppState::new(store, Role::Serving)), &json!({ "since": "1970-01-01T00:00:00Z" })).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "conflict"));
}
