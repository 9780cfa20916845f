//! Blocks, there and back.

use std::sync::Arc;

use event::{Detail, Event, File, FileFacts, Kind, SocketAddress};
use proptest::prelude::*;

use super::{
    BlockBuilder, Clock, Core, Form, GENESIS, Rest, Tables, Zone, chain, directory_end, encode, pages,
};
use crate::bytes::Damaged;
use crate::limits::PAGE_EVENTS;

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

fn encoded(events: &[Event], form: Form) -> (Zone, Vec<u8>) {
    encode(1, &events.iter().collect::<Vec<_>>(), true, &GENESIS, form)
}

/// Builds a block of events with ids of their own.
fn sparse(ids: &[u64], events: &[Event], form: Form) -> (Zone, Vec<u8>) {
    let mut builder = BlockBuilder::new(events.len());
    for (id, event) in ids.iter().zip(events) {
        builder.push(*id, event);
    }
    builder.finish(true, &GENESIS, form)
}

fn decode(zone: &Zone, block: &[u8]) -> Result<Vec<Event>, Damaged> {
    let pages = pages(zone, block.to_vec())?;
    let rest = Rest::decode(zone, pages[0].tables())?;
    let rows = pages.iter().flat_map(|core| (0..core.len()).map(move |row| (core, row)));
    rows.map(|(core, row)| core.event(zone, &rest, row)).collect()
}

/// The one page of a block of few events.
fn only(zone: &Zone, block: &[u8]) -> Core {
    let mut pages = pages(zone, block.to_vec()).unwrap();
    assert_eq!(pages.len(), 1);
    pages.remove(0)
}

#[test]
fn mount_paths_come_back_and_are_shared() {
    let unknown = File { path: "/c".to_owned(), ..File::default() };
    let events =
        [opened(file("/a", "/")), opened(file("/b", "/mnt")), opened(unknown), opened(file("/d", "/mnt"))];
    let (zone, block) = encoded(&events, Form::Open);
    let found = decode(&zone, &block).unwrap();
    assert_eq!(found, events);
    let path =
        |place: usize| Arc::clone(&found[place].file.as_ref().unwrap().facts.as_ref().unwrap().mount_path);
    assert!(Arc::ptr_eq(&path(1), &path(3)));
}

#[test]
fn events_with_holes_between_their_ids_come_back_by_id() {
    let events: Vec<Event> = (0..5).map(|n| Event { time: n, ..opened(file("/a", "/")) }).collect();
    let ids = [3, 4, 7, 1000, 1001];
    let (zone, block) = sparse(&ids, &events, Form::Open);
    assert_eq!((zone.first, zone.last, zone.end()), (3, 1001, 1002));
    assert_eq!(zone.hash, chain(&GENESIS, 3, &block));
    assert_eq!(Zone::decode(migrations::CURRENT, 3, &zone.encode()).unwrap(), zone);
    assert_eq!(decode(&zone, &block).unwrap(), events);
    let core = only(&zone, &block);
    assert_eq!((0..5).map(|row| core.id(row)).collect::<Vec<_>>(), ids);
    let rows = [0, 3, 5, 7, 8, 1001, 1002].map(|id| core.row_from(id));
    assert_eq!(rows, [0, 0, 2, 2, 3, 4, 5]);
    // Another last id than the header row's is damage.
    let wrong = Zone { last: zone.last + 1, ..zone };
    assert!(decode(&wrong, &block).is_err());
    let (whole, block) = sparse(&[3, 4, 5, 6, 7], &events, Form::Open);
    assert_eq!(block, encode(3, &events.iter().collect::<Vec<_>>(), true, &GENESIS, Form::Open).1);
    let wrong = Zone { last: whole.last + 1, ..whole };
    assert!(decode(&wrong, &block).is_err());
}

#[test]
fn a_block_with_more_events_than_any_is_refused() {
    let (mut zone, block) = encoded(&[opened(file("/a", "/"))], Form::Open);
    zone.count = u32::MAX;
    zone.last = zone.first + u64::from(zone.count) - 1;
    assert!(Tables::decode(&zone, &Arc::new(block)).is_err());
}

fn details() -> impl Strategy<Value = Detail> {
    let text = "[a-c/]{0,3}";
    prop_oneof![
        Just(Detail::None),
        (0_u32..4, 0_u32..2).prop_map(|(flags, mode)| Detail::Open { flags, mode }),
        text.prop_map(|path| Detail::Exec { path }),
        any::<u32>().prop_map(|status| Detail::Exit { status }),
        (any::<u32>(), text).prop_map(|(mode, path)| Detail::Chmod { mode, path }),
        (any::<Option<i64>>(), any::<Option<i64>>())
            .prop_map(|(access, modification)| Detail::Utimes { access, modification }),
        (text, any::<u16>()).prop_map(|(path, port)| {
            Detail::Socket(SocketAddress { path, port, ..SocketAddress::default() }.into())
        }),
        prop::collection::vec(any::<u32>(), 0..5).prop_map(|numbers| Detail::Syscalls { numbers }),
    ]
}

fn files() -> impl Strategy<Value = File> {
    let facts = (any::<u64>(), 0_u32..3, any::<i64>(), 0_i64..3, "(ext4|tmpfs)?", "/?").prop_map(
        |(inode, small, mtime, more, filesystem, mount_path)| FileFacts {
            inode,
            mode: small,
            uid: small,
            gid: 0,
            mtime,
            ctime: mtime.wrapping_add(more),
            mount_id: small,
            filesystem: filesystem.into(),
            mount_path: mount_path.as_str().into(),
        },
    );
    let path = "(/([ab]|\u{e9}|a-b)){0,4}";
    (path, prop::option::of(facts), 0_u32..3, prop::option::weighted(0.1, "[xy]")).prop_map(
        |(path, facts, flags, error)| File {
            path,
            raw: error.as_ref().map(|error| error.as_bytes().to_vec()),
            error,
            facts,
            flags,
            provenance: None,
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let kinds = prop::sample::select(Kind::ALL.to_vec());
    let numbers = (any::<i64>(), 0_i64..1000, any::<bool>(), 1_u64..5, any::<u32>());
    let rest = (prop_oneof![Just(0_i64), -40_i64..40, any::<i64>()], 0_u32..2);
    let event = (
        numbers,
        kinds,
        rest,
        prop::option::of(files()),
        prop::option::weighted(0.1, files().prop_map(Box::new)),
        details(),
    );
    prop::collection::vec(event, 1..40).prop_map(|events| {
        let event =
            |((odd, step, wild, context, tid), kind, (retval, flags), file, destination, detail)| Event {
                time: if wild { odd } else { step },
                kind,
                context,
                tid,
                retval,
                flags,
                file,
                destination,
                detail,
            };
        events.into_iter().map(event).collect()
    })
}

fn form(closed: bool) -> Form {
    if closed { Form::Closed(3) } else { Form::Open }
}

proptest! {
    #[test]
    fn events_of_all_sorts_come_back(events in events(), closed: bool) {
        let (zone, block) = encoded(&events, form(closed));
        prop_assert_eq!(decode(&zone, &block).unwrap(), events.clone());
        let pages = pages(&zone, block).unwrap();
        let kinds: Vec<Kind> = pages.iter().flat_map(|core| core.kinds().unwrap()).copied().collect();
        prop_assert_eq!(kinds, events.iter().map(|event| event.kind).collect::<Vec<_>>());
        let rows = pages.iter().flat_map(|core| (0..core.len()).map(move |row| core.shape(row).unwrap()));
        for (shape, event) in rows.zip(&events) {
            prop_assert_eq!(Core::outcome(&shape), event.outcome());
            prop_assert!(zone.outcomes & (1 << (event.outcome() as u8)) != 0);
            prop_assert!(zone.kinds.iter().any(|(kind, _)| *kind == event.kind.number()));
        }
        let paths = pages[0].paths().unwrap();
        for event in &events {
            if let Some(file) = &event.file {
                prop_assert!(paths.find(&file.path).is_some());
            }
        }
    }

    #[test]
    fn a_run_of_rows_is_the_block_that_its_events_make(
        events in events(),
        from: prop::sample::Index,
        to: prop::sample::Index,
        form in prop::sample::select(vec![Form::Passing, Form::Open]),
    ) {
        let (from, to) = (from.index(events.len()), to.index(events.len()));
        let rows = from.min(to)..from.max(to) + 1;
        let mut all = BlockBuilder::default();
        for (id, event) in (1..).zip(&events) {
            all.push(id, event);
        }
        let (zone, block) = all.run(rows.clone()).finish(false, &GENESIS, form);
        let alone: Vec<&Event> = events[rows.clone()].iter().collect();
        let first = rows.start as u64 + 1;
        prop_assert_eq!(&(zone.clone(), block.clone()), &encode(first, &alone, false, &GENESIS, form));
        prop_assert_eq!(decode(&zone, &block).unwrap(), &events[rows]);
    }

    #[test]
    fn blocks_are_joined_and_thinned(
        parts in prop::collection::vec((events(), any::<bool>()), 1..4),
        steps in prop::collection::vec((1_u64..4, any::<bool>()), 160),
    ) {
        let (mut id, mut at) = (10, 0);
        let mut joined = BlockBuilder::new(0);
        let mut expected = Vec::new();
        for (events, closed) in &parts {
            let ids: Vec<u64> = events.iter().enumerate().map(|(row, _)| { id += steps[at + row].0; id }).collect();
            let (zone, block) = sparse(&ids, events, form(*closed));
            let pages = pages(&zone, block).unwrap();
            let rest = Rest::decode(&zone, pages[0].tables()).unwrap();
            let mut from = at;
            for core in &pages {
                joined.absorb(&zone, core, &rest, |row| steps[from + row].1).unwrap();
                from += core.len();
            }
            let kept = ids.into_iter().zip(events).enumerate().filter(|(row, _)| steps[at + row].1);
            expected.extend(kept.map(|(_, (id, event))| (id, event.clone())));
            at += events.len();
        }
        prop_assert_eq!(joined.len(), expected.len());
        if !expected.is_empty() {
            let (zone, block) = joined.finish(true, &GENESIS, Form::Closed(3));
            let pages = pages(&zone, block.clone()).unwrap();
            let ids = pages.iter().flat_map(|core| (0..core.len()).map(|row| core.id(row)));
            let found: Vec<_> = ids.zip(decode(&zone, &block).unwrap()).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn pages_and_groups_are_read_by_their_own_bytes_and_found_by_what_they_have(events in events()) {
        let ids: Vec<u64> = (0..events.len() as u64).map(|n| 5 + n * n).collect();
        let (zone, block) = sparse(&ids, &events, Form::Closed(1));
        let end = directory_end(&block).unwrap();
        let tables = Tables::decode(&zone, &Arc::new(block[..end].to_vec())).unwrap();
        let (head, all) = tables.lengths();
        prop_assert_eq!(all, block.len());
        prop_assert_eq!(tables.page_count(), events.len().div_ceil(PAGE_EVENTS));
        let tables = Arc::new(tables.with(block[..head].to_vec()));
        prop_assert_eq!(tables.is_whole(), head == all);
        let part = |group: usize| {
            let range = tables.group_range(group);
            tables.group_in(group, Arc::new(block[range.clone()].to_vec()), range.start).map(Arc::new)
        };
        let whole = Arc::new(Tables::decode(&zone, &Arc::new(block.clone())).unwrap());
        prop_assert!(whole.is_whole());
        let rest = Rest::decode(&zone, &tables).unwrap();
        for page in 0..tables.page_count() {
            let range = tables.page_range(page);
            let core = tables.page(page, &Arc::new(block[range.clone()].to_vec()), range.start).unwrap();
            let rows = tables.page_rows(page);
            prop_assert_eq!(core.len(), rows.len());
            let of_page = tables.page_ids(page).unwrap();
            for (row, place) in rows.enumerate() {
                prop_assert_eq!(&core.event_of(&zone, &rest, (row, row), part).unwrap(), &events[place]);
                prop_assert_eq!(core.id(row), ids[place]);
                prop_assert!(of_page.contains(&ids[place]));
            }
            whole.page(page, &whole.value(), 0).unwrap().check_pages(page).unwrap();
        }
        for (row, event) in events.iter().enumerate() {
            let bit = 1_u64 << (row / PAGE_EVENTS);
            let context: Vec<bool> = zone.contexts.iter().map(|id| *id == event.context).collect();
            prop_assert!(tables.pages_of_contexts(&context).unwrap() & bit != 0);
            for file in event.file.iter().chain(event.destination.as_deref()) {
                let mut pages = 0;
                for group in tables.groups_with(&file.path, true).unwrap() {
                    let group = part(group).unwrap();
                    // Not put together yet, or together already.
                    let found = group.find(&file.path).unwrap();
                    let list = group.list().unwrap();
                    prop_assert_eq!(found, list.iter().position(|path| path == file.path));
                    prop_assert_eq!(found, group.find(&file.path).unwrap());
                    prop_assert_eq!(group.find(&format!("{}x", file.path)).unwrap(), list.find(&format!("{}x", file.path)));
                    if let Some(path) = found {
                        pages |= tables.pages_of_path(&group, path).unwrap();
                        let index = u32::try_from(group.paths.start + path).unwrap();
                        let of_path = whole.file_paths().unwrap().iter().enumerate().filter(|(_, path)| **path == index);
                        let files: Vec<usize> = of_path.map(|(file, _)| file).collect();
                        prop_assert_eq!(group.files_of(path).unwrap().collect::<Vec<_>>(), files);
                    }
                }
                prop_assert!(pages & bit != 0);
                let end = file.path.char_indices().nth(file.path.chars().count() / 2).map_or(0, |(at, _)| at);
                let prefix = &file.path[..end];
                let mut found: Vec<String> = Vec::new();
                for group in tables.groups_with(prefix, false).unwrap() {
                    let group = part(group).unwrap();
                    found.extend(group.list().unwrap().iter().filter(|path| path.starts_with(prefix)).map(str::to_owned));
                }
                let all = whole.paths().unwrap().iter().filter(|path| path.starts_with(prefix));
                prop_assert_eq!(found, all.map(str::to_owned).collect::<Vec<_>>());
            }
            prop_assert!(tables.pages_within(Some(event.time), event.time.checked_add(1)).unwrap() & bit != 0);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_or_harmless(
        events in events(),
        closed: bool,
        at: prop::sample::Index,
        bit in 0_u8..8,
    ) {
        let (zone, mut block) = encoded(&events, form(closed));
        let at = at.index(block.len());
        block[at] ^= 1 << bit;
        if let Ok(found) = decode(&zone, &block) {
            prop_assert_eq!(found, events);
        }
    }

    #[test]
    fn a_header_row_that_belongs_to_another_block_is_no_panic(a in events(), b in events()) {
        let (zone, _) = encoded(&a, Form::Open);
        let (_, block) = encoded(&b, Form::Open);
        let _ = decode(&zone, &block);
    }
}

#[test]
fn times_of_a_clock_with_steps_come_back_and_take_less() {
    let told = |picoseconds: i64| {
        let (mut random, mut at) = (7_u64, 0_i64);
        let next = |_| {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            at += 3_000_000 + i64::try_from(random >> 40).unwrap();
            let time = 1_790_000_000_000_000_000 + at / picoseconds * picoseconds / 1000;
            Event { time, ..opened(file("/a", "/")) }
        };
        (0..8000).map(next).collect::<Vec<_>>()
    };
    let size = |events: &[Event], clocks: bool| {
        let (zone, block) = encoded(events, Form::Closed(3));
        assert_eq!(decode(&zone, &block).unwrap(), events);
        let tables = Tables::decode(&zone, &Arc::new(block.clone())).unwrap();
        assert!((0..tables.page_count()).all(|page| (tables.clock(page).unwrap() > 0) == clocks));
        block.len()
    };
    let (fine, coarse) = (size(&told(1000), false), size(&told(20_000), true));
    assert!(coarse + 8000 * 3 / 8 < fine, "{coarse} {fine}");
}

/// Events of a clock with steps of so many femtoseconds.
fn told(femtoseconds: i64, events: usize) -> Vec<Event> {
    let times = super::clock::tests::told(femtoseconds, events).into_iter();
    times.map(|time| Event { time, ..opened(file("/a", "")) }).collect()
}

#[test]
fn an_open_segments_clock_is_found_once_and_followed_as_it_drifts() {
    let mut clock = Clock::default();
    let mut block = |events: &[Event]| {
        let mut builder = BlockBuilder::new(events.len());
        (1..).zip(events).for_each(|(id, event)| builder.push(id, event));
        builder.follow(&mut clock);
        let (zone, value) = builder.finish(true, &GENESIS, Form::Open);
        assert_eq!(decode(&zone, &value).unwrap(), events);
        let tables = Tables::decode(&zone, &Arc::new(value.clone())).unwrap();
        (tables.clock(0).unwrap(), value.len())
    };
    let mut lengths = Vec::new();
    for femtoseconds in [10_015_000, 10_015_000, 10_015_020] {
        let events = told(femtoseconds, 20_000);
        let (step, length) = block(&events);
        let expected = (femtoseconds.cast_unsigned() << 32) / 1_000_000;
        assert!(step.abs_diff(expected) < expected / 1_000_000, "{step} {expected}");
        assert!(length < encoded(&events, Form::Open).1.len() * 9 / 10);
        lengths.push(length);
    }
    assert!(lengths[2] < lengths[0] * 21 / 20, "{lengths:?}");
    // What was not told by a clock is told in nanoseconds.
    assert_eq!(block(&told(1_000_000, 6000)).0, 0);
    assert_eq!(Clock::default().of_block(&[]), 0);
}
