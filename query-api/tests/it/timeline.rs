//! `/timeline`. That it counts right is shown by `naive`.

use axum::Router;
use axum::http::StatusCode;
use query_api::{AppState, Role, app};
use serde_json::{Value, json};
use store::{Options, Writer};

use crate::world::{SECOND, World, ask};

fn total(timeline: &Value) -> u64 {
    let buckets = timeline["buckets"].as_array().unwrap();
    buckets
        .iter()
        .flat_map(|one| one["counts"].as_object().unwrap().values())
        .map(|n| n.as_u64().unwrap())
        .sum()
}

#[tokio::test]
async fn without_parameters_it_is_all_events_in_a_hundred_buckets_by_category() {
    let world = World::new();
    let timeline = world.json("/timeline").await;
    assert_eq!(timeline["buckets"].as_array().unwrap().len(), 100);
    assert_eq!(total(&timeline), world.cases.len() as u64);
    assert_eq!(timeline["total"], world.cases.len());
    let words = ["Process Activity", "File Activity", "Network Activity", "Kernel Activity"];
    assert_eq!(timeline["values"], json!(words));
    let counts = timeline["buckets"][0]["counts"].as_object().unwrap();
    assert_eq!(counts.keys().collect::<Vec<_>>(), words.iter().collect::<Vec<_>>());
    assert_eq!((&timeline["complete"], &timeline["gaps"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn a_gap_in_the_span_shows() {
    let (world, gap) = World::with_gap();
    let timeline = world.json("/timeline").await;
    assert_eq!((&timeline["complete"], &timeline["gaps"][0]["lost"]), (&json!(false), &json!(3)));
    let before = event::render::Date(gap.from);
    assert_eq!(world.json(&format!("/timeline?until={before}")).await["complete"], true);
    assert_eq!(world.json("/timeline?name=exec").await["complete"], true);
}

#[tokio::test]
async fn values_beyond_the_top_are_counted_together() {
    let mut world = World::new();
    world.add_opens("open", 50);
    let timeline = world.json("/timeline?by=process&top=1&buckets=3").await;
    assert_eq!(timeline["values"], json!([world.case("open").context.process.to_string()]));
    assert_eq!(timeline["rest"]["name"], "(all other values)");
    assert_eq!(total(&timeline), world.cases.len() as u64 + 50);
    assert!(timeline["buckets"][0]["counts"]["(all other values)"].is_u64());
}

#[tokio::test]
async fn an_empty_store_and_an_empty_span_have_as_many_buckets_as_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Writer::open(directory.path(), Options { boot: 7, ..Options::default() }).unwrap();
    let empty: Router = app(AppState::new(writer.reader(), Role::Serving));
    let request = axum::http::Request::get("/timeline?buckets=5").body(axum::body::Body::empty()).unwrap();
    let answer = ask(&empty, request).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((answer.json()["buckets"].as_array().unwrap().len(), total(&answer.json())), (5, 0));
    let world = World::new();
    let at = event::render::Date(world.cases[3].event.time);
    let timeline = world.json(&format!("/timeline?since={at}&until={at}&buckets=4&by=user")).await;
    assert_eq!((timeline["buckets"].as_array().unwrap().len(), total(&timeline)), (4, 0));
    let one = event::render::Date(world.cases[3].event.time + 1);
    let timeline = world.json(&format!("/timeline?since={at}&until={one}&buckets=4")).await;
    assert_eq!((timeline["buckets"].as_array().unwrap().len(), total(&timeline)), (4, 1));
    let after = event::render::Date(world.cases[3].event.time + 1000 * SECOND);
    assert_eq!(total(&world.json(&format!("/timeline?since={after}")).await), 0);
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused() {
    let world = World::new();
    for (query, code) in [
        ("buckets=0", "bad_value"),
        ("buckets=2001", "bad_value"),
        ("by=colour", "bad_value"),
        ("by=name,outcome", "bad_value"),
        ("by=", "empty_value"),
        ("top=0", "bad_value"),
        ("limit=5", "unknown_parameter"),
        ("order=asc", "unknown_parameter"),
        ("cursor=00", "unknown_parameter"),
        ("since=now&until=-1h", "bad_combination"),
        ("descendants=true", "bad_combination"),
    ] {
        assert_eq!(world.get(&format!("/timeline?{query}")).await.code(), code, "{query}");
    }
    assert_eq!(world.json("/timeline?buckets=2000").await["buckets"].as_array().unwrap().len(), 2000);
}
