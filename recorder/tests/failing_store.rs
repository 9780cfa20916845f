//! The thread that writes the store, over a disk that fails: each event is in the store once, or counted in a gap; nobody is
//! forgotten; and it goes on by itself when the disk works again.
//!
//! `TACHO_SEED=7 cargo test -p recorder --test failing_store` runs one seed.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "tests over small made-up numbers"
)]
#![expect(dead_code, reason = "shared with the store's tests, which use more of it")]

#[path = "../../store/tests/it/disk.rs"]
mod disk;
#[path = "../../store/tests/it/scenario.rs"]
mod scenario;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use event::{Class, Event, GapReason};
use recorder::{stats::Stats, writer};
use store::{Options, Order, Query, Store, Writer, verify};

use disk::{Disk, Faults};
use scenario::{Host, Random, dir};

/// Seeds of an ordinary run.
const SEEDS: u64 = 100;

fn run(seed: u64) {
    let (dir, mut random) = (dir(), Random(seed ^ 0x00fa_1115));
    let disk = Arc::new(Disk::new(seed, std::env::var("TACHO_SEED").is_ok()));
    let options = Options {
        boot: 7,
        segment_age: Duration::from_secs(random.below(2) * 9999),
        pack: false,
        watch: Some(Arc::clone(&disk) as _),
        ..Options::default()
    };
    let store = Writer::open(dir.path(), options).unwrap();
    let (sender, receiver) = channel();
    let (mut host, mut sent) = (Host::new(seed), Vec::new());
    let batches = 3 + random.below(20);
    for _ in 0..batches {
        (0..=random.below(40)).for_each(|_| host.step());
        let batch = host.take();
        sent.extend(batch.events.iter().cloned());
        sender.send(batch).unwrap();
    }
    drop(sender);
    let (stats, mut left) = (Arc::new(Stats::default()), batches);
    writer::run(store, &receiver, &stats, |_| {
        left -= 1;
        let mut pick = |list: &[u64]| *random.pick(list);
        let faults = Faults {
            write: pick(&[0, 0, 500, 3_000]),
            sync: pick(&[0, 0, 1_000, 5_000]),
            name: pick(&[0, 0, 3_000]),
            full: pick(&[0, 0, 0, 1]) == 1,
        };
        // In the end it works again.
        disk.set(if left < 2 { Faults::default() } else { faults });
    })
    .unwrap();
    check(dir.path(), &sent, &stats);
}

fn check(dir: &std::path::Path, sent: &[Event], stats: &Stats) {
    let store = Store::open(dir).unwrap();
    let query = Query { limit: 100_000, order: Order::Asc, ..Query::default() };
    let found = store.events(&query).unwrap().events;
    assert!(found.windows(2).all(|pair| pair[0].id < pair[1].id));
    // In the order of recording, each at most once.
    let mut rest = sent.iter();
    let mut missing: Vec<&Event> = Vec::new();
    for found in &found {
        let skipped = rest.by_ref().take_while(|event| **event != found.event);
        missing.extend(skipped);
        assert_ne!(found.context.process.pid, 0);
        assert!(!found.lineage.truncated());
    }
    missing.extend(rest);
    assert_eq!(found.len() + missing.len(), sent.len(), "an event is there that was not recorded");
    let gaps = store.gaps(None, None, &[]);
    let mut told = 0;
    for class in [Class::Process, Class::File, Class::Network, Class::Kernel] {
        let of_class = gaps.iter().filter(|gap| gap.class == class && gap.reason == GapReason::StoreFailed);
        let lost: u64 = of_class.clone().filter_map(|gap| gap.lost).sum();
        let missing: Vec<_> = missing.iter().filter(|event| event.kind.class() == class).collect();
        // What was refused may have come through all the same: then more is told than is missing, never less.
        assert!(lost >= missing.len() as u64, "{class:?}: {} are missing, {lost} told", missing.len());
        let covered =
            |event: &&&&Event| of_class.clone().any(|gap| gap.from <= event.time && event.time <= gap.to);
        assert_eq!(missing.iter().filter(covered).count(), missing.len());
        told += lost;
    }
    assert!(told >= stats.refused.get());
    assert!(!gaps.iter().any(|gap| gap.reason == GapReason::Damaged));
    drop(store);
    let report = verify(dir, &mut |_| {}).unwrap();
    assert!(report.whole, "{report:?}");
}

#[test]
fn every_event_is_stored_once_or_counted_when_the_disk_fails() {
    if let Ok(seed) = std::env::var("TACHO_SEED") {
        return run(seed.parse().unwrap());
    }
    let count = std::env::var("TACHO_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..count {
        let result = std::panic::catch_unwind(|| run(seed));
        assert!(result.is_ok(), "again with: TACHO_SEED={seed} cargo test -p recorder --test failing_store");
    }
}
