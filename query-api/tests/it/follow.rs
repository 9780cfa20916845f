//! `/events?follow=true`: a file by the names that it had.

use axum::body::Body;
use axum::http::Request;
use event::{Detail, Kind};
use serde_json::{Value, json};

use crate::lives::{Lives, date, get, pages};
use crate::world::ask;

const WRITE: u32 = 1;

fn story() -> Lives {
    let mut lives = Lives::new();
    let editor = lives.met(0, 10, 1);
    let rename = || Detail::Rename { flags: 0 };
    // Another file of the temporary name, before and after.
    lives.open_file(1, &editor, "/tmp/new", WRITE);
    lives.on_file(2, &editor, Kind::Unlink, Detail::Unlink { flags: 0 }, "/tmp/new", None);
    lives.open_file(3, &editor, "/tmp/new", WRITE);
    lives.on_file(4, &editor, Kind::Rename, rename(), "/tmp/new", Some("/etc/conf"));
    lives.open_file(5, &editor, "/tmp/new", WRITE);
    lives.open_file(6, &editor, "/etc/conf", 0);
    lives.on_file(7, &editor, Kind::Link, Detail::None, "/etc/conf", Some("/etc/alias"));
    lives.open_file(8, &editor, "/etc/alias", WRITE);
    lives.on_file(9, &editor, Kind::Rename, rename(), "/etc/conf", Some("/etc/conf.old"));
    lives.open_file(10, &editor, "/etc/conf.old", 0);
    lives.on_file(11, &editor, Kind::Rename, rename(), "/tmp/other", Some("/etc/conf.old"));
    lives.open_file(12, &editor, "/etc/conf.old", 0);
    lives.open_file(13, &editor, "/etc/unrelated", WRITE);
    lives
}

fn dates(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["date"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn earlier_and_later_names_are_followed_while_they_were_the_files() {
    let app = story().app();
    let answer = get(&app, "/events?path=/etc/conf&follow=true&order=asc").await;
    // Not: what else had the temporary name (1, 2, 5), what took the last name (11, 12).
    let expected: Vec<String> = [3, 4, 6, 7, 8, 9, 10].map(date).into();
    assert_eq!(dates(answer["events"].as_array().unwrap()), expected);
    let names = answer["followed"]["names"].as_array().unwrap();
    let told: Vec<_> = names.iter().map(|name| (name["path"].as_str().unwrap(), &name["event"])).collect();
    assert_eq!(told, [("/tmp/new", &json!(4)), ("/etc/alias", &json!(7)), ("/etc/conf.old", &json!(9))]);
    assert_eq!((&answer["followed"]["whole"], &answer["complete"]), (&json!(true), &json!(true)));
    let paged = pages(&app, "/events?path=/etc/conf&follow=true&order=asc&limit=2", "events").await;
    assert_eq!(dates(&paged), expected);
    let writes = get(&app, &format!("/events?path=/etc/conf&follow=true&name=open&until={}", date(9))).await;
    assert_eq!(dates(writes["events"].as_array().unwrap()), [date(8), date(6), date(3)]);
    let plain = get(&app, "/events?path=/etc/conf&order=asc").await;
    assert_eq!(dates(plain["events"].as_array().unwrap()), [4, 6, 7, 9].map(date));
    assert!(plain.get("followed").is_none());
}

/// `RENAME_EXCHANGE`.
const EXCHANGE: u32 = 2;

#[tokio::test]
async fn of_two_names_that_were_exchanged_each_file_is_followed() {
    let mut lives = Lives::new();
    let editor = lives.met(0, 10, 1);
    lives.open_file(1, &editor, "/b", WRITE);
    lives.on_file(2, &editor, Kind::Rename, Detail::Rename { flags: EXCHANGE }, "/a", Some("/b"));
    lives.open_file(3, &editor, "/b", WRITE);
    lives.on_file(4, &editor, Kind::Rename, Detail::Rename { flags: 0 }, "/c", Some("/b"));
    lives.open_file(5, &editor, "/b", WRITE);
    let app = lives.app();
    // What is /a now was /b before, and what was /a is /b until another file takes its place.
    let answer = get(&app, "/events?path=/a&follow=true&order=asc").await;
    assert_eq!(dates(answer["events"].as_array().unwrap()), [1, 2, 3].map(date));
    assert_eq!(answer["followed"]["whole"], json!(true));
}

#[tokio::test]
async fn only_exact_paths_are_followed() {
    let app = story().app();
    for query in ["follow=true", "path=/etc/*&follow=true", "path=/etc/conf,/tmp/**&follow=true"] {
        let request = Request::get(format!("/events?{query}")).body(Body::empty()).unwrap();
        assert_eq!(ask(&app, request).await.code(), "bad_combination", "{query}");
    }
    assert!(get(&app, "/events?path=/etc/*&follow=false").await.get("followed").is_none());
}
