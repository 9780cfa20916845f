//! Cursors: over restarts, closing, packing and removal, and while all of that goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use event::{Context, Detail, Event, File, Kind};
use query_api::{AppState, Role, app};
use serde_json::{Value, json};
use store::{Batch, Options, Store, Writer};

use crate::lives::get;
use crate::scenario::{Host, Random, dir};

/// Segments of some hundred events, of which a few are kept.
fn small() -> Options {
    Options {
        max_size: 2 << 20,
        segment_size: 256 << 10,
        keep_lifecycle: Some(0),
        boot: 7,
        ..Options::default()
    }
}

/// Each batch becomes a segment.
fn quick() -> Options {
    Options { segment_age: Duration::ZERO, boot: 7, ..Options::default() }
}

fn serving(store: Store) -> Router {
    app(AppState::new(store, Role::Serving))
}

/// One process that opens files whose names do not compress, so that they fill a store.
struct Noise {
    random: Random,
    context: Arc<Context>,
    event: Event,
    first: bool,
}

impl Noise {
    fn new(seed: u64) -> Self {
        let mut host = Host::new(seed);
        let first = host.take();
        let context = Arc::clone(&first.contexts[0]);
        let event =
            Event { kind: Kind::Open, detail: Detail::Open { flags: 0, mode: 0 }, ..first.events[0].clone() };
        Self { random: Random(seed), context, event, first: true }
    }

    fn batch(&mut self) -> Batch {
        let contexts = if std::mem::take(&mut self.first) { vec![Arc::clone(&self.context)] } else { vec![] };
        let events = (0..200).map(|_| {
            self.event.time += 1;
            let path = (0..40).fold(String::new(), |path, _| format!("{path}/{:x}", self.random.next()));
            Event { file: Some(File { path, ..File::default() }), ..self.event.clone() }
        });
        Batch { events: events.collect(), contexts, ..Batch::default() }
    }
}

fn ids(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["tacho"]["id"].as_u64().unwrap()).collect()
}

async fn page(app: &Router, order: &str, limit: u32, cursor: Option<&str>) -> Value {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    get(app, &format!("/events?schema=full&order={order}&limit={limit}{cursor}")).await
}

async fn over_all_states(order: &str) {
    let directory = dir();
    let mut host = Host::new(5);
    let mut writer = Writer::open(directory.path(), quick()).unwrap();
    for _ in 0..6 {
        (0..60).for_each(|_| host.step());
        writer.append(&host.take()).unwrap();
    }
    let count = writer.next_event_id() - 1;
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    let take = |answer: Value, found: &mut Vec<u64>| {
        found.extend(ids(&answer));
        assert!(answer.get("skipped").is_none());
        answer["next"].as_str().map(str::to_owned)
    };
    // Open, packed, closed for good, opened by a writer again, and then by nobody but a reader to the end.
    cursor = take(page(&serving(writer.reader()), order, 40, cursor.as_deref()).await, &mut found);
    writer.settle();
    cursor = take(page(&serving(writer.reader()), order, 40, cursor.as_deref()).await, &mut found);
    writer.close().unwrap();
    cursor = take(page(&reopened(directory.path()), order, 40, cursor.as_deref()).await, &mut found);
    let writer = Writer::open(directory.path(), quick()).unwrap();
    cursor = take(page(&serving(writer.reader()), order, 40, cursor.as_deref()).await, &mut found);
    drop(writer);
    let last = reopened(directory.path());
    while cursor.is_some() {
        cursor = take(page(&last, order, 40, cursor.as_deref()).await, &mut found);
    }
    let mut expected: Vec<u64> = (1..=count).collect();
    if order == "desc" {
        expected.reverse();
    }
    assert_eq!(found, expected);
}

fn reopened(directory: &Path) -> Router {
    serving(Store::open(directory).unwrap())
}

#[tokio::test]
async fn a_cursor_outlives_closing_packing_and_restarts_in_both_orders() {
    over_all_states("asc").await;
    over_all_states("desc").await;
}

#[tokio::test]
async fn a_cursor_into_what_was_removed_says_how_much_is_gone() {
    let directory = dir();
    let mut noise = Noise::new(6);
    let mut writer = Writer::open(directory.path(), small()).unwrap();
    let app = serving(writer.reader());
    writer.append(&noise.batch()).unwrap();
    let up = page(&app, "asc", 10, None).await;
    let down = page(&app, "desc", 10, None).await;
    let down_at = *ids(&down).last().unwrap();
    while writer.reader().stats().segments[0].ids[0] <= down_at {
        writer.append(&noise.batch()).unwrap();
    }
    let first = writer.reader().stats().segments[0].ids[0];
    let on = page(&app, "asc", 10, up["next"].as_str()).await;
    assert_eq!(ids(&on), (first..first + 10).collect::<Vec<_>>());
    assert_eq!((&on["skipped"], &on["complete"]), (&json!(first - 11), &json!(false)));
    assert_eq!(on["gaps"][0]["reason"], "evicted");
    // From there on, nothing is skipped any more.
    assert!(page(&app, "asc", 10, on["next"].as_str()).await.get("skipped").is_none());
    let on = page(&app, "desc", 10, down["next"].as_str()).await;
    assert_eq!((&on["events"], &on["next"]), (&json!([]), &Value::Null));
    assert_eq!((&on["skipped"], &on["complete"]), (&json!(down_at - 1), &json!(false)));
}

/// Reads everything, page after page; each event once, and none left out unless it is told.
async fn read_through(app: &Router, order: &str, stop: &AtomicBool) -> usize {
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) || rounds == 0 {
        rounds += 1;
        let mut cursor: Option<String> = None;
        let mut last: Option<u64> = None;
        loop {
            let answer = page(app, order, 700, cursor.as_deref()).await;
            let mut told = answer["skipped"].as_u64().unwrap_or(0);
            assert!(told == 0 || answer["complete"] == false);
            for id in ids(&answer) {
                if let Some(last) = last {
                    let missing =
                        if order == "asc" { id.checked_sub(last + 1) } else { last.checked_sub(id + 1) };
                    let missing = missing.unwrap_or_else(|| panic!("{id} came after {last}, {order}"));
                    assert!(missing <= told, "{missing} before {id} are missing, {told} told, {order}");
                    told -= missing;
                }
                last = Some(id);
            }
            cursor = answer["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
    }
    rounds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn while_recording_closing_packing_and_removal_go_on_no_event_comes_twice_or_is_left_out() {
    let directory = dir();
    let mut writer = Writer::open(directory.path(), small()).unwrap();
    let app = serving(writer.reader());
    let stop = AtomicBool::new(false);
    let removed = std::thread::scope(|scope| {
        let recording = scope.spawn(|| {
            let mut noise = Noise::new(7);
            // Until a good part was removed.
            while writer.reader().stats().segments.first().is_none_or(|first| first.number < 6) {
                writer.append(&noise.batch()).unwrap();
            }
            stop.store(true, Ordering::Relaxed);
            writer.reader().stats().segments[0].ids[0]
        });
        let runtime = tokio::runtime::Handle::current();
        let readers = ["asc", "desc"].map(|order| {
            let (app, stop, runtime) = (&app, &stop, runtime.clone());
            scope.spawn(move || runtime.block_on(read_through(app, order, stop)))
        });
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
        recording.join().unwrap()
    });
    assert!(removed > 1);
}
