//! Doors for the fuzz targets: every decoder of stored bytes. Where the bytes would be packed or have a checksum, that is
//! put around them here, because no fuzzer finds valid frames and checksums by itself.

use std::path::Path;

use event::{Context, Exit, Gap, Provenance};

use crate::block::{Rest, Zone, pages};
use crate::bytes::{Damaged, Input, pack, put, put_bytes};
use crate::context::{self, Summary, decode_stream, unpack_stream};
use crate::index::directory::Directory;
use crate::index::lives::Lives;
use crate::index::paths::{self, Chunk};
use crate::index::run::List;
use crate::index::tree::Tree;
use crate::index::{filter, pids};
use crate::segment::meta::{Closed, Head};
use crate::sign::Signed;
use crate::stream::StreamReader;
use crate::verify::rewritten;
use crate::writer::Rewriting;
use crate::{Order, PathPattern, ProcessQuery, Query, Store, verify};

/// Most events of a made-up block that are looked at.
const ROWS: usize = 64;

/// A block of format 1: the lengths of three frames, then the frames.
fn frames(sections: [&[u8]; 3]) -> Vec<u8> {
    let frames = sections.map(|section| pack(section, 1));
    let lengths = frames.iter().flat_map(|frame| u32::try_from(frame.len()).unwrap_or(0).to_le_bytes());
    lengths.chain(frames.iter().flatten().copied()).collect()
}

/// Counts of a block, and columns of one in one page: format 2.
const COUNTS_2: usize = 4;
const COLUMNS_2: usize = 30;
/// Likewise formats 3 and 4, without those of groups and pages.
const COUNTS_3: usize = 6;
const TABLES_3: usize = 16;
const TABLES_4: usize = 17;
const GROUP_COLUMNS: usize = 17;
const PAGE_COLUMNS_3: usize = 7;
const PAGE_COLUMNS_4: usize = 8;

/// Counts and columns of a block of a format (2 to 4) with so many groups and pages.
const fn numbers(format: u32, groups: usize, pages: usize) -> (usize, usize) {
    match format {
        2 => (COUNTS_2, COLUMNS_2),
        3 => (COUNTS_3, TABLES_3 + groups * GROUP_COLUMNS + pages * PAGE_COLUMNS_3),
        _ => (COUNTS_3, TABLES_4 + groups * GROUP_COLUMNS + pages * PAGE_COLUMNS_4),
    }
}

/// So many counts, then each column's layout, then its one number if that is 0, else its bytes; as stored.
fn columns(input: &mut Input<'_>, counts: usize, columns: usize) -> Result<Vec<u8>, Damaged> {
    let (mut directory, mut payload) = (Vec::new(), Vec::new());
    for _ in 0..counts {
        put(&mut directory, input.number()?);
    }
    for _ in 0..columns {
        let [layout] = input.array::<1>()?;
        directory.push(layout);
        if layout == 0 {
            put(&mut directory, input.number()?);
            continue;
        }
        let column = input.bytes()?;
        let frame = pack(column, 1);
        put(&mut directory, column.len() as u64);
        put(&mut directory, frame.len() as u64);
        payload.extend(frame);
    }
    let mut value = blake3::hash(&directory).as_bytes()[..4].to_vec();
    put_bytes(&mut value, &directory);
    value.extend(payload);
    Ok(value)
}

/// A header row and a block: flags (1 byte: bits 0 and 1 the format less one, 2 the value as it is, 3 and 4 the
/// pages less one, 5 to 7 the groups), then the row (without its checksum), then the
/// value, or its three sections, or its columns; all but the last after its length.
pub fn block(bytes: &[u8]) {
    let _ = decode_block(bytes);
}

fn decode_block(bytes: &[u8]) -> Result<(), Damaged> {
    let mut input = Input(bytes);
    {
        let [flags] = input.array::<1>()?;
        let mut row = input.bytes()?.to_vec();
        let check = blake3::hash(&row);
        row.extend_from_slice(&check.as_bytes()[..4]);
        let format = u32::from(flags & 3) + 1;
        let value = match format {
            _ if flags & 4 != 0 => input.0.to_vec(),
            1 => frames([input.bytes()?, input.bytes()?, input.0]),
            2..=4 => {
                let (counts, all) = numbers(format, usize::from(flags >> 5), usize::from(flags >> 3 & 3) + 1);
                columns(&mut input, counts, all)?
            }
            _ => return Err(Damaged("no format is called so")),
        };
        let zone = Zone::decode(format, 7, &row)?;
        let mut rest = None;
        for (page, core) in pages(&zone, value)?.into_iter().enumerate() {
            let _ = (core.times(), core.tids(), core.shapes(), core.kinds(), core.destinations());
            for path in core.paths()?.iter().take(ROWS) {
                core.paths()?.starting_with(path);
                for group in core.tables().groups_with(path, true)? {
                    let group = core.tables().group(group)?;
                    if let Some(path) = group.find(path)? {
                        let _ = (core.tables().pages_of_path(group, path), group.files_of(path));
                    }
                }
            }
            let _ = core.check_pages(page);
            let rest = match &mut rest {
                Some(rest) => rest,
                none => none.insert(Rest::decode(&zone, core.tables())?),
            };
            for row in 0..core.len().min(ROWS) {
                core.event(&zone, rest, row)?;
            }
        }
        Ok(())
    }
}

/// A chunk of contexts, as [`columns`] takes them.
fn chunk(bytes: &[u8]) -> Result<Vec<Context>, Damaged> {
    let value = columns(&mut Input(bytes), context::COUNTS, context::COLUMNS)?;
    let chunk = context::Chunk::unpack(migrations::CURRENT, &value)?;
    for id in 0..ROWS as u64 {
        chunk.get(id)?;
    }
    let summary = Summary::read(migrations::CURRENT, &value)?;
    for row in 0..summary.ids.len() {
        let _ = (summary.process(row), summary.creator(row), summary.container(row), summary.exe(row));
    }
    chunk.all()
}

/// Chunks of contexts, streams of contexts and the like, and summaries of them.
pub fn context(bytes: &[u8]) {
    let _ = chunk(bytes);
    let _ = Summary::unpack(bytes);
    let _ = unpack_stream(bytes);
    let _ = decode_stream::<Context>(bytes);
    let _ = decode_stream::<Exit>(bytes);
    let _ = decode_stream::<Gap>(bytes);
    let _ = decode_stream::<Provenance>(bytes);
    if let Ok(summary) = Summary::unpack(&pack(bytes, 1)) {
        for row in 0..summary.ids.len() {
            let _ = (summary.process(row), summary.creator(row), summary.container(row), summary.exe(row));
        }
    }
}

/// Indexes: which one (1 byte), then its chunk.
pub fn index(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let value = if which & 0x80 == 0 { pack(bytes, 1) } else { bytes.to_vec() };
    match which & 0x7f {
        0 => {
            let value = columns(&mut Input(bytes), 1, paths::COLUMNS).unwrap_or(value);
            if let Ok(chunk) = Chunk::open(value) {
                let _ = chunk.counts();
                let _ = chunk.each(|entry| entry.blocks(|_| Ok(())).map(|()| true));
            }
        }
        1 => {
            let _ = pids::each(&value, |entry| {
                entry.contexts()?;
                entry.blocks().map(|_| ())
            });
        }
        2 => {
            if let Ok(directory) = Directory::unpack(&value) {
                let _ = directory.size();
            }
        }
        3 => {
            if let Ok(tree) = Tree::unpack(&value, 100) {
                let ranges = tree.subtrees(&[1, 2, 3], |process| process.pid == 1);
                tree.blocks(&ranges, &mut [false; 100]);
            }
        }
        4 => {
            if let Ok(list) = List::unpack(&value) {
                let _ = (list.place(list.find(b"/usr")), list.total(), list.size());
            }
        }
        5 => {
            let _ = paths::images(&value);
        }
        6 => {
            if let Ok(lives) = Lives::unpack(&value) {
                for life in lives.iter() {
                    let _ = (lives.contexts(life), life.overlap(Some(1), Some(2)), lives.of(&life.process));
                }
            }
        }
        _ => {
            let _ = filter::may_have(bytes, 1);
        }
    }
}

/// Rows of `meta`.
pub fn facts(bytes: &[u8]) {
    let head = rmp_serde::from_slice::<Head>(bytes).unwrap_or(Head {
        number: 3,
        boot: 7,
        created: 5,
        first_event: 9,
        first_context: 4,
        previous: None,
        left_out: Vec::new(),
    });
    let _ = rmp_serde::from_slice::<Rewriting>(bytes);
    let _ = rewritten(bytes);
    let _ = Signed { format: 3, head: &head, digest: &[7; 32], origin: None }.check(Some(bytes));
    if let Ok(mut closed) = rmp_serde::from_slice::<Closed>(bytes) {
        closed.totals.add_kind(1, 1);
        let _ = closed.totals.next_event(1);
    }
}

/// A saved stream: the file as it is, or what is in it before it is packed.
pub fn stream(bytes: &[u8]) {
    let packed = [b"tachost1".as_slice(), &pack(bytes, 1)].concat();
    for file in [bytes, &packed] {
        if let Ok(reader) = StreamReader::new(file) {
            let _ = reader.take_while(Result::is_ok).take(ROWS).count();
        }
    }
}

/// The file of pins: what is read is written, and read again.
///
/// # Panics
/// If it is not the same then.
pub fn pins(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for text in [text, &format!("{}\n{text}", crate::pins::MAGIC)] {
        let list = crate::pins::parse(text, Path::new("pins"));
        assert_eq!(crate::pins::parse(&crate::pins::text(&list), Path::new("pins")), list);
    }
}

/// A pattern and, after a zero byte, a path.
pub fn pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (pattern, path) = text.split_once('\0').unwrap_or((&text, "/usr/bin/a"));
    if let Ok(pattern) = PathPattern::parse(pattern) {
        let matches = pattern.matches(path);
        assert!(!matches || path.starts_with(pattern.literal_prefix()));
        assert!(pattern.exact().is_none_or(|exact| (exact == path) == matches));
    }
}

/// Everything that can be asked of a segment's file.
pub fn segment(file: &Path) {
    if let Ok(store) = Store::open(file) {
        for order in [Order::Asc, Order::Desc] {
            let _ = store.events(&Query { limit: 1_000, order, ..Query::default() });
        }
        let _ = store.processes(&ProcessQuery { limit: 1_000, ..ProcessQuery::default() });
        let _ = store.paths("/", 1_000, None);
        let _ = (store.gaps(None, None, &[]), store.stats());
    }
    let _ = verify(file, &mut |_| {});
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use event::{
        Container, Context, Credentials, Detail, Event, File, FileFacts, Image, ImageRef, Kind, ProcessKey,
        Source,
    };

    use super::{chunk, context, decode_block, index, numbers, pins, segment};
    use crate::block::{Form, GENESIS, encode};
    use crate::bytes::{Input, put, put_bytes, unpack};

    /// Variable that names the fuzz targets' corpus, to write seeds to.
    const CORPUS: &str = "TACHO_CORPUS";

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

    /// A stored block as the fuzz target takes it.
    fn taken_apart(row: &[u8], value: &[u8], groups: u8, pages: u8) -> Vec<u8> {
        let mut out = vec![3 | (pages - 1) << 3 | groups << 5];
        let (counts, columns) = numbers(4, usize::from(groups), usize::from(pages));
        put_bytes(&mut out, &row[..row.len() - 4]);
        out.extend(columns_of(value, counts, columns));
        out
    }

    /// Counts and columns as the fuzz targets take them.
    fn columns_of(value: &[u8], counts: usize, columns: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut input = Input(&value[4..]);
        let mut directory = Input(input.bytes().unwrap());
        for _ in 0..counts {
            put(&mut out, directory.number().unwrap());
        }
        for _ in 0..columns {
            let [layout] = directory.array::<1>().unwrap();
            out.push(layout);
            let number = directory.number().unwrap();
            if layout == 0 {
                put(&mut out, number);
                continue;
            }
            let length = usize::try_from(directory.number().unwrap()).unwrap();
            put_bytes(&mut out, &unpack(input.take(length).unwrap(), 1 << 20).unwrap());
        }
        out
    }

    #[test]
    fn pins_come_through_the_fuzzers_door() {
        for text in ["", "tachopins1\na 5 9 3\nb 1\n", "a 5 9 3\n\u{ff}"] {
            pins(text.as_bytes());
        }
    }

    #[test]
    fn a_real_block_comes_through_the_fuzzers_door() {
        let events = events();
        let refs: Vec<&Event> = events.iter().collect();
        let seeds = [(Form::Open, 1, 1), (Form::Closed(1), 4, 3)].map(|(form, groups, pages)| {
            let (zone, value) = encode(7, &refs, true, &GENESIS, form);
            let seed = taken_apart(&zone.encode(), &value, groups, pages);
            decode_block(&seed).unwrap();
            seed
        });
        if let Some(corpus) = std::env::var_os(CORPUS) {
            let corpus = Path::new(&corpus);
            for target in ["block", "context", "index", "facts", "stream", "pattern", "pins", "segment"] {
                std::fs::create_dir_all(corpus.join(target)).unwrap();
            }
            std::fs::write(corpus.join("block/real"), &seeds[0]).unwrap();
            std::fs::write(corpus.join("block/pages"), &seeds[1]).unwrap();
            let mut paths = crate::index::paths::Builder::default();
            for (at, event) in events.iter().enumerate() {
                paths.add(event.file.as_ref().map_or("/", |file| &file.path), at as u64, 1, at == 3);
            }
            let chunks = paths.chunks(1);
            let seed = columns_of(&chunks[0].1, 1, crate::index::paths::COLUMNS);
            std::fs::write(corpus.join("index/paths"), [&[0], &seed[..]].concat()).unwrap();
            for (which, name, value) in
                [(4, "list", crate::index::run::list(&chunks, 1)), (5, "images", paths.images(1))]
            {
                let seed = unpack(&value, 1 << 20).unwrap();
                std::fs::write(corpus.join("index").join(name), [&[which], &seed[..]].concat()).unwrap();
            }
            let pins = "tachopins1\na 5 9 3\nincident-2.x_ -3 9223372036854775807 0\n";
            std::fs::write(corpus.join("pins/two"), pins).unwrap();
            let batch = rmp_serde::to_vec(&crate::Batch { events, ..crate::Batch::default() }).unwrap();
            let length = u32::try_from(batch.len()).unwrap().to_le_bytes();
            std::fs::write(corpus.join("stream/batch"), [&length[..], &batch].concat()).unwrap();
            let head = crate::segment::meta::Head {
                number: 3,
                boot: 7,
                created: 5,
                first_event: 9,
                first_context: 4,
                previous: Some(GENESIS),
                left_out: vec![crate::LeftOutRule::new("mmap".to_owned(), &[event::Kind::Mmap])],
            };
            std::fs::write(corpus.join("facts/head"), rmp_serde::to_vec(&head).unwrap()).unwrap();
            let gap = (1, 2, "File", Some(3), "RingFull");
            std::fs::write(corpus.join("context/gap"), rmp_serde::to_vec(&gap).unwrap()).unwrap();
            std::fs::write(corpus.join("pattern/glob"), b"/usr/**/a*.h\0/usr/include/a.h").unwrap();
            std::fs::write(corpus.join("segment/head"), [2, 0, 0x10, 0, 2, 1, 1]).unwrap();
        }
    }

    #[test]
    fn a_real_chunk_of_contexts_comes_through_the_fuzzers_door() {
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
        let contexts: Vec<Context> = (1..20).map(context).collect();
        let value = crate::context::encode(&contexts.iter().collect::<Vec<_>>(), Form::Open);
        let seed = columns_of(&value, crate::context::COUNTS, crate::context::COLUMNS);
        assert_eq!(chunk(&seed).unwrap(), contexts);
        if let Some(corpus) = std::env::var_os(CORPUS) {
            std::fs::create_dir_all(Path::new(&corpus).join("context")).unwrap();
            std::fs::write(Path::new(&corpus).join("context/chunk"), &seed).unwrap();
            let mut lives = crate::index::lives::Builder::default();
            lives.add(&crate::context::Summary::of(&contexts.iter().collect::<Vec<_>>()));
            lives.exit(&event::Exit { process: contexts[0].process, time: 1 << 40, status: None });
            let seed = unpack(&lives.lives().pack(1), 1 << 20).unwrap();
            std::fs::create_dir_all(Path::new(&corpus).join("index")).unwrap();
            std::fs::write(Path::new(&corpus).join("index/lives"), [&[6], &seed[..]].concat()).unwrap();
        }
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
}
