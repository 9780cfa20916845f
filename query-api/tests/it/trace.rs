//! `/trace`: back to what led to something, and on to what came of it.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use event::{Class, Detail, GapReason, Kind};
use serde_json::{Value, json};

use crate::lives::{Lives, date, get};
use crate::world::{ask, escaped};

const WRITE: u32 = 0o1;
const CREATE: u32 = 0o1101;

/// A download that is renamed, run, and leaves something behind.
struct Intrusion {
    lives: Lives,
    shell: String,
}

fn intrusion() -> Intrusion {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let sshd = lives.met(0, 10, 1);
    let shell = lives.fork(10, &sshd, 100);
    let shell = lives.exec(11, &shell, "/usr/bin/bash");
    let curl = lives.fork(20, &shell, 200);
    let curl = lives.exec(21, &curl, "/usr/bin/curl");
    lives.connect(22, &curl, "203.0.113.5", 443);
    lives.open_file(23, &curl, "/tmp/.x", CREATE);
    lives.open_file(23, &curl, "/etc/hosts", 0);
    lives.connect(24, &curl, "203.0.113.6", 80);
    lives.exit(25, &curl);
    let rename = || Detail::Rename { flags: 0 };
    lives.on_file(30, &shell, Kind::Rename, rename(), "/tmp/.x", Some("/tmp/tool"));
    lives.on_file(
        31,
        &shell,
        Kind::Chmod,
        Detail::Chmod { mode: 0o755, path: String::new() },
        "/tmp/tool",
        None,
    );
    let tool = lives.fork(40, &shell, 300);
    let tool = lives.exec(41, &tool, "/tmp/tool");
    lives.open_file(42, &tool, "/etc/cron.d/job", CREATE);
    lives.open_file(43, &tool, "/etc/cron.d/job", 0);
    lives.on_file(44, &shell, Kind::Unlink, Detail::Unlink { flags: 0 }, "/tmp/tool", None);
    // Nothing of this led to the job: it comes later, or is somebody else's.
    let other = lives.fork(50, &init, 400);
    lives.open_file(51, &other, "/tmp/tool", CREATE);
    lives.connect(52, &shell, "203.0.113.7", 22);
    lives.open_file(5, &sshd, "/tmp/unrelated", CREATE);
    Intrusion { lives, shell: shell.process.to_string() }
}

/// What is in a graph, as `SUBJECT relation OBJECT`.
fn edges(graph: &Value) -> BTreeSet<String> {
    let nodes = graph["nodes"].as_array().unwrap();
    let name = |id: &Value| {
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        match node["kind"].as_str().unwrap() {
            "process" => node["process"]["pid"].to_string(),
            "file" => node["path"].as_str().unwrap().to_owned(),
            _ => format!("{}:{}", node["ip"].as_str().unwrap(), node["port"]),
        }
    };
    let edges = graph["edges"].as_array().unwrap().iter();
    edges
        .map(|edge| {
            format!("{} {} {}", name(&edge["from"]), edge["relation"].as_str().unwrap(), name(&edge["to"]))
        })
        .collect()
}

fn expected(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

async fn code(app: &Router, url: &str) -> (StatusCode, String) {
    let answer = ask(app, Request::get(url).body(Body::empty()).unwrap()).await;
    (answer.status, answer.code())
}

#[tokio::test]
async fn a_file_leads_back_to_where_its_writers_program_came_from() {
    let mut story = intrusion();
    let app = story.lives.app();
    let graph = get(&app, &format!("/trace?path={}", escaped("/etc/cron.d/job"))).await;
    assert_eq!(
        edges(&graph),
        expected(&[
            "300 wrote /etc/cron.d/job",
            "300 executed /tmp/tool",
            "100 started 300",
            "100 renamed /tmp/tool",
            "100 changed /tmp/tool",
            "/tmp/.x became /tmp/tool",
            "100 executed /usr/bin/bash",
            "10 started 100",
            "200 wrote /tmp/.x",
            "100 started 200",
            "200 executed /usr/bin/curl",
            "200 connected 203.0.113.5:443",
        ])
    );
    assert_eq!((&graph["complete"], &graph["cut"], &graph["gaps"]), (&json!(true), &json!([]), &json!([])));
    assert_eq!(graph["start"], json!(["file:/etc/cron.d/job"]));
    // Each piece of evidence is an event that can be looked at.
    for edge in graph["edges"].as_array().unwrap() {
        let ids: Vec<String> = edge["events"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert_eq!(edge["count"], ids.len(), "{edge}");
        let events = get(&app, &format!("/events?schema=full&order=asc&id={}", ids.join(","))).await;
        let events = events["events"].as_array().unwrap();
        assert_eq!(events.len(), ids.len());
        assert_eq!(edge["first"], events[0]["date"], "{edge}");
    }
    let wrote =
        graph["edges"].as_array().unwrap().iter().find(|edge| edge["to"] == "file:/etc/cron.d/job").unwrap();
    assert_eq!((&wrote["how"], &wrote["first"]), (&json!(["truncated"]), &json!(date(42))));
    let nodes = graph["nodes"].as_array().unwrap();
    let sshd = nodes.iter().find(|node| node["process"]["pid"] == 10).unwrap();
    assert_eq!(
        (&sshd["process"]["parent"], &sshd["process"]["source"]),
        (&json!("unknown"), &json!("procfs_snapshot"))
    );
}

#[tokio::test]
async fn a_process_leads_on_to_what_its_subtree_did() {
    let mut story = intrusion();
    let app = story.lives.app();
    let graph = get(&app, &format!("/trace?process={}&direction=forward", story.shell)).await;
    assert_eq!(
        edges(&graph),
        expected(&[
            "100 executed /usr/bin/bash",
            "100 started 200",
            "100 started 300",
            "100 renamed /tmp/tool",
            "100 changed /tmp/tool",
            "100 removed /tmp/tool",
            "100 connected 203.0.113.7:22",
            "200 executed /usr/bin/curl",
            "200 connected 203.0.113.5:443",
            "200 connected 203.0.113.6:80",
            "200 wrote /tmp/.x",
            "/tmp/.x became /tmp/tool",
            "300 executed /tmp/tool",
            "300 wrote /etc/cron.d/job",
        ])
    );
    assert_eq!(graph["complete"], true);
}

#[tokio::test]
async fn a_file_leads_on_to_who_ran_it_and_an_address_to_who_connected() {
    let mut story = intrusion();
    let app = story.lives.app();
    let graph = get(&app, &format!("/trace?path={}&direction=forward", escaped("/tmp/.x"))).await;
    let found = edges(&graph);
    for edge in ["/tmp/.x became /tmp/tool", "300 executed /tmp/tool", "300 wrote /etc/cron.d/job"] {
        assert!(found.contains(edge), "{edge} is not in {found:?}");
    }
    assert!(!found.iter().any(|edge| edge.contains("/etc/hosts")), "{found:?}");
    let graph = get(&app, "/trace?ip=203.0.113.5&port=443").await;
    let found = edges(&graph);
    for edge in ["200 connected 203.0.113.5:443", "200 executed /usr/bin/curl", "10 started 100"] {
        assert!(found.contains(edge), "{edge} is not in {found:?}");
    }
    // What came after the connection did not lead to it.
    assert!(!found.iter().any(|edge| edge.contains("203.0.113.6")), "{found:?}");
}

#[tokio::test]
async fn a_hard_link_is_one_of_a_files_names() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let (one, two) = (lives.fork(1, &init, 100), lives.fork(1, &init, 200));
    lives.on_file(10, &one, Kind::Link, Detail::None, "/a", Some("/b"));
    lives.open_file(11, &two, "/a", WRITE);
    lives.open_file(12, &one, "/b", 0);
    let app = lives.app();
    let found = edges(&get(&app, "/trace?path=/b&depth=2").await);
    for edge in ["100 linked /b", "/a same_file /b", "200 wrote /a"] {
        assert!(found.contains(edge), "{edge} is not in {found:?}");
    }
}

#[tokio::test]
async fn what_a_bound_leaves_out_is_named() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    for pid in 100..105 {
        let writer = lives.fork(1, &init, pid);
        lives.open_file(i64::from(pid), &writer, "/log", WRITE);
    }
    let app = lives.app();
    let graph = get(&app, "/trace?path=/log&depth=1&fanout=2").await;
    // The latest writers are the nearest causes.
    assert_eq!(edges(&graph), expected(&["104 wrote /log", "103 wrote /log"]));
    let cuts = graph["cut"].as_array().unwrap();
    let fanout = json!({"node": "file:/log", "bound": "fanout", "relation": "wrote", "left_out": 3});
    assert!(cuts.contains(&fanout), "{cuts:?}");
    assert_eq!(cuts.iter().filter(|cut| cut["bound"] == "depth").count(), 2);
    assert_eq!(graph["complete"], false);
    let until = get(&app, &format!("/trace?path=/log&depth=1&until={}", date(102))).await;
    assert_eq!(edges(&until), expected(&["100 wrote /log", "101 wrote /log"]));
    lives.lose(3, 4, Class::File, GapReason::RingFull);
    let app = lives.app();
    let graph = get(&app, "/trace?path=/log&fanout=9").await;
    assert_eq!(
        (&graph["complete"], &graph["cut"], &graph["gaps"][0]["class"]),
        (&json!(false), &json!([]), &json!("file"))
    );
}

#[tokio::test]
async fn what_is_no_one_thing_is_refused() {
    let mut story = intrusion();
    let app = story.lives.app();
    let nobody = "0".repeat(56);
    for (query, status, word) in [
        (String::new(), StatusCode::BAD_REQUEST, "bad_combination"),
        ("?path=/a,/b".to_owned(), StatusCode::BAD_REQUEST, "bad_combination"),
        ("?path=/a*".to_owned(), StatusCode::BAD_REQUEST, "bad_value"),
        (format!("?path=/a&process={}", story.shell), StatusCode::BAD_REQUEST, "bad_combination"),
        ("?ip=203.0.113.5".to_owned(), StatusCode::BAD_REQUEST, "bad_combination"),
        ("?path=/a&direction=sideways".to_owned(), StatusCode::BAD_REQUEST, "bad_value"),
        ("?path=/a&depth=33".to_owned(), StatusCode::BAD_REQUEST, "bad_value"),
        ("?path=/a&fanout=0".to_owned(), StatusCode::BAD_REQUEST, "bad_value"),
        ("?path=/a&limit=5".to_owned(), StatusCode::BAD_REQUEST, "unknown_parameter"),
        (format!("?process={nobody}"), StatusCode::NOT_FOUND, "not_found"),
    ] {
        assert_eq!(code(&app, &format!("/trace{query}")).await, (status, word.to_owned()), "{query}");
    }
    assert_eq!(edges(&get(&app, "/trace?path=/nowhere").await), expected(&[]));
}
