//! `/events`.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use event::render::Date;
use event::schema::{Version, document};
use event::{Category, Kind, Outcome};
use serde_json::Value;

use crate::world::{SECOND, World, ask, escaped};

fn list(document: &Value) -> &Vec<Value> {
    document["events"].as_array().unwrap()
}

#[tokio::test]
async fn every_event_is_served_and_valid_in_each_generation() {
    let world = World::new();
    for version in Version::ALL {
        let validator =
            jsonschema::options().should_validate_formats(true).build(&document(version)).unwrap();
        let page = world.json(&format!("/events?schema={version}&limit=1000")).await;
        assert_eq!(list(&page).len(), world.cases.len());
        for event in list(&page) {
            let errors: Vec<_> = validator.iter_errors(event).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{version}: {errors:?}: {event}");
        }
    }
}

#[tokio::test]
async fn a_target_and_a_tracee_are_served_with_what_they_come_from() {
    let world = World::new();
    for (kind, case, pointer) in
        [("signal", "signal", "/signal/target"), ("ptrace", "ptrace", "/ptrace/tracee")]
    {
        let page = world.json(&format!("/events?name={kind}&outcome=Success&order=asc")).await;
        let other = list(&page)[0].pointer(pointer).unwrap();
        let expected = world.case(case).other.as_ref().unwrap();
        assert_eq!(other["pid"], expected.context.process.pid, "{kind}");
        let executable = &expected.image.as_ref().unwrap().executable.path;
        assert_eq!(other["executable"]["path"], **executable, "{kind}");
        assert_eq!((&other["parent"]["pid"], other["ancestors"].as_array().unwrap().len()), (&1.into(), 1));
    }
    let page = world.json("/events?name=signal&outcome=Error").await;
    assert!(list(&page)[0]["signal"].get("target").is_none(), "nobody was there");
}

#[tokio::test]
async fn an_answer_has_exactly_the_four_members() {
    let page = World::new().json("/events").await;
    let names: Vec<_> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["events", "next", "complete", "gaps", "left_out"]);
    assert_eq!(
        (&page["next"], &page["complete"], &page["gaps"]),
        (&Value::Null, &true.into(), &Value::Array(vec![]))
    );
}

#[tokio::test]
async fn the_newest_event_comes_first_unless_told_otherwise() {
    let world = World::new();
    let dates = |page: &Value| list(page).iter().map(|event| event["date"].to_string()).collect::<Vec<_>>();
    let descending = dates(&world.json("/events").await);
    let mut ascending = dates(&world.json("/events?order=asc").await);
    assert!(ascending.is_sorted());
    ascending.reverse();
    assert_eq!(ascending, descending);
}

#[tokio::test]
async fn each_filter_lets_only_its_own_through() {
    let world = World::new();
    let chmod = world.case("chmod");
    let (pid, tid) = (chmod.context.process.pid, chmod.event.tid);
    let (since, until) = (Date(chmod.event.time), Date(chmod.event.time + 1));
    let count =
        |fits: &dyn Fn(&event::Event) -> bool| world.cases.iter().filter(|case| fits(&case.event)).count();
    let refused = count(&|event| event.outcome() == Outcome::Refused);
    let of = |category| count(&|event| event.kind.category() == category);
    for (query, count) in [
        (format!("pid={pid}"), 1),
        (format!("pid={pid},1&name=chmod"), 1),
        (format!("tid={tid}"), 1),
        (format!("ppid={}", chmod.context.ppid), 1),
        (format!("process={}", chmod.context.process), 1),
        (format!("pid={}&descendants=true", chmod.context.ppid), 1),
        (format!("pid={}", chmod.context.ppid), 0),
        (format!("since={since}&until={until}"), 1),
        (format!("since={until}&until={until}"), 0),
        ("name=chmod".to_owned(), 2),
        ("name=chmod,chown".to_owned(), 3),
        ("name=chmod&name=chown".to_owned(), 3),
        ("name=chmod&pid=4".to_owned(), 0),
        ("outcome=Refused".to_owned(), refused),
        ("category=Kernel%20Activity".to_owned(), of(Category::Kernel)),
        ("category=Network+Activity".to_owned(), of(Category::Network)),
        ("path=/tmp/new".to_owned(), 1),
        ("path=/tmp/b".to_owned(), 1),
        ("path=/tmp/n*".to_owned(), 1),
        ("path=/t*".to_owned(), 0),
        (format!("path={}", escaped("/home/**/script.py")), 1),
        ("path=/etc/shadow,/tmp/new".to_owned(), 2),
        (format!("container={}", "c".repeat(64)), 1),
        ("ip=192.0.2.1".to_owned(), 2),
        ("ip=%3A%3A1&name=connect".to_owned(), 1),
        ("port=443&name=connect".to_owned(), 2),
        ("port=443&name=accept".to_owned(), 1),
        ("ip=192.0.2.53".to_owned(), 1),
        ("ip=169.254.169.254&port=80".to_owned(), 3),
        ("port=8080&name=setsockopt".to_owned(), 1),
        ("path=/srv/**".to_owned(), 1),
        ("path=/srv/www&name=mount".to_owned(), 1),
        ("user=nobody".to_owned(), 0),
        ("uid=0".to_owned(), 0),
        ("comm=python3&name=mkdir".to_owned(), 1),
        ("exe=/usr/bin/python3&name=mkdir".to_owned(), 1),
        ("exe=/usr/sbin/*".to_owned(), 0),
    ] {
        let page = world.json(&format!("/events?{query}")).await;
        assert_eq!(list(&page).len(), count, "{query}");
    }
}

#[tokio::test]
async fn pages_join_without_loss_or_repetition() {
    let mut world = World::new();
    world.add_opens("open", 1_000);
    for order in ["asc", "desc"] {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.json(&format!("/events?schema=full&order={order}&limit=300{cursor}")).await;
            ids.extend(list(&page).iter().map(|event| event["tacho"]["id"].as_u64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(list(&page).len(), 300);
            cursor = format!("&cursor={next}");
        }
        if order == "desc" {
            ids.reverse();
        }
        let expected: Vec<u64> = (1..=1_000 + world.cases.len() as u64).collect();
        assert_eq!(ids, expected, "{order}");
    }
}

#[tokio::test]
async fn a_cursor_serves_no_other_query_and_no_change() {
    let world = World::new();
    let next = world.json("/events?limit=2&name=open,chmod").await["next"].as_str().unwrap().to_owned();
    assert_eq!(
        world.get(&format!("/events?limit=3&name=open,chmod&cursor={next}")).await.status,
        StatusCode::OK
    );
    let mut changed = next.clone();
    changed.replace_range(20..21, if &next[20..21] == "0" { "1" } else { "0" });
    for query in [
        format!("limit=2&name=open&cursor={next}"),
        format!("limit=2&name=open,chmod&order=asc&cursor={next}"),
        format!("limit=2&name=open,chmod&cursor={changed}"),
        format!("limit=2&name=open,chmod&cursor={}", next.to_uppercase()),
        "cursor=1".to_owned(),
    ] {
        let answer = world.get(&format!("/events?{query}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "bad_cursor"),
            "{query}"
        );
    }
    let answer = world.get(&format!("/processes?cursor={next}")).await;
    assert_eq!(answer.code(), "bad_cursor");
}

#[tokio::test]
async fn ndjson_is_one_event_a_line_by_format_or_accept() {
    let mut world = World::new();
    world.add_opens("open", 600);
    let by_format = world.get("/events?format=ndjson&limit=10000").await;
    let request = Request::get("/events?limit=10000")
        .header(header::ACCEPT, "text/html, application/x-ndjson;q=0.9")
        .body(Body::empty())
        .unwrap();
    let by_accept = ask(&world.app, request).await;
    assert_eq!(by_format.text, by_accept.text);
    assert_eq!(by_format.headers[header::CONTENT_TYPE], "application/x-ndjson");
    assert_eq!(by_format.headers["tacho-complete"], "true");
    let lines: Vec<Value> = by_format.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&lines, list(&world.json("/events?limit=10000").await));
    assert!(by_format.text.ends_with("}\n"));
    assert_eq!(world.get("/events?format=ndjson&uid=77").await.text, "");
}

#[tokio::test]
async fn a_gap_makes_incomplete_what_it_touches_and_nothing_else() {
    let (world, gap) = World::with_gap();
    let page = world.json("/events").await;
    assert_eq!(page["complete"], false);
    let shown = &page["gaps"][0];
    assert_eq!(shown["from"], Date(gap.from).to_string());
    assert_eq!(shown["to"], Date(gap.to).to_string());
    assert_eq!((&shown["class"], &shown["lost"]), (&"file".into(), &3.into()));
    assert_eq!(shown["reason"], "ring_full");
    let after = Date(gap.to + SECOND);
    for (query, complete) in [
        ("name=open".to_owned(), false),
        ("name=fork".to_owned(), true),
        ("category=Kernel+Activity".to_owned(), true),
        (format!("since={after}"), true),
        (format!("until={}", Date(gap.from - SECOND)), true),
        (format!("until={after}&path=/tmp/new"), false),
    ] {
        let page = world.json(&format!("/events?{query}")).await;
        assert_eq!(page["complete"], complete, "{query}: {}", page["gaps"]);
    }
    assert_eq!(world.get("/events?format=ndjson").await.headers["tacho-complete"], "false");
}

#[tokio::test]
async fn every_kind_can_be_asked_for_by_name() {
    let world = World::new();
    for kind in Kind::ALL {
        let page = world.json(&format!("/events?name={}", kind.name())).await;
        assert!(!list(&page).is_empty(), "{}", kind.name());
        for event in list(&page) {
            assert_eq!(event["evt"]["name"], kind.name());
            assert_eq!(event["evt"]["category"], kind.category().name());
        }
    }
}

#[tokio::test]
async fn refusals_name_the_parameter() {
    let world = World::new();
    for (query, code, parameter) in [
        ("colour=red", "unknown_parameter", "colour"),
        ("limit=10001", "bad_value", "limit"),
        ("limit=5&limit=5", "duplicate_parameter", "limit"),
        ("pid=1,,2", "empty_value", "pid"),
        ("name=nap", "bad_value", "name"),
        ("descendants=true", "bad_combination", "descendants"),
        ("since=now&until=-1h", "bad_combination", "since"),
    ] {
        let answer = world.get(&format!("/events?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["parameter"]), (&code.into(), &parameter.into()), "{query}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_stream_tells_what_comes_and_what_was_lost_meanwhile() {
    use futures_util::StreamExt as _;
    use tower::ServiceExt as _;
    async fn until(body: &mut axum::body::BodyDataStream, text: &mut String, sign: &str) {
        while !text.contains(sign) {
            text.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
        }
    }
    let mut world = World::new();
    let known = world.cases.len() as u64;
    let request = Request::get("/events/stream?name=open&schema=full").body(Body::empty()).unwrap();
    let response = world.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    world.add_opens("open", 2);
    let mut text = String::new();
    until(&mut body, &mut text, &format!("id: {}\n", known + 2)).await;
    let first = text.lines().nth(1).unwrap().strip_prefix("data: ").unwrap();
    let event: Value = serde_json::from_str(first).unwrap();
    assert_eq!((&event["tacho"]["id"], &event["evt"]["name"]), (&(known + 1).into(), &"open".into()));
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()).unwrap();
    let gap = event::Gap {
        from: now,
        to: now + SECOND,
        class: event::Class::File,
        lost: Some(9),
        reason: event::GapReason::RingFull,
    };
    world.writer.append(&store::Batch { gaps: vec![gap], ..store::Batch::default() }).unwrap();
    until(&mut body, &mut text, "event: gap\n").await;
    assert!(text.contains("\"lost\":9"), "{text}");
    assert_eq!(world.get("/events/stream?limit=1").await.code(), "unknown_parameter");
}

#[tokio::test]
async fn an_answer_larger_than_a_batch_is_whole() {
    let mut world = World::new();
    world.add_opens("open", 3_000);
    let all = world.json("/events?limit=2500&order=asc&schema=full").await;
    let ids: Vec<_> = list(&all).iter().map(|event| event["tacho"]["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=2_500).collect::<Vec<_>>());
    let next = all["next"].as_str().unwrap();
    let rest = world.json(&format!("/events?limit=2500&order=asc&schema=full&cursor={next}")).await;
    assert_eq!(list(&rest).len(), 500 + world.cases.len());
    assert_eq!(list(&rest)[0]["tacho"]["id"], 2_501);
}

#[tokio::test]
async fn a_question_that_costs_too_much_is_answered_in_part_with_a_place_to_go_on() {
    let mut world = World::new();
    for _ in 0..5 {
        world.add_opens("open", 20_000);
    }
    let app = query_api::app(world.state.clone().with_work(std::time::Duration::ZERO));
    // Nothing fits: all of the store has to be looked at.
    for query in ["tid=4000000000", "tid=4000000000&order=asc", "name=open&tid=4000000000"] {
        let (mut cursor, mut pages) = (String::new(), 0);
        loop {
            let path = format!("/events?limit=1000&{query}{cursor}");
            let answer = ask(&app, Request::get(path).body(Body::empty()).unwrap()).await;
            let page = answer.json();
            assert_eq!((answer.status, &page["complete"]), (StatusCode::OK, &true.into()));
            assert!(list(&page).is_empty());
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert!(pages > 1, "{query}: {pages} pages");
    }
}
