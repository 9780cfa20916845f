//! What is missing shows wherever it could matter, and nowhere else.

use axum::body::Body;
use axum::http::Request;
use event::{Class, GapReason, Kind};
use serde_json::{Value, json};
use std::time::Duration;
use store::{LeftOutRule, Options, Store, Writer};

use crate::lives::{Lives, date, get};
use crate::scenario::{Host, dir};
use crate::world::ask;

fn reasons(answer: &Value) -> Vec<&str> {
    answer["gaps"].as_array().unwrap().iter().map(|gap| gap["reason"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_loss_of_any_reason_shows_in_its_span_and_class_and_not_elsewhere() {
    for reason in GapReason::ALL {
        // What tells of removed or unreadable segments is made up by the store itself: the tests below.
        if reason == GapReason::Evicted {
            continue;
        }
        let mut lives = Lives::new();
        let init = lives.met(0, 1, 0);
        let process = init.process;
        lives.open_file(10, &init, "/a", 1);
        lives.open_file(50, &init, "/a", 1);
        lives.lose(20, 30, Class::File, reason);
        let app = lives.app();
        let (inside, before, after) = (
            format!("since={}&until={}", date(15), date(25)),
            format!("until={}", date(20)),
            format!("since={}", date(31)),
        );
        for (url, shows) in [
            (format!("/events?{inside}"), true),
            (format!("/events?{inside}&name=open"), true),
            (format!("/events?{inside}&name=exec"), false),
            (format!("/events?{inside}&category=Network%20Activity"), false),
            (format!("/events?{before}"), false),
            (format!("/events?{after}"), false),
            (format!("/timeline?{inside}"), true),
            (format!("/timeline?{before}"), false),
            (format!("/timeline?{inside}&name=exec"), false),
            (format!("/trace?path=/a&{inside}"), true),
            (format!("/trace?path=/a&{after}"), false),
            // A process's life is not told by events of files.
            (format!("/processes?{inside}"), false),
            (format!("/tree?{inside}"), false),
            (format!("/processes/{process}"), false),
            (format!("/events?{inside}&name=exec&path=/a&follow=true"), true),
        ] {
            let answer = get(&app, &url).await;
            let expected = if shows { vec![reason.name()] } else { vec![] };
            assert_eq!((reasons(&answer), &answer["complete"]), (expected, &json!(!shows)), "{url}");
        }
    }
}

#[tokio::test]
async fn a_loss_of_all_classes_shows_everywhere_in_its_span() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    lives.open_file(10, &init, "/a", 1);
    lives.lose(20, 30, Class::All, GapReason::NotRecording);
    let app = lives.app();
    for url in ["/events?name=exec", "/timeline?", "/tree?", "/processes?", "/trace?path=/a"] {
        let answer = get(&app, &format!("{url}&since={}", date(25)).replace("?&", "?")).await;
        assert_eq!((reasons(&answer), &answer["complete"]), (vec!["not_recording"], &json!(false)), "{url}");
        assert_eq!(answer["gaps"][0]["lost"], Value::Null);
    }
    let process = get(&app, &format!("/processes/{}", init.process)).await;
    assert_eq!((reasons(&process), &process["complete"]), (vec!["not_recording"], &json!(false)));
}

/// Also in the very answer that met it first.
#[tokio::test]
async fn a_block_that_cannot_be_read_is_a_gap_of_the_answer_that_lacks_it() {
    let directory = dir();
    let mut host = Host::new(8);
    let options = Options { segment_age: Duration::ZERO, boot: 7, pack: false, ..Options::default() };
    let mut writer = Writer::open(directory.path(), options).unwrap();
    for _ in 0..3 {
        (0..80).for_each(|_| host.step());
        let mut batch = host.take();
        batch.gaps.clear();
        writer.append(&batch).unwrap();
    }
    let count = writer.next_event_id() - 1;
    writer.close().unwrap();
    let file = directory.path().join("segments/000000000002.redb");
    let whole = std::fs::read(&file).unwrap();
    let mut noticed = 0;
    // One byte of each page that is in use.
    let pages = whole.chunks(4096).enumerate().filter(|(_, page)| page.iter().any(|byte| *byte != 0));
    for place in pages.map(|(number, page)| number * 4096 + page.len() / 4) {
        let mut hurt = whole.clone();
        hurt[place] ^= 0x55;
        std::fs::write(&file, &hurt).unwrap();
        let store = Store::open(directory.path()).unwrap();
        let app = query_api::app(query_api::AppState::new(store, query_api::Role::Serving));
        let request = Request::get("/events?limit=10000").body(Body::empty()).unwrap();
        let answer = ask(&app, request).await;
        let found = answer.json()["events"].as_array().unwrap().len() as u64;
        assert!(found <= count);
        if found < count {
            noticed += 1;
            let told = answer.json();
            assert!(reasons(&told).contains(&"damaged"), "{place}: {found} of {count}: {:?}", told["gaps"]);
            assert_eq!(
                (&told["complete"], &answer.headers["tacho-complete"]),
                (&json!(false), &"false".parse().unwrap())
            );
        }
    }
    assert!(noticed > 0);
}

/// Also when its segment was written anew, and not as something that was lost.
#[tokio::test]
async fn what_was_left_out_on_purpose_is_told_apart_with_the_rules_of_its_time() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let rule = |text: &str, kinds: &[Kind]| LeftOutRule::new(text.to_owned(), kinds);
    let opens = rule("open access=read path=/usr/lib", &[Kind::Open]);
    let mmaps = rule("mmap,mprotect protection=noexec", &[Kind::Mmap, Kind::Mprotect]);
    for (moment, rules) in [
        (10, vec![opens.clone(), mmaps.clone()]),
        (20, vec![opens.clone(), mmaps]),
        (30, vec![opens]),
        (40, vec![]),
    ] {
        lives = lives.restart(rules);
        lives.open_file(moment, &init, "/a", 1);
    }
    let (app, _directory) = lives.packed();
    let (open, mmap) = ("open access=read path=/usr/lib", "mmap,mprotect protection=noexec");
    let span = |from, to, rules: &[&str]| json!({ "from": date(from), "to": date(to), "rules": rules });
    let everything = json!([span(10, 20, &[open, mmap]), span(30, 30, &[open])]);
    let process = format!("/processes/{}", init.process);
    for (url, expected) in [
        ("/events", everything.clone()),
        ("/paths", everything.clone()),
        ("/timeline", everything.clone()),
        ("/trace?path=/a", everything),
        ("/events?name=mmap", json!([span(10, 20, &[mmap])])),
        ("/events?name=open", json!([span(10, 30, &[open])])),
        ("/events?name=connect", json!([])),
        (&format!("/events?until={}", date(20)), json!([span(10, 10, &[open, mmap])])),
        (&format!("/events?since={}", date(31)), json!([])),
        // What makes a process's life cannot be left out.
        ("/processes", json!([])),
        ("/tree", json!([])),
        (&process, json!([])),
    ] {
        let answer = get(&app, url).await;
        assert_eq!((&answer["left_out"], &answer["complete"]), (&expected, &json!(true)), "{url}");
    }
}
