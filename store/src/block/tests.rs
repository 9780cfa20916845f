//! Blocks, there and back.

use std::sync::Arc;

use event::{Detail, Event, File, FileFacts, Kind};

use super::encode::Encoded;
use super::{Core, GENESIS, Rest, Zone, encode, encode_sparse, frame};
use crate::bytes::Damaged;

fn file(path: &str, mount_path: &str) -> File {
    let facts = FileFacts { inode: 5, mount_path: mount_path.into(), ..FileFacts::default() };
    File { path: path.to_owned(), facts: Some(facts), ..File::default() }
}

fn opened(file: File) -> Event {
    Event {
        time: 1,
        kind: Kind::Open,
        context: 1,
        tid: 1,
        retval: 0,
        flags: 0,
        file: Some(file),
        destination: None,
        detail: Detail::Open { flags: 0, mode: 0 },
    }
}

fn encoded(events: &[Event]) -> Encoded {
    encode(1, &events.iter().collect::<Vec<_>>(), true, &GENESIS)
}

fn decode(zone: &Zone, block: &[u8]) -> Result<Vec<Event>, Damaged> {
    let core = Core::decode(zone, block)?;
    let rest = Rest::decode(zone, core.file_count(), block)?;
    (0..core.len()).map(|row| core.event(zone, &rest, row)).collect()
}

#[test]
fn mount_paths_come_back_and_are_shared() {
    let unknown = File { path: "/c".to_owned(), ..File::default() };
    let events =
        [opened(file("/a", "/")), opened(file("/b", "/mnt")), opened(unknown), opened(file("/d", "/mnt"))];
    let block = encoded(&events);
    let found = decode(&block.zone, &block.pack(1)).unwrap();
    assert_eq!(found, events);
    let path =
        |place: usize| Arc::clone(&found[place].file.as_ref().unwrap().facts.as_ref().unwrap().mount_path);
    assert!(Arc::ptr_eq(&path(1), &path(3)));
}

#[test]
fn a_block_of_before_mount_paths_is_read_as_one_that_knows_none() {
    let block = encoded(&[opened(file("/a", "/mnt")), opened(file("/b", ""))]);
    let before = encoded(&[opened(file("/a", "")), opened(file("/b", ""))]);
    let [paths, core, rest] = &block.sections;
    let old = &rest[..before.sections[2].len()];
    assert_eq!(old, before.sections[2], "the column is the last thing of a block");
    let found = decode(&block.zone, &frame([paths, core, old], 1)).unwrap();
    assert_eq!(found, [opened(file("/a", "")), opened(file("/b", ""))]);
}

#[test]
fn a_column_of_mount_paths_that_is_cut_or_points_nowhere_is_damage() {
    let block = encoded(&[opened(file("/a", "/mnt")), opened(file("/b", "/"))]);
    let before = encoded(&[opened(file("/a", "")), opened(file("/b", ""))]).sections[2].len();
    let [paths, core, rest] = &block.sections;
    for length in before + 1..rest.len() {
        assert!(decode(&block.zone, &frame([paths, core, &rest[..length]], 1)).is_err(), "{length}");
    }
    let mut wrong = rest.clone();
    *wrong.last_mut().unwrap() = 7;
    assert!(decode(&block.zone, &frame([paths, core, &wrong], 1)).is_err());
}

#[test]
fn events_with_holes_between_their_ids_come_back_by_id() {
    let events: Vec<Event> = (0..5).map(|n| Event { time: n, ..opened(file("/a", "/")) }).collect();
    let refs: Vec<&Event> = events.iter().collect();
    let ids = [3, 4, 7, 1000, 1001];
    let block = encode_sparse(&ids, &refs, true, &GENESIS).unwrap();
    assert_eq!((block.zone.first, block.zone.last, block.zone.end()), (3, 1001, 1002));
    let zone = Zone::decode(migrations::CURRENT, 3, &block.zone.encode()).unwrap();
    assert_eq!(zone, block.zone);
    assert_eq!(decode(&zone, &block.pack(1)).unwrap(), events);
    let core = Core::decode(&zone, &block.pack(1)).unwrap();
    assert_eq!((0..5).map(|row| core.id(row)).collect::<Vec<_>>(), ids);
    let rows = [0, 3, 5, 7, 8, 1001, 1002].map(|id| core.row_from(id));
    assert_eq!(rows, [0, 0, 2, 2, 3, 4, 5]);
    assert!(encode_sparse(&[3, 3], &refs[..2], true, &GENESIS).is_none(), "ids that do not grow");
    assert!(encode_sparse(&[3], &refs[..2], true, &GENESIS).is_none(), "too few ids");
    // Another last id than the header row's is damage.
    let mut wrong = zone.clone();
    wrong.last += 1;
    assert!(decode(&wrong, &block.pack(1)).is_err());
    let whole = encode_sparse(&[3, 4, 5, 6, 7], &refs, true, &GENESIS).unwrap();
    assert_eq!(whole.sections, encode(3, &refs, true, &GENESIS).sections, "no holes, no column");
}
