//! Who may open what.

use event::{Class, GapReason};
use redb::{Database, TableDefinition};
use store::{Batch, OpenError, Options, Query, Store, VerifyError, Writer, verify};

use crate::scenario::{Host, dir};

fn filled(dir: &std::path::Path) -> usize {
    let mut host = Host::new(1);
    (0..100).for_each(|_| host.step());
    let batch = host.take();
    let mut writer = Writer::open(dir, Options { boot: 7, pack: false, ..Options::default() }).unwrap();
    writer.append(&batch).unwrap();
    writer.close().unwrap();
    batch.events.len()
}

#[test]
fn a_second_writer_is_refused_with_the_first_ones_pid() {
    let dir = dir();
    let writer = Writer::open(dir.path(), Options::default()).unwrap();
    let error = Writer::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { pid, .. } if pid == std::process::id()), "{error}");
    let error = Store::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("socket"), "{error}");
    writer.close().unwrap();
    Store::open(dir.path()).unwrap();
}

#[test]
fn a_store_from_the_future_is_refused_by_all() {
    let dir = dir();
    filled(dir.path());
    let file = dir.path().join("segments/000000000001.redb");
    {
        const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
        let database = Database::open(&file).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(META).unwrap().insert("format", 99_u32.to_le_bytes().as_slice()).unwrap();
        write.commit().unwrap();
    }
    let future = |error: &OpenError| matches!(error, OpenError::Newer { found: 99, supported: 5, path } if *path == file);
    assert!(future(&Store::open(dir.path()).unwrap_err()));
    assert!(future(&Writer::open(dir.path(), Options::default()).unwrap_err()));
    let VerifyError::Open(error) = verify(dir.path(), &mut |_| {}).unwrap_err() else {
        panic!("another error");
    };
    assert!(error.to_string().contains("99") && error.to_string().contains("up to 5"), "{error}");
}

#[test]
fn a_directory_that_is_no_store_is_said_to_be_none() {
    let dir = dir();
    assert!(matches!(Store::open(dir.path()), Err(OpenError::Missing { .. })));
    assert!(matches!(Store::open(&dir.path().join("nothing")), Err(OpenError::Io { .. })));
}

#[test]
fn a_copied_segment_answers_alone_with_all_its_processes() {
    let dir = dir();
    let mut host = Host::new(5);
    let options = Options { boot: 7, segment_age: std::time::Duration::ZERO, ..Options::default() };
    let mut writer = Writer::open(dir.path(), options).unwrap();
    for _ in 0..4 {
        (0..60).for_each(|_| host.step());
        writer.append(&host.take()).unwrap();
    }
    writer.settle();
    let copy = crate::scenario::dir();
    std::fs::copy(dir.path().join("segments/000000000003.redb"), copy.path().join("000000000003.redb"))
        .unwrap();
    let store = Store::open(copy.path()).unwrap();
    let page = store.events(&Query { limit: 1000, ..Query::default() }).unwrap();
    assert!(!page.events.is_empty());
    for found in &page.events {
        assert_ne!(found.context.process.pid, 0);
        assert!(!found.lineage.truncated());
    }
    // Among them processes that ended before the segment began.
    let others: Vec<_> = page.events.iter().filter(|found| found.event.detail.other().is_some()).collect();
    assert!(!others.is_empty());
    for found in others {
        let other = found.other.as_ref().unwrap();
        assert_eq!(Some(other.context.id), found.event.detail.other());
        assert!(!other.lineage.truncated());
    }
    let by_file = Store::open(&copy.path().join("000000000003.redb")).unwrap();
    assert_eq!(by_file.stats().events, page.events.len() as u64);
    let gaps = store.gaps(None, None, &[Class::File]);
    assert!(gaps.iter().any(|gap| gap.reason == GapReason::Evicted), "what came before is missing: {gaps:?}");
    assert!(verify(copy.path(), &mut |_| {}).unwrap().whole);
}

#[test]
fn the_cap_holds_and_what_was_removed_is_a_gap() {
    let dir = dir();
    let cap = 8 << 20;
    let options =
        Options { max_size: cap, segment_size: 256 << 10, boot: 7, pack: true, ..Options::default() };
    let mut writer = Writer::open(dir.path(), options.clone()).unwrap();
    let mut host = Host::new(3);
    let mut total = 0;
    let mut noise = 0_u64;
    while writer.reader().stats().segments.first().is_none_or(|first| first.number < 3) {
        (0..2000).for_each(|_| host.step());
        let mut batch = host.take();
        for event in &mut batch.events {
            noise += 1;
            if let Some(file) = &mut event.file {
                file.path =
                    format!("/{:x}{:x}", noise.wrapping_mul(0x9e37_79b9_7f4a_7c15), noise.wrapping_pow(3));
            }
        }
        total += batch.events.len() as u64;
        writer.append(&batch).unwrap();
        let bytes: u64 = std::fs::read_dir(dir.path().join("segments"))
            .unwrap()
            .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()))
            .sum();
        assert!(bytes <= cap, "{bytes} {:?}", writer.reader().stats().segments);
    }
    let check = |store: &Store| {
        let gaps = store.gaps(None, None, &[]);
        let evicted: Vec<_> = gaps.iter().filter(|gap| gap.reason == GapReason::Evicted).collect();
        assert_eq!(evicted.len(), 1, "{evicted:?}");
        assert_eq!(evicted[0].lost, Some(total - store.stats().events));
        assert!(evicted[0].from >= 1_000_000 - 2);
    };
    check(&writer.reader());
    writer.append(&Batch { gaps: Vec::new(), ..Batch::default() }).unwrap();
    writer.close().unwrap();
    check(&Store::open(dir.path()).unwrap());
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
}
