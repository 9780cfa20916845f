//! What is kept when there is too much.

use std::path::Path;

use event::{Class, Gap, GapReason, Nanos};
use store::{Batch, Options, Order, PinError, Query, Store, Writer, edit_pins, verify};

use crate::scenario::{Host, Random, dir};

pub const CAP: u64 = 8 << 20;

pub fn options() -> Options {
    Options { max_size: CAP, segment_size: 256 << 10, boot: 7, pack: false, ..Options::default() }
}

/// Events that do not compress, so that they fill a store.
pub fn noisy(host: &mut Host, steps: usize, noise: &mut u64) -> Batch {
    (0..steps).for_each(|_| host.step());
    let mut batch = host.take();
    for event in &mut batch.events {
        if let Some(file) = &mut event.file {
            let mut random = Random(*noise);
            *noise += 1;
            file.path = (0..12).fold(String::new(), |path, _| format!("{path}/{:x}", random.next()));
        }
    }
    batch
}

pub fn bytes(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir.join("segments")).unwrap();
    files.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}

fn evicted(store: &Store, classes: &[Class]) -> Vec<Gap> {
    let gaps = store.gaps(None, None, classes);
    gaps.into_iter().filter(|gap| gap.reason == GapReason::Evicted).collect()
}

/// The ids that are there.
fn ids(store: &Store) -> Vec<u64> {
    let query = Query { limit: 100_000, order: Order::Asc, ..Query::default() };
    store.events(&query).unwrap().events.iter().map(|found| found.id).collect()
}

/// Appends until the segment with that number is the oldest that no pin keeps; gives the number of events.
fn fill(writer: &mut Writer, dir: &Path, until: u64, host: &mut Host, noise: &mut u64) -> u64 {
    let reader = writer.reader();
    loop {
        let segments = reader.stats().segments;
        let oldest = segments.iter().find(|segment| !segment.pinned).map(|segment| segment.number);
        if oldest.is_some_and(|oldest| oldest >= until) {
            return writer.next_event_id() - 1;
        }
        writer.append(&noisy(host, 500, noise)).unwrap();
        assert!(bytes(dir) <= CAP, "{} bytes", bytes(dir));
    }
}

/// First and last moment of a segment that holds events.
fn span(store: &Store, number: u64) -> (Nanos, Nanos) {
    let stats = store.stats();
    let segment = stats.segments.iter().find(|segment| segment.number == number).unwrap();
    (segment.first.unwrap(), segment.last.unwrap())
}

#[test]
fn a_pinned_span_stays_while_all_around_it_goes() {
    let dir = dir();
    let (mut host, mut noise) = (Host::new(3), 0);
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let reader = writer.reader();
    while reader.stats().segments.len() < 5 {
        writer.append(&noisy(&mut host, 500, &mut noise)).unwrap();
    }
    let (from, to) = span(&reader, 2);
    let pin = reader.pin("incident-7", from + 1, to, Nanos::MAX).unwrap();
    let before = reader.stats();
    let kept: Vec<u64> = before.segments.iter().filter(|segment| segment.pinned).map(|s| s.number).collect();
    assert!(kept.contains(&2) && !kept.contains(&4), "{kept:?}");
    assert_eq!(before.pinned_bytes, pin.bytes);
    let in_kept: u64 = before.segments.iter().filter(|s| s.pinned).map(|s| s.events).sum();
    assert_eq!(pin.events, in_kept);

    let total = fill(&mut writer, dir.path(), 7, &mut host, &mut noise);
    let check = |store: &Store| {
        let left: Vec<u64> = store.stats().segments.iter().map(|segment| segment.number).collect();
        assert!(left.starts_with(&kept), "{left:?} {kept:?}");
        let there = ids(store).len() as u64;
        let lost: u64 = evicted(store, &[]).iter().map(|gap| gap.lost.unwrap()).sum();
        assert_eq!(there + lost, total, "{:?}", evicted(store, &[]));
    };
    check(&writer.reader());
    writer.close().unwrap();
    check(&Store::open(dir.path()).unwrap());
    assert_eq!(Store::open(dir.path()).unwrap().pins()[0].pin.name, "incident-7");

    // After a restart it is still kept; let go, it goes.
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let total = fill(&mut writer, dir.path(), 8, &mut host, &mut noise);
    assert_eq!(writer.reader().stats().segments[0].number, kept[0]);
    assert_eq!(writer.reader().unpin("incident-7").unwrap(), pin.pin);
    fill(&mut writer, dir.path(), 9, &mut host, &mut noise);
    assert!(writer.reader().pins().is_empty());
    let gaps = evicted(&writer.reader(), &[]);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].lost.unwrap() > total / 2);
}

#[test]
fn a_pin_that_does_not_fit_is_refused_with_the_figures() {
    let dir = dir();
    let (mut host, mut noise) = (Host::new(3), 0);
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    fill(&mut writer, dir.path(), 2, &mut host, &mut noise);
    let reader = writer.reader();
    let all = reader.pin("all", Nanos::MIN, Nanos::MAX, Nanos::MAX);
    let Err(PinError::Full { needed, used: 0, limit }) = all else { panic!("{all:?}") };
    assert!(needed > limit && limit == CAP / 4);
    assert!(matches!(reader.pin("x", 0, 1, Nanos::MAX), Err(PinError::Nothing)));
    assert!(matches!(reader.pin("x", 1, 100, 99), Err(PinError::Future)));
    assert!(reader.pins().is_empty() && !dir.path().join("pins").exists());
    // A segment that another pin keeps already costs nothing more.
    let oldest = reader.stats().segments[0].number;
    let (from, to) = span(&reader, oldest);
    let first = reader.pin("a", from + 1, to, Nanos::MAX).unwrap();
    assert!(first.bytes > limit / 8, "{first:?}");
    for name in ["b", "c", "d", "e", "f", "g", "h", "i"] {
        reader.pin(name, from + 1, to, Nanos::MAX).unwrap();
    }
}

#[test]
fn when_the_cap_is_lowered_below_what_is_pinned_recording_goes_on() {
    let dir = dir();
    let (mut host, mut noise) = (Host::new(3), 0);
    let large = Options { max_size: 8 * CAP, ..options() };
    let mut writer = Writer::open(dir.path(), large).unwrap();
    while bytes(dir.path()) < CAP + CAP / 2 {
        writer.append(&noisy(&mut host, 500, &mut noise)).unwrap();
    }
    writer.reader().pin("much", Nanos::MIN, Nanos::MAX, Nanos::MAX).unwrap();
    writer.close().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    for _ in 0..20 {
        writer.append(&noisy(&mut host, 500, &mut noise)).unwrap();
        assert!(bytes(dir.path()) <= CAP, "{} bytes", bytes(dir.path()));
    }
    let stats = writer.reader().stats();
    assert!(stats.retention.unwrap().removed_pinned > 0);
    assert!(stats.segments[0].pinned, "no more than needed");
}

#[test]
fn pins_can_be_made_where_nobody_writes_and_only_there() {
    let dir = dir();
    let (mut host, mut noise) = (Host::new(3), 0);
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    writer.append(&noisy(&mut host, 500, &mut noise)).unwrap();
    assert!(edit_pins(dir.path(), &options()).is_err(), "somebody writes");
    writer.close().unwrap();
    assert!(matches!(Store::open(dir.path()).unwrap().pin("a", Nanos::MIN, 9, 10), Err(PinError::ReadOnly)));
    let editor = edit_pins(dir.path(), &Options { pin_max_size: Some(1), ..options() }).unwrap();
    assert!(matches!(
        editor.store().pin("a", Nanos::MIN, Nanos::MAX, Nanos::MAX),
        Err(PinError::Full { limit: 1, .. })
    ));
    drop(editor);
    let editor = edit_pins(dir.path(), &options()).unwrap();
    assert!(Writer::open(dir.path(), options()).is_err(), "somebody edits");
    editor.store().pin("a", Nanos::MIN, Nanos::MAX, Nanos::MAX).unwrap();
    drop(editor);
    let writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(writer.reader().pins().len(), 1);
    writer.close().unwrap();
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
}
