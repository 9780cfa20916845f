//! `/stats`, `/metrics`, `/healthz`, `/schema`, and what is not there.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use query_api::{AppState, Live, Role, app};
use serde_json::{Value, json};
use store::faults::{Operation, Watch};
use store::{Options, Writer};

use crate::scenario::{Host, dir};
use crate::world::{World, ask};

struct Recorder {
    ready: bool,
}

impl Live for Recorder {
    fn ready(&self) -> bool {
        self.ready
    }

    fn stats(&self) -> Value {
        json!({ "lost": 7 })
    }

    fn metrics(&self, out: &mut String) {
        out.push_str("tachograph_lost_total 7\n");
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn health_is_ok_only_while_recording_or_serving() {
    let world = World::new();
    let serving = world.get("/healthz").await;
    assert_eq!((serving.status, serving.text.as_str()), (StatusCode::OK, "OK"));
    for (ready, status) in [(true, StatusCode::OK), (false, StatusCode::SERVICE_UNAVAILABLE)] {
        let state =
            AppState::new(world.writer.reader(), Role::Recording).with_live(Arc::new(Recorder { ready }));
        assert_eq!(ask(&app(state), get("/healthz")).await.status, status);
    }
}

#[tokio::test]
async fn stats_and_metrics_count_the_store_and_ask_the_recorder() {
    let world = World::new();
    let state =
        AppState::new(world.writer.reader(), Role::Recording).with_live(Arc::new(Recorder { ready: true }));
    let app = app(state);
    let counted = ask(&app, get("/stats")).await.json();
    assert_eq!((&counted["role"], &counted["recorder"]["lost"]), (&"recording".into(), &7.into()));
    assert_eq!(counted["store"]["events"], world.cases.len());
    let newest = world.cases.last().unwrap().event.time;
    assert_eq!(counted["store"]["newest"], event::render::Date(newest).to_string());
    let opens = world.cases.iter().filter(|case| case.event.kind == event::Kind::Open).count();
    let metrics = ask(&app, get("/metrics")).await;
    assert!(metrics.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    assert!(metrics.text.contains(&format!("\ntachograph_store_events {}\n", world.cases.len())));
    assert!(
        metrics.text.contains(&format!("\ntachograph_store_events_by_kind{{kind=\"open\"}} {opens}\n")),
        "{}",
        metrics.text
    );
    assert!(metrics.text.ends_with("tachograph_lost_total 7\n"));
    let nobody = world.json("/stats").await;
    assert_eq!((&nobody["role"], &nobody["recorder"]), (&"serving".into(), &Value::Null));
}

#[tokio::test]
async fn schemas_are_served_as_they_are() {
    let world = World::new();
    for version in event::schema::Version::ALL {
        let answer = world.get(&format!("/schema/{version}")).await;
        assert_eq!(answer.json(), event::schema::document(version));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/schema+json");
    }
    for wrong in ["v0", "v6", "full", "V5", "v5.json"] {
        assert_eq!(world.get(&format!("/schema/{wrong}")).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_shape() {
    let world = World::new();
    for path in ["/event", "/events/", "/schema", "/..", "/time"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let request = Request::builder().method(&method).uri("/events").body(Body::from("{}")).unwrap();
        let answer = ask(&world.app, request).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        );
        assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
    }
    let head = Request::head("/events").body(Body::empty()).unwrap();
    assert_eq!(ask(&world.app, head).await.status, StatusCode::OK);
}

#[tokio::test]
async fn recorded_paths_are_counted_in_pages() {
    let world = World::new();
    let all = world.json("/paths?prefix=/tmp/&limit=1000").await;
    let all = all["paths"].as_array().unwrap();
    assert!(all.iter().any(|path| path["path"] == "/tmp/new" && path["count"] == 1), "{all:?}");
    assert!(all.iter().all(|path| path["path"].as_str().unwrap().starts_with("/tmp/")));
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.json(&format!("/paths?prefix=/tmp/&limit=2{cursor}")).await;
        paged.extend(page["paths"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&paged, all);
}

#[test]
fn the_documentation_names_every_parameter_and_every_code() {
    let text = include_str!("../../../docs/API.md");
    for param in query_api::params::PARAMS {
        assert!(text.contains(&format!("`{}`", param.name)), "{}", param.name);
    }
    for code in query_api::Code::ALL {
        assert!(text.contains(&format!("`{}`", code.name())), "{}", code.name());
    }
}

/// Holds the background thread the first time that it makes something durable.
#[derive(Debug)]
struct Held {
    once: AtomicBool,
    reached: Barrier,
    go: Barrier,
}

impl Watch for Held {
    fn before(&self, _: &Path, operation: Operation<'_>) -> std::io::Result<()> {
        let background = std::thread::current().name() == Some("tacho-pack");
        if background && matches!(operation, Operation::Sync) && !self.once.swap(true, Ordering::Relaxed) {
            self.reached.wait();
            self.go.wait();
        }
        Ok(())
    }
}

#[tokio::test]
async fn stats_tell_how_far_the_closing_of_a_segment_is() {
    let held = Arc::new(Held { once: AtomicBool::new(false), reached: Barrier::new(2), go: Barrier::new(2) });
    let (dir, mut host) = (dir(), Host::new(5));
    let watch = Some(Arc::clone(&held) as _);
    let options = Options { boot: 7, segment_age: Duration::ZERO, watch, ..Options::default() };
    let mut writer = Writer::open(dir.path(), options).unwrap();
    let app = app(AppState::new(writer.reader(), Role::Recording));
    let mut events = Vec::new();
    for _ in 0..2 {
        (0..50).for_each(|_| host.step());
        let batch = host.take();
        writer.append(&batch).unwrap();
        events.push(batch.events.len());
    }
    // The first is closed now, and is being packed.
    held.reached.wait();
    let store = async || ask(&app, get("/stats")).await.json()["store"].take();
    let work = json!({ "what": "pack", "segment": 1, "events": events[0], "done": 0 });
    assert_eq!(store().await["work"], work);
    held.go.wait();
    writer.settle();
    let done = store().await;
    assert_eq!((&done["work"], &done["waiting"]), (&Value::Null, &0.into()));
    assert_eq!(done["segments"][0]["state"], "packed");
}
