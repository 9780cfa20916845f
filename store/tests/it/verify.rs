//! What a check finds, and what it leaves out.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event::GapReason;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use store::{
    Finding, Options, PublicKey, Query, Report, SegmentSigner, Store, Verification, Writer, verify,
    verify_with,
};

use crate::scenario::{Host, dir};

const BLOCKS: TableDefinition<&[u8; 10], &[u8]> = TableDefinition::new("blocks");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// A writer that begins a segment with each append.
fn writer(dir: &Path, pack: bool) -> Writer {
    let options = Options { boot: 7, segment_age: Duration::ZERO, pack, ..Options::default() };
    Writer::open(dir, options).unwrap()
}

/// So many packed segments; all closed. Gives the number of events.
fn filled(dir: &Path, seed: u64, segments: usize) -> usize {
    let mut host = Host::new(seed);
    let mut events = 0;
    let mut writer = writer(dir, true);
    for _ in 0..segments {
        (0..200).for_each(|_| host.step());
        let batch = host.take();
        events += batch.events.len();
        writer.append(&batch).unwrap();
    }
    writer.settle();
    writer.close().unwrap();
    events
}

fn segment(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("segments/{number:012}.redb"))
}

fn check(dir: &Path, how: &Verification) -> Report {
    verify_with(dir, how, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn quick(dir: &Path) -> Report {
    check(dir, &Verification::default())
}

#[test]
fn a_bad_block_of_a_closed_segment_is_named_and_the_rest_is_served_with_a_gap() {
    bad_block(false, 40_000, &[false, true]);
}

#[test]
fn a_bad_block_of_a_packed_segment_is_named_and_the_rest_is_served_with_a_gap() {
    bad_block(true, 270_000, &[false]);
}

/// So many events, which must be more than one block, so that there is a rest.
fn bad_block(pack: bool, events: usize, deep: &[bool]) {
    let dir = dir();
    let mut host = Host::new(3);
    (0..500).for_each(|_| host.step());
    let mut batch = host.take();
    let like = batch.events.len();
    for n in like..events {
        batch.events.push(batch.events[n % like].clone());
    }
    let mut writer = writer(dir.path(), pack);
    writer.append(&batch).unwrap();
    writer.append(&host_events(&mut host)).unwrap();
    writer.settle();
    writer.close().unwrap();
    let path = segment(dir.path(), 1);
    let stored = second_block(&path);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(stored.len()).position(|window| window == stored).unwrap();
    bytes[at + stored.len() / 2] ^= 1;
    std::fs::write(&path, &bytes).unwrap();

    for deep in deep {
        let report = check(dir.path(), &Verification { deep: *deep, ..Verification::default() });
        assert!(!report.whole);
        let hurt = &report.segments[0];
        assert_eq!(hurt.bad_block_count, 1, "{hurt:?}");
        let bad = &hurt.bad_blocks[0];
        assert_eq!(hurt.first_bad_block, Some(bad.first));
        let (events, last) = (bad.events.unwrap(), bad.last.unwrap());
        assert_eq!(last - bad.first + 1, events);
        assert_eq!(hurt.events + events, batch.events.len() as u64);
        assert!(report.segments[1].problem.is_none(), "the next one is as it was");

        let store = Store::open(dir.path()).unwrap();
        let (mut served, mut after) = (0, None);
        loop {
            let page = store.events(&Query { limit: 20_000, after, ..Query::default() }).unwrap();
            served += page.events.len() as u64;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut gaps = store.gaps(None, None, &[]);
        gaps.retain(|gap| gap.reason == GapReason::Damaged);
        let lost: u64 = gaps.iter().filter_map(|gap| gap.lost).sum();
        assert_eq!(served + lost, report.events + events, "all but what is damaged");
        // Of a block only the pages that are damaged are lost, or all if its tables are.
        assert!(lost > 0 && lost <= events, "{lost} of {events}");
        assert!(gaps.iter().all(|gap| Some(gap.from) >= bad.from && Some(gap.to) <= bad.to));
    }
}

fn host_events(host: &mut Host) -> store::Batch {
    (0..50).for_each(|_| host.step());
    host.take()
}

/// The first piece of the second block.
fn second_block(path: &Path) -> Vec<u8> {
    let copy = dir();
    let file = copy.path().join("copy.redb");
    std::fs::copy(path, &file).unwrap();
    let database = Database::open(file).unwrap();
    let table = database.begin_read().unwrap().open_table(BLOCKS).unwrap();
    let rows: Vec<_> = table.iter().unwrap().map(Result::unwrap).collect();
    let first = rows.iter().filter(|(key, _)| key.value()[8..] == [0, 0]);
    first.map(|(_, value)| value.value().to_vec()).nth(1).unwrap()
}

#[test]
fn what_is_being_written_is_left_out_and_the_rest_is_checked() {
    let dir = dir();
    let mut host = Host::new(4);
    let mut writer = writer(dir.path(), true);
    for _ in 0..3 {
        writer.append(&host_events(&mut host)).unwrap();
    }
    writer.settle();
    let report = quick(dir.path());
    assert!(report.whole, "{report:?}");
    assert_eq!(report.writer, Some(std::process::id()));
    assert_eq!(report.segments.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(report.unchecked.iter().map(|one| one.number).collect::<Vec<_>>(), [3]);
    writer.close().unwrap();
    let report = quick(dir.path());
    assert_eq!((report.segments.len(), report.unchecked.len(), report.writer), (3, 0, None));
}

#[test]
fn a_check_that_was_interrupted_goes_on_where_it_was() {
    let dir = dir();
    let events = filled(dir.path(), 5, 4) as u64;
    let mut last = 0;
    let report = verify_with(dir.path(), &Verification::default(), &mut |now| {
        assert!(now.bytes_done <= now.bytes && now.segments == 4);
        last = now.segment;
        if now.segment == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert!(report.interrupted && !report.whole);
    assert_eq!((report.next, report.segments.len(), last), (Some(3), 2, 3));
    let rest = check(dir.path(), &Verification { from: report.next, ..Verification::default() });
    assert!(rest.whole && rest.segments.len() == 2);
    assert_eq!(report.events + rest.events, events);
    // The link to what was checked before is checked too.
    let other = self::dir();
    filled(other.path(), 6, 4);
    std::fs::copy(segment(other.path(), 3), segment(dir.path(), 3)).unwrap();
    let rest = check(dir.path(), &Verification { from: report.next, ..Verification::default() });
    assert!(rest.segments[0].problem.as_ref().unwrap().contains("chain"), "{rest:?}");
}

#[test]
fn a_digest_kept_elsewhere_tells_a_store_made_anew() {
    let dir = dir();
    filled(dir.path(), 5, 3);
    let anchor = quick(dir.path()).anchor.unwrap();
    assert_eq!(anchor.segment, 3);
    let kept = *blake3::Hash::from_hex(&anchor.digest).unwrap().as_bytes();
    let expecting = Verification { expect: vec![kept], ..Verification::default() };
    // Later segments, packing and the removal of older ones change nothing.
    let mut host = Host::new(8);
    let mut writer = writer(dir.path(), true);
    let mut batch = host_events(&mut host);
    batch.contexts.clear();
    writer.append(&batch).unwrap();
    writer.settle();
    writer.close().unwrap();
    for number in [1, 2] {
        std::fs::remove_file(segment(dir.path(), number)).unwrap();
    }
    assert!(check(dir.path(), &expecting).whole);
    // Another store is whole in itself, and is not the one that was.
    let other = self::dir();
    filled(other.path(), 6, 4);
    assert!(quick(other.path()).whole);
    let report = check(other.path(), &expecting);
    assert!(!report.whole && report.missing_digests == [anchor.digest]);
    // So is one that lost its newest segments.
    for number in [3, 4] {
        std::fs::remove_file(segment(dir.path(), number)).unwrap();
    }
    std::fs::copy(segment(other.path(), 1), segment(dir.path(), 1)).unwrap();
    assert!(!check(dir.path(), &expecting).whole);
}

#[test]
fn a_segment_that_is_missing_or_under_another_name_is_told() {
    let dir = dir();
    filled(dir.path(), 5, 4);
    std::fs::rename(segment(dir.path(), 2), dir.path().join("kept")).unwrap();
    let report = quick(dir.path());
    assert!(report.segments[1].problem.as_ref().unwrap().contains("2 to 2"), "{report:?}");
    std::fs::copy(segment(dir.path(), 1), segment(dir.path(), 2)).unwrap();
    assert!(!quick(dir.path()).whole);
    std::fs::rename(dir.path().join("kept"), segment(dir.path(), 2)).unwrap();
    assert!(quick(dir.path()).whole);
}

#[test]
fn every_row_of_a_closed_segment_is_covered() {
    let made = dir();
    filled(made.path(), 5, 2);
    for table in ["blocks", "contexts", "exits", "gaps", "index", "filters"] {
        let pieces: TableDefinition<&[u8; 10], &[u8]> = TableDefinition::new(table);
        changed(made.path(), table, |write| {
            let mut table = write.open_table(pieces).unwrap();
            let (key, value) =
                table.first().unwrap().map(|(key, value)| (*key.value(), value.value().to_vec())).unwrap();
            let mut value = value;
            *value.last_mut().unwrap() ^= 1;
            table.insert(&key, value.as_slice()).unwrap();
        });
    }
    for row in ["packed", "origin"] {
        changed(made.path(), row, |write| {
            assert!(write.open_table(META).unwrap().remove(row).unwrap().is_some());
        });
    }
    for row in ["head", "origin", "closed"] {
        changed(made.path(), row, |write| {
            let mut table = write.open_table(META).unwrap();
            let mut value = table.get(row).unwrap().unwrap().value().to_vec();
            *value.last_mut().unwrap() ^= 1;
            table.insert(row, value.as_slice()).unwrap();
        });
    }
}

/// Changes the first segment of a copy, and sees that a quick check finds it.
fn changed(store: &Path, what: &str, change: impl FnOnce(&redb::WriteTransaction)) {
    let copy = dir();
    std::fs::create_dir(copy.path().join("segments")).unwrap();
    for number in [1, 2] {
        std::fs::copy(segment(store, number), segment(copy.path(), number)).unwrap();
    }
    assert!(quick(copy.path()).whole);
    let database = Database::open(segment(copy.path(), 1)).unwrap();
    let write = database.begin_write().unwrap();
    change(&write);
    write.commit().unwrap();
    drop(database);
    assert!(!quick(copy.path()).whole, "{what}");
    assert!(!verify(copy.path(), &mut |_| {}).unwrap().whole, "{what}");
}

#[test]
fn signed_segments_are_told_from_those_that_are_not() {
    let keys = dir();
    let signer = Arc::new(SegmentSigner::create(&keys.path().join("key")).unwrap());
    let other = SegmentSigner::create(&keys.path().join("other")).unwrap();
    let dir = dir();
    let mut host = Host::new(5);
    let write = |host: &mut Host, signer: Option<&Arc<SegmentSigner>>, pack| {
        let signer = signer.map(Arc::clone);
        let options = Options { boot: 7, segment_age: Duration::ZERO, pack, signer, ..Options::default() };
        let mut writer = Writer::open(dir.path(), options).unwrap();
        for _ in 0..2 {
            let mut batch = host_events(host);
            batch.contexts.retain(|context| context.id >= writer.next_context_id());
            writer.append(&batch).unwrap();
        }
        writer.settle();
        writer.close().unwrap();
    };
    let demand =
        |key: PublicKey| check(dir.path(), &Verification { key: Some(key), ..Verification::default() });
    write(&mut host, Some(&signer), false);
    assert!(demand(signer.public_key()).whole);
    // Written anew, they are signed again.
    write(&mut host, Some(&signer), true);
    let report = demand(signer.public_key());
    assert!(report.whole, "{report:?}");
    assert!(report.segments[0].rewritten);
    assert!(report.segments.iter().all(|one| one.signature == Finding::By(signer.public_key())));
    assert!(demand(other.public_key()).segments.iter().all(|one| one.problem.is_some()));
    // Who lacks the key can make a store that is whole, and not one that is signed.
    write(&mut host, None, false);
    assert!(quick(dir.path()).whole);
    let report = demand(signer.public_key());
    let unsigned: Vec<_> =
        report.segments.iter().filter(|one| one.problem.is_some()).map(|one| one.number).collect();
    assert_eq!(unsigned, [5, 6], "{report:?}");
    // A signature of another segment is none.
    let row = |number| {
        let database = Database::open(segment(dir.path(), number)).unwrap();
        let table = database.begin_read().unwrap().open_table(META).unwrap();
        table.get("signature").unwrap().map(|row| row.value().to_vec())
    };
    let (of_first, of_second) = (row(1).unwrap(), row(2).unwrap());
    assert!(of_first != of_second && row(5).is_none());
    let database = Database::open(segment(dir.path(), 1)).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(META).unwrap().insert("signature", of_second.as_slice()).unwrap();
    write.commit().unwrap();
    drop(database);
    assert!(quick(dir.path()).segments[0].problem.as_ref().unwrap().contains("signature"));
}

#[test]
fn the_chain_goes_on_to_cover_what_was_packed() {
    let dir = dir();
    let mut host = Host::new(5);
    let mut writer = writer(dir.path(), true);
    for _ in 0..3 {
        writer.append(&host_events(&mut host)).unwrap();
        writer.settle();
    }
    writer.close().unwrap();
    let report = quick(dir.path());
    assert!(report.whole, "{report:?}");
    // The first was packed when the third began, the second was not yet.
    assert!(report.segments[0].rewritten && report.segments[1].rewritten);
    assert!(!report.rewritten_since.contains(&1) && report.rewritten_since.contains(&2), "{report:?}");
    // In place of the first one another that says to come from the same: whole by itself, and told.
    let other = self::dir();
    filled(other.path(), 6, 2);
    let (origin, number) = (origin(dir.path()), segment(other.path(), 1));
    std::fs::copy(&number, segment(dir.path(), 1)).unwrap();
    let database = Database::open(segment(dir.path(), 1)).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(META).unwrap().insert("origin", origin.as_slice()).unwrap();
    write.commit().unwrap();
    drop(database);
    assert!(!quick(dir.path()).whole, "who only puts the origin in place is told at once");
}

fn origin(dir: &Path) -> Vec<u8> {
    let database = Database::open(segment(dir, 1)).unwrap();
    let table = database.begin_read().unwrap().open_table(META).unwrap();
    table.get("origin").unwrap().unwrap().value().to_vec()
}

#[test]
fn a_segment_copied_while_others_are_recorded_and_packed_is_whole_and_answers_alone() {
    let dir = dir();
    let path = dir.path().to_owned();
    let recording = std::thread::spawn(move || {
        let mut host = Host::new(5);
        let mut writer = writer(&path, true);
        for _ in 0..25 {
            writer.append(&host_events(&mut host)).unwrap();
        }
        writer.settle();
        writer.close().unwrap();
    });
    let (mut copied, mut done) = (0, false);
    while !done {
        done = recording.is_finished();
        let segments = dir.path().join("segments");
        let Ok(entries) = std::fs::read_dir(&segments) else { continue };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "redb"));
        files.sort();
        // The last one is being written.
        files.pop();
        // So is all of it but the last, however often files are replaced meanwhile.
        if files.len() > 1 {
            let report = quick(dir.path());
            assert!(report.whole, "{report:?}");
        }
        for file in files.iter().rev().take(3) {
            let copy = self::dir();
            let to = copy.path().join(file.file_name().unwrap());
            std::fs::copy(file, &to).unwrap();
            let report = quick(&to);
            assert!(report.whole && !report.segments[0].unclosed, "{report:?}");
            let page = Store::open(&to).unwrap().events(&Query { limit: 1000, ..Query::default() }).unwrap();
            assert_eq!(page.events.len() as u64, report.events);
            assert!(
                page.events
                    .iter()
                    .all(|found| { found.context.process.pid != 0 && !found.lineage.truncated() })
            );
            copied += 1;
        }
    }
    recording.join().unwrap();
    assert!(copied > 3);
}
