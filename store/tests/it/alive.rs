//! Which processes live at a time, of those that began before anybody recorded.

use event::{Context, Credentials, Exit, ImageRef, Nanos, ProcessKey, Source};
use std::sync::Arc;
use store::{Batch, Filter, Options, ProcessQuery, SegmentState, Store, Writer};

use crate::scenario::dir;

/// When the host of these tests booted.
const BOOTED: Nanos = 1_000;

/// A process by the time since the boot at which it began, and when that was seen.
fn process(id: u64, start: u64, since: Nanos, source: Source, booted: Nanos) -> Arc<Context> {
    Arc::new(Context {
        id,
        process: ProcessKey { boot: 7, start, pid: id as u32 },
        lineage: None,
        creator: None,
        ppid: 1,
        since,
        fork_time: booted + start as Nanos,
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

/// With all times so many times as long: an index has them coarser than they are.
fn a_snapshot_of_what_was_alive_before(scale: Nanos, packed: bool) {
    let dir = dir();
    let options = |pack| Options { boot: 7, pack, ..Options::default() };
    let mut writer = Writer::open(dir.path(), options(false)).unwrap();
    let process =
        |id, start, since, source| process(id, start * scale as u64, since * scale, source, BOOTED * scale);
    let key = ProcessKey { boot: 7, start: 300 * scale as u64, pid: 3 };
    let gone = Exit { process: key, time: 6_000 * scale, status: Some(0) };
    let contexts = vec![
        process(1, 100, 5_000, Source::Snapshot),
        process(2, 4_500, 5_500, Source::Event),
        process(3, 300, 5_000, Source::Snapshot),
    ];
    writer.append(&Batch { contexts, exits: vec![gone], ..Batch::default() }).unwrap();
    if packed {
        writer.close().unwrap();
        writer = Writer::open(dir.path(), options(true)).unwrap();
        writer.settle();
        assert_eq!(writer.reader().stats().segments[0].state, SegmentState::Packed);
    }
    let store = writer.reader();
    let within = |since: Nanos, until: Nanos| {
        let (since, until) = (Some(since * scale), Some(until * scale));
        let filter = Filter { since, until, ..Filter::default() };
        pids(&store, ProcessQuery { filter, ..ProcessQuery::default() })
    };
    let at = |time: Nanos| pids(&store, ProcessQuery { at: Some(time * scale), ..ProcessQuery::default() });
    assert_eq!(within(4_000, 4_100), [1, 3]);
    assert_eq!(at(4_000), [1, 3]);
    assert_eq!(at(1_200), [1]);
    assert!(at(1_000).is_empty());
    assert_eq!(at(5_400), [1, 3]);
    assert_eq!(at(5_500), [1, 3, 2]);
    assert_eq!(at(6_000), [1, 3, 2]);
    assert_eq!(at(6_001), [1, 2]);
}

#[test]
fn what_a_snapshot_found_was_alive_before_it_was_taken() {
    for scale in [1, 1 << 24] {
        for packed in [false, true] {
            a_snapshot_of_what_was_alive_before(scale, packed);
        }
    }
}
