//! The fuzz targets' seeds, as the code of today writes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use event::{
    Container, Context, Credentials, Detail, Event, Exit, File, FileFacts, Image, ImageRef, Kind, ProcessKey,
    Source,
};

use super::{chunk, context, decode_block, decode_index, index, numbers, pins, segment};
use crate::block::{Form, GENESIS, encode, pages};
use crate::bytes::{Input, put, put_bytes, unpack, unpack_all};
use crate::context::{EXIT_COLUMNS, EXIT_COUNTS, Summary, encode_exits};
use crate::index::{Builder, filter, paths, run};
use crate::reader::ImagePaths;

/// Variable with which the seeds are written anew to the kept corpus.
const WRITE: &str = "TACHO_WRITE_SEEDS";

/// A seed's target and name, and its bytes.
type Seed = (&'static str, Vec<u8>);

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus")
}

fn events() -> Vec<Event> {
    let event = |n: u64| Event {
        time: 1_790_000_000_000_000_000 + i64::try_from(n * n).unwrap(),
        kind: if n.is_multiple_of(9) { Kind::Chmod } else { Kind::Open },
        context: n % 3 + 1,
        tid: 7,
        retval: -i64::try_from(n % 3).unwrap(),
        flags: 0,
        file: (!n.is_multiple_of(5)).then(|| File {
            path: format!("/usr/include/{}/a{n}.h", n % 4),
            raw: n.is_multiple_of(7).then(|| vec![0xff]),
            facts: n.is_multiple_of(2).then(|| FileFacts {
                inode: n * 3,
                mode: 0o644,
                ..FileFacts::default()
            }),
            ..File::default()
        }),
        destination: None,
        detail: Detail::Open { flags: 1, mode: 0 },
    };
    (0..40).map(event).collect()
}

fn contexts() -> Vec<Context> {
    let image = Image { args: vec!["-c".to_owned()], envs: vec!["PATH".to_owned()], ..Image::default() };
    let context = |id: u64| Context {
        id,
        process: ProcessKey { boot: 7, start: id / 2, pid: 8 },
        lineage: id.checked_sub(1),
        creator: (id > 2).then_some(ProcessKey { boot: 7, start: 0, pid: 1 }),
        ppid: 1,
        since: 5,
        fork_time: 4,
        exec_time: 5,
        comm: "sh".to_owned(),
        tty: String::new(),
        image: if id.is_multiple_of(2) {
            ImageRef::Own(Arc::new(image.clone()))
        } else {
            ImageRef::Shared(id)
        },
        credentials: Credentials::default(),
        container: (id == 4).then(Container::default),
        cgroup: "/".to_owned(),
        source: Source::Event,
        flags: 0,
    };
    (1..20).map(context).collect()
}

/// Counts and columns as the fuzz targets take them; some columns are others than stored.
fn columns_of(value: &[u8], counts: usize, columns: usize, others: &[(usize, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut input = Input(&value[4..]);
    let mut directory = Input(input.bytes().unwrap());
    for _ in 0..counts {
        put(&mut out, directory.number().unwrap());
    }
    for column in 0..columns {
        let [layout] = directory.array::<1>().unwrap();
        let number = directory.number().unwrap();
        let mut own = vec![layout];
        if layout == 0 {
            put(&mut own, number);
        } else {
            let length = usize::try_from(directory.number().unwrap()).unwrap();
            // One frame or two.
            let unpacked = unpack_all(input.take(length).unwrap(), usize::try_from(number).unwrap());
            put_bytes(&mut own, &unpacked.unwrap());
        }
        let other = others.iter().find(|(place, _)| *place == column);
        out.extend_from_slice(other.map_or(&own, |(_, other)| other));
    }
    out
}

/// Blocks, taken apart: of one page, of several in one group of files and in more, and one whose times are told in steps of a
/// clock.
fn blocks(events: &[Event]) -> Vec<Seed> {
    let refs: Vec<&Event> = events.iter().collect();
    let mut clock = vec![0];
    put(&mut clock, 10_015 << 22);
    // Two slips: three rows on by a nanosecond, one more on by two less.
    let slips = [4, 4, 3, 1, 1, 2];
    let clock = [(16, &clock[..]), (17 + 17 + 7, &slips[..])];
    let of = |name, form, groups: u8, page_count: u8, others: &[(usize, &[u8])]| {
        let (zone, value) = encode(7, &refs, true, &GENESIS, form);
        let row = zone.encode();
        let mut out = vec![4 | (page_count - 1) << 4, groups];
        let (counts, columns) = numbers(5, usize::from(groups), usize::from(page_count));
        put_bytes(&mut out, &row[..row.len() - 4]);
        out.extend(columns_of(&value, counts, columns, others));
        (name, out)
    };
    vec![
        of("block/real", Form::Passing, 1, 1, &[]),
        of("block/open", Form::Open, 1, 3, &[]),
        of("block/pages", Form::Closed(1), 4, 3, &[]),
        of("block/clock", Form::Open, 1, 3, &clock),
    ]
}

/// Of a packed segment with these events and contexts.
fn indexes(events: &[Event], contexts: &[Context]) -> Vec<Seed> {
    let mut builder = Builder::default();
    let images = ImagePaths::one(2, "/usr/bin/sh");
    for (first, events) in [(7, &events[..20]), (27, &events[20..])] {
        let refs: Vec<&Event> = events.iter().collect();
        let (zone, value) = encode(first, &refs, true, &GENESIS, Form::Open);
        builder.block(&zone, &pages(&zone, value).unwrap(), &images).unwrap();
    }
    builder.contexts(0, &Summary::of(&contexts.iter().collect::<Vec<_>>()));
    builder.exit(&Exit { process: contexts[0].process, time: 1 << 40, status: None });
    let rows = builder.rows(1).unwrap();
    let unpacked = |value: &[u8]| unpack(value, 1 << 20).unwrap();
    let list = [
        ("index/paths", 0, columns_of(&rows.paths[0].1, 1, paths::COLUMNS, &[])),
        ("index/pids", 1, unpacked(&rows.pids[0].1)),
        ("index/directory", 2, unpacked(&rows.directory)),
        ("index/tree", 3, unpacked(&rows.tree)),
        ("index/list", 4, unpacked(&run::list(&rows.paths, 1))),
        ("index/images", 5, unpacked(&rows.images)),
        ("index/lives", 6, unpacked(&rows.lives)),
        ("index/filter", 7, filter::parts(&rows.terms).remove(0)),
    ];
    list.into_iter().map(|(name, which, seed)| (name, [&[which], &seed[..]].concat())).collect()
}

fn rest(events: Vec<Event>) -> Vec<Seed> {
    let batch = rmp_serde::to_vec(&crate::Batch { events, ..crate::Batch::default() }).unwrap();
    let length = u32::try_from(batch.len()).unwrap().to_le_bytes();
    let head = crate::segment::meta::Head {
        number: 3,
        boot: 7,
        created: 5,
        first_event: 9,
        first_context: 4,
        previous: Some(GENESIS),
        left_out: vec![crate::LeftOutRule::new("mmap".to_owned(), &[Kind::Mmap])],
    };
    let pins = b"tachopins1\na 5 9 3\nincident-2.x_ -3 9223372036854775807 0\n";
    vec![
        ("context/gap", rmp_serde::to_vec(&(1, 2, "File", Some(3), "RingFull")).unwrap()),
        ("facts/head", rmp_serde::to_vec(&head).unwrap()),
        ("pattern/glob", b"/usr/**/a*.h\0/usr/include/a.h".to_vec()),
        ("pins/two", pins.to_vec()),
        ("segment/head", vec![2, 0, 0x10, 0, 2, 1, 1]),
        ("stream/batch", [&length[..], &batch].concat()),
    ]
}

fn context_seed() -> Seed {
    let contexts = contexts();
    let value = crate::context::encode(&contexts.iter().collect::<Vec<_>>(), Form::Open);
    ("context/chunk", columns_of(&value, crate::context::COUNTS, crate::context::COLUMNS, &[]))
}

fn exits_seed() -> Seed {
    let process = contexts()[0].process;
    let exits = [3, 4, 9].map(|time| Exit { process, time, status: (time > 3).then_some(256) });
    ("context/exits", columns_of(&encode_exits(&exits, Form::Open), EXIT_COUNTS, EXIT_COLUMNS, &[]))
}

#[test]
fn the_kept_seeds_are_what_is_written_today() {
    let mut seeds = blocks(&events());
    seeds.extend(indexes(&events(), &contexts()));
    seeds.push(context_seed());
    seeds.push(exits_seed());
    seeds.extend(rest(events()));
    for (name, seed) in seeds {
        let file = corpus().join(name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, seed).unwrap();
            continue;
        }
        assert!(
            std::fs::read(&file).is_ok_and(|kept| kept == seed),
            "{name} is stale: set {WRITE} and run it again"
        );
    }
}

#[test]
fn real_blocks_and_indexes_come_through_the_fuzzers_doors() {
    for (name, seed) in blocks(&events()) {
        decode_block(&seed).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (name, seed) in indexes(&events(), &contexts()) {
        decode_index(&seed).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn pins_come_through_the_fuzzers_door() {
    for text in ["", "tachopins1\na 5 9 3\nb 1\n", "a 5 9 3\n\u{ff}"] {
        pins(text.as_bytes());
    }
}

#[test]
fn a_real_chunk_of_contexts_comes_through_the_fuzzers_door() {
    assert_eq!(chunk(&context_seed().1).unwrap(), contexts());
}

#[test]
fn nonsense_is_refused_by_every_door() {
    for nonsense in [&[][..], &[0; 40], &[0xff; 40]] {
        assert!(decode_block(nonsense).is_err());
        context(nonsense);
        index(nonsense);
    }
    segment(Path::new("/nowhere"));
}
