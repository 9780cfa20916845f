//! A rewriting that is stopped at every block gives the same file in the end as one that is not.

use std::path::Path;
use std::sync::Arc;

use event::{Detail, Event, File, Kind};

use super::super::tests::context;
use super::{Plan, Stopped, rewrite};
use crate::reader::{Segment, Shared};
use crate::{Batch, Options, Order, Query, Store, Writer, verify};

/// One closed segment of more blocks than one; every hundredth event is of a process's life.
fn filled(dir: &Path) {
    let options = Options { boot: 7, pack: false, segment_size: 1 << 30, ..Options::default() };
    let mut writer = Writer::open(dir, Options { max_size: 64 << 30, ..options }).unwrap();
    for batch in 0..6_u64 {
        let contexts = if batch == 0 { vec![Arc::new(context(1))] } else { Vec::new() };
        let events = (0..9_000).map(|place| Event {
            time: i64::try_from(batch * 9_000 + place).unwrap(),
            kind: if place % 100 == 0 { Kind::Setuid } else { Kind::Open },
            context: 1,
            tid: 1,
            retval: 0,
            flags: 0,
            file: Some(File { path: format!("/{}", place * batch % 977), ..File::default() }),
            destination: None,
            detail: Detail::None,
        });
        writer.append(&Batch { contexts, events: events.collect(), ..Batch::default() }).unwrap();
    }
    writer.close().unwrap();
}

fn shared(dir: &Path) -> Shared {
    let files = crate::segment::file::list(&dir.join("segments")).unwrap();
    Shared::new(Segment::look_all(files).unwrap(), crate::pins::Pins::default(), None, None)
}

/// Answers that tell one file from another.
fn answers(file: &Path) -> (Vec<u64>, Vec<(String, u64)>, Option<crate::block::Hash>) {
    let store = Store::open(file).unwrap();
    let query = Query { order: Order::Asc, limit: 100_000, ..Query::default() };
    let ids = store.events(&query).unwrap().events.iter().map(|found| found.id).collect();
    (ids, store.paths("", 10_000, None).unwrap(), Segment::look(1, file).unwrap().digest())
}

#[test]
fn a_rewriting_that_is_stopped_at_every_block_ends_as_one_that_is_not() {
    for plan in [Plan::Pack, Plan::Thin] {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        filled(dir.path());
        let shared = shared(dir.path());
        let segment = shared.segment(1).unwrap();
        let (once, often) = (dir.path().join("once"), dir.path().join("often"));
        assert!(rewrite(&shared, &segment, &once, plan, &mut |_| Ok(())).unwrap());
        let (mut rounds, mut seen, mut went_on) = (0, 0, false);
        loop {
            rounds += 1;
            assert!(rounds < 20, "it never ends");
            let (mut steps, mut first) = (0, None);
            // Stopped at some step, each time a later one: what waits for a full block is done again.
            let done = rewrite(&shared, &segment, &often, plan, &mut |step| {
                steps += 1;
                first.get_or_insert(step.done);
                seen = seen.max(step.done);
                if steps > rounds { Err(Stopped) } else { Ok(()) }
            });
            went_on |= first.is_some_and(|first| first > 32_768);
            if done.unwrap() {
                break;
            }
        }
        assert_eq!(seen, 54_000);
        assert_eq!(went_on, plan == Plan::Pack, "a full block is not made again");
        assert_eq!(answers(&once), answers(&often), "{plan:?}");
        let ids = answers(&often).0;
        assert_eq!(ids.len(), if plan == Plan::Pack { 54_000 } else { 540 });
        assert!(plan == Plan::Pack || ids.iter().all(|id| id % 100 == 1), "ids stay as they were");
        std::fs::rename(&often, &segment.path).unwrap();
        let report = verify(dir.path(), &mut |_| {}).unwrap();
        assert!(report.whole, "{report:?}");
    }
}

#[test]
fn what_was_left_of_another_rewriting_is_not_gone_on_with() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    filled(dir.path());
    let shared = shared(dir.path());
    let segment = shared.segment(1).unwrap();
    let to = dir.path().join("to");
    assert!(!rewrite(&shared, &segment, &to, Plan::Pack, &mut |_| Err(Stopped)).unwrap());
    assert!(rewrite(&shared, &segment, &to, Plan::Thin, &mut |_| Ok(())).unwrap());
    assert_eq!(answers(&to).0.len(), 540);
    std::fs::write(&to, b"no database").unwrap();
    assert!(rewrite(&shared, &segment, &to, Plan::Pack, &mut |_| Ok(())).unwrap());
    assert_eq!(answers(&to).0.len(), 54_000);
}
