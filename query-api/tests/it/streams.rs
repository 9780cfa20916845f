//! `/events/stream` from the reader's side: going on, falling behind.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use query_api::Door;
use tower::ServiceExt as _;

use crate::world::{World, ask};

async fn open(world: &World, path: &str, last: Option<&str>) -> BodyDataStream {
    let mut request = Request::get(path);
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = world.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().into_data_stream()
}

async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let chunk = stream.next().await?.unwrap();
    Some(String::from_utf8(chunk.into()).unwrap())
}

fn ids(text: &str) -> Vec<u64> {
    text.lines().filter_map(|line| line.strip_prefix("id: ")).map(|id| id.parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_comes_back_gets_all_that_it_missed_and_nothing_twice() {
    let mut world = World::new();
    let known = world.cases.len() as u64;
    let mut stream = open(&world, "/events/stream?name=open", None).await;
    world.add_opens("open", 3);
    let text = next(&mut stream).await.unwrap();
    assert_eq!(ids(&text), [known + 1, known + 2, known + 3]);
    drop(stream);
    world.add_opens("open", 2);
    let mut stream = open(&world, "/events/stream?name=open", Some(&(known + 2).to_string())).await;
    let mut text = next(&mut stream).await.unwrap();
    world.add_opens("open", 1);
    text += &next(&mut stream).await.unwrap();
    assert_eq!(ids(&text), [known + 3, known + 4, known + 5, known + 6]);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_since_then_is_told_to_one_who_comes_back() {
    let (world, _) = World::with_gap();
    // A new reader is told nothing of the past: the first it hears is a sign of life.
    let mut fresh = open(&world, "/events/stream", None).await;
    assert_eq!(next(&mut fresh).await.unwrap(), ":\n\n");
    // The event is gone (or never was): nobody knows what else is.
    let mut stream = open(&world, "/events/stream", Some("0")).await;
    let mut text = String::new();
    while !text.contains("event: gap\n") {
        text += &next(&mut stream).await.unwrap();
        assert_ne!(text, ":\n\n");
    }
    assert!(text.contains("\"reason\":\"ring_full\""), "{text}");
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let world = World::new();
    for last in ["-1", "x", "", "1 2", "18446744073709551616", "999999999"] {
        let request = Request::get("/events/stream").header("Last-Event-ID", last);
        let answer = ask(&world.app, request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_value"), "{last}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_cut_off_with_a_message() {
    let mut world = World::new();
    let mut stream = open(&world, "/events/stream", None).await;
    world.add_opens("open", 1);
    assert_eq!(ids(&next(&mut stream).await.unwrap()).len(), 1);
    tokio::time::advance(Duration::from_secs(10)).await;
    world.add_opens("open", 1);
    assert_eq!(ids(&next(&mut stream).await.unwrap()).len(), 1);
    tokio::time::advance(Duration::from_secs(21)).await;
    assert!(next(&mut stream).await.unwrap().starts_with("event: cut\ndata: {"));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn one_stream_too_many_is_told_when_to_come_again() {
    let world = World::new();
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(open(&world, "/events/stream", None).await);
    }
    let request = || Request::get("/events/stream").body(Body::empty()).unwrap();
    let answer = ask(&world.app, request()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "busy"));
    assert_eq!(answer.headers["retry-after"], "1");
    // Others are answered all the same, and a place is free again when a reader is gone.
    assert_eq!(world.get("/events?limit=1").await.status, StatusCode::OK);
    streams.pop();
    assert_eq!(world.app.clone().oneshot(request()).await.unwrap().status(), StatusCode::OK);
}

/// Neither more of a stream, nor the rest of a long answer.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_ends_when_the_token_is_another() {
    let mut world = World::new();
    world.add_opens("open", 5_000);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "old\n").unwrap();
    let app = world.behind(Door::with_token_file("127.0.0.1:7878".parse().unwrap(), path.clone()));
    let begin = async |path: &str| {
        let request = Request::get(path).header("host", "localhost").header("authorization", "Bearer old");
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().into_data_stream()
    };
    let mut stream = begin("/events/stream").await;
    world.add_opens("open", 1);
    assert_eq!(ids(&next(&mut stream).await.unwrap()).len(), 1);
    let mut lines = begin("/events?limit=10000&format=ndjson").await;
    assert!(next(&mut lines).await.is_some());
    let replacement = directory.path().join("next");
    std::fs::write(&replacement, "new\n").unwrap();
    std::fs::rename(&replacement, &path).unwrap();
    world.add_opens("open", 1);
    let last = next(&mut stream).await.unwrap();
    assert!(last.starts_with("event: cut\ndata: {") && last.contains("token"), "{last}");
    assert_eq!(next(&mut stream).await, None);
    // What was read before is given; then it breaks off, which is no end of an answer.
    let mut broken = false;
    while let Some(chunk) = lines.next().await {
        broken |= chunk.is_err();
    }
    assert!(broken);
}
