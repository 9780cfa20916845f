//! Which processes live at a time, of those that began before anybody recorded.

use event::{Context, Credentials, Exit, ImageRef, Nanos, ProcessKey, Source};
use std::sync::Arc;
use store::{Batch, Filter, Options, ProcessQuery, Store, Writer};

use crate::scenario::dir;

/// When the host of these tests booted.
const BOOTED: Nanos = 1_000;

/// A process by the time since the boot at which it began, and when that was seen.
fn process(id: u64, start: u64, since: Nanos, source: Source) -> Arc<Context> {
    Arc::new(Context {
        id,
        process: ProcessKey { boot: 7, start, pid: id as u32 },
        lineage: None,
        creator: None,
        ppid: 1,
        since,
        fork_time: BOOTED + start as Nanos,
        exec_time: 0,
        comm: "tool".to_owned(),
        tty: String::new(),
        image: ImageRef::Unknown,
        credentials: Credentials::default(),
        container: None,
        cgroup: String::new(),
        source,
        flags: 0,
    })
}

fn pids(store: &Store, query: ProcessQuery) -> Vec<u32> {
    let page = store.processes(&ProcessQuery { limit: 10, ..query }).unwrap();
    page.processes.iter().map(|process| process.key.pid).collect()
}

#[test]
fn what_a_snapshot_found_was_alive_before_it_was_taken() {
    let dir = dir();
    let mut writer =
        Writer::open(dir.path(), Options { boot: 7, pack: false, ..Options::default() }).unwrap();
    let gone = Exit { process: ProcessKey { boot: 7, start: 300, pid: 3 }, time: 6_000, status: Some(0) };
    let contexts = vec![
        process(1, 100, 5_000, Source::Snapshot),
        process(2, 4_500, 5_500, Source::Event),
        process(3, 300, 5_000, Source::Snapshot),
    ];
    writer.append(&Batch { contexts, exits: vec![gone], ..Batch::default() }).unwrap();
    let store = writer.reader();
    let within = |since, until| {
        let filter = Filter { since: Some(since), until: Some(until), ..Filter::default() };
        pids(&store, ProcessQuery { filter, ..ProcessQuery::default() })
    };
    let at = |time| pids(&store, ProcessQuery { at: Some(time), ..ProcessQuery::default() });
    assert_eq!(within(4_000, 4_100), [1, 3]);
    assert_eq!(at(4_000), [1, 3]);
    assert_eq!(at(1_200), [1]);
    assert!(at(1_000).is_empty());
    assert_eq!(at(5_400), [1, 3]);
    assert_eq!(at(5_500), [1, 3, 2]);
    assert_eq!(at(6_001), [1, 2]);
}
