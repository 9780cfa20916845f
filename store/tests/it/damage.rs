//! Damaged files: nothing panics, and what is missing is said to be.

use std::time::Duration;

use event::GapReason;
use store::{Options, Order, ProcessQuery, Query, Store, Writer, verify};

use crate::scenario::{Host, Random, dir};

fn ask_everything(store: &Store) -> usize {
    let all = store.events(&Query { limit: 10_000, order: Order::Desc, ..Query::default() }).unwrap();
    store.processes(&ProcessQuery { limit: 1000, ..ProcessQuery::default() }).unwrap();
    store.paths("/", 100, None).unwrap();
    let _ = store.stats();
    all.events.len()
}

/// Three segments; the middle one is the victim.
fn made(pack: bool) -> (tempfile::TempDir, usize, Vec<u8>) {
    let dir = dir();
    let mut host = Host::new(9);
    let mut events = 0;
    let options = Options { boot: 7, segment_age: Duration::ZERO, pack, ..Options::default() };
    let mut writer = Writer::open(dir.path(), options).unwrap();
    for _ in 0..3 {
        (0..300).for_each(|_| host.step());
        let batch = host.take();
        events += batch.events.len();
        writer.append(&batch).unwrap();
    }
    writer.settle();
    writer.close().unwrap();
    let bytes = std::fs::read(dir.path().join("segments/000000000002.redb")).unwrap();
    (dir, events, bytes)
}

fn hurt(pack: bool) {
    let (dir, events, bytes) = made(pack);
    let victim = dir.path().join("segments/000000000002.redb");
    let mut random = Random(4);
    let (mut whole, mut noticed) = (0, 0);
    for _ in 0..80 {
        let mut damaged = bytes.clone();
        match random.below(4) {
            0 => damaged.truncate(random.below(bytes.len() as u64) as usize),
            _ => {
                for _ in 0..=random.below(3) {
                    let at = random.below(bytes.len() as u64) as usize;
                    damaged[at] ^= 1 << random.below(8);
                }
            }
        }
        std::fs::write(&victim, &damaged).unwrap();
        let report = verify(dir.path(), &mut |_| {});
        let store = match Store::open(dir.path()) {
            Ok(store) => store,
            Err(store::OpenError::Newer { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        let found = ask_everything(&store);
        assert!(found <= events);
        if found < events {
            noticed += 1;
            let gaps = store.gaps(None, None, &[]);
            assert!(gaps.iter().any(|gap| gap.reason == GapReason::Damaged), "{found} of {events}: {gaps:?}");
            assert!(!report.unwrap().whole);
        } else {
            whole += 1;
        }
    }
    assert!(noticed > 0 && whole > 0, "{noticed} {whole}");
}

#[test]
fn a_damaged_closed_segment_costs_only_its_own_events() {
    hurt(false);
}

#[test]
fn a_damaged_packed_segment_costs_only_its_own_events() {
    hurt(true);
}

/// Most memory that this process had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// redb makes room for a page as large as its number says before it reads it.
#[test]
fn a_page_number_that_tells_of_gigabytes_costs_no_memory() {
    const ORDER: u8 = 18 << 3;
    let (dir, _, bytes) = made(true);
    let victim = dir.path().join("segments/000000000002.redb");
    // The page that names the tables: each definition has the number of a root behind its own number of rows.
    let named = |page: &[u8]| {
        ["zones", "contexts"].map(|name| page.windows(name.len()).any(|at| at == name.as_bytes()))
    };
    let mut asked = 0;
    for (place, page) in
        bytes.chunks(4096).enumerate().filter(|(_, page)| page[0] == 1 && named(page) == [true; 2])
    {
        for at in (0..4088).filter(|at| page[at + 1..at + 8] == [0; 7] && page[*at] > 0) {
            let mut damaged = bytes.clone();
            damaged[4096 * place + at + 7] = ORDER;
            std::fs::write(&victim, &damaged).unwrap();
            if let Ok(store) = Store::open(dir.path()) {
                ask_everything(&store);
            }
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked}");
    assert!(peak() < 1 << 30, "{} bytes", peak());
}

#[test]
fn recording_goes_on_beside_a_damaged_open_segment() {
    let dir = dir();
    let options = Options { boot: 7, pack: false, ..Options::default() };
    let mut host = Host::new(2);
    let mut writer = Writer::open(dir.path(), options.clone()).unwrap();
    (0..200).for_each(|_| host.step());
    writer.append(&host.take()).unwrap();
    drop(writer);
    let file = dir.path().join("segments/000000000001.redb");
    for length in [0, 100, 4096, 20_000] {
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..length.min(bytes.len())]).unwrap();
        let mut writer = Writer::open(dir.path(), options.clone()).unwrap();
        let mut host = Host::new(length as u64);
        (0..50).for_each(|_| host.step());
        let mut batch = host.take();
        batch.contexts.clear();
        let first = writer.append(&batch).unwrap().first_event;
        assert!(first > 100);
        let store = writer.reader();
        assert!(ask_everything(&store) >= batch.events.len());
        assert!(store.gaps(None, None, &[]).iter().any(|gap| gap.reason == GapReason::Damaged));
        writer.close().unwrap();
    }
}
