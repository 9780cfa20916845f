//! Doors for the fuzz targets: every decoder of stored bytes. Where the bytes would be packed or have a checksum, that is
//! put around them here, because no fuzzer finds valid frames and checksums by itself.

use std::path::Path;

use event::{Context, Exit, Gap, Provenance};

use crate::block::{Rest, Zone, pages};
use crate::bytes::{Damaged, Input, pack, put, put_bytes};
use crate::context::{
    self, EXIT_COLUMNS, EXIT_COLUMNS_FROM, EXIT_COUNTS, Summary, decode_exits, decode_stream, unpack_stream,
};
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
/// Likewise formats 3 to 5, without those of groups and pages.
const COUNTS_3: usize = 6;
const TABLES_3: usize = 16;
const TABLES_4: usize = 17;
const GROUP_COLUMNS: usize = 17;
const PAGE_COLUMNS_3: usize = 7;
const PAGE_COLUMNS_4: usize = 8;

/// Counts and columns of a block of a format (2 to 5) with so many groups and pages.
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

/// A header row and a block: flags (2 bytes; of the first, bits 0 to 2 the format less one, 3 the value as it is, 4 and 5 the
/// pages less one; of the second, bits 0 to 2 the groups), then the row (without its checksum), then the
/// value, or its three sections, or its columns; all but the last after its length.
pub fn block(bytes: &[u8]) {
    let _ = decode_block(bytes);
}

fn decode_block(bytes: &[u8]) -> Result<(), Damaged> {
    let mut input = Input(bytes);
    {
        let [flags, groups] = input.array::<2>()?;
        let mut row = input.bytes()?.to_vec();
        let check = blake3::hash(&row);
        row.extend_from_slice(&check.as_bytes()[..4]);
        let format = u32::from(flags & 7) + 1;
        let value = match format {
            1..=5 if flags & 8 != 0 => input.0.to_vec(),
            1 => frames([input.bytes()?, input.bytes()?, input.0]),
            2..=5 => {
                let (counts, all) = numbers(format, usize::from(groups & 7), usize::from(flags >> 4 & 3) + 1);
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
    if let Ok(value) = columns(&mut Input(bytes), EXIT_COUNTS, EXIT_COLUMNS) {
        let _ = decode_exits(EXIT_COLUMNS_FROM, &value);
    }
    let _ = decode_stream::<Gap>(bytes);
    let _ = decode_stream::<Provenance>(bytes);
    if let Ok(summary) = Summary::unpack(&pack(bytes, 1)) {
        for row in 0..summary.ids.len() {
            let _ = (summary.process(row), summary.creator(row), summary.container(row), summary.exe(row));
        }
    }
}

/// Indexes: which one (1 byte; bit 6: of format 4), then its chunk.
pub fn index(bytes: &[u8]) {
    let _ = decode_index(bytes);
}

fn decode_index(bytes: &[u8]) -> Result<(), Damaged> {
    let Some((which, bytes)) = bytes.split_first() else { return Ok(()) };
    let value = if which & 0x80 == 0 { pack(bytes, 1) } else { bytes.to_vec() };
    let format = if which & 0x40 == 0 { migrations::CURRENT } else { 4 };
    match which & 0x3f {
        0 => {
            let value = columns(&mut Input(bytes), 1, paths::COLUMNS).unwrap_or(value);
            let chunk = Chunk::open(format, value)?;
            let _ = chunk.counts();
            chunk.each(|entry| entry.blocks(|_| Ok(())).map(|()| true)).map(|_| ())
        }
        1 => pids::each(&value, |entry| {
            entry.contexts()?;
            entry.blocks().map(|_| ())
        }),
        2 => Directory::unpack(&value).map(|directory| {
            let _ = directory.size();
        }),
        3 => Tree::unpack(&value, 100).map(|tree| {
            let ranges = tree.subtrees(&[1, 2, 3], |process| process.pid == 1);
            tree.blocks(&ranges, &mut [false; 100]);
        }),
        4 => List::unpack(&value).map(|list| {
            let _ = (list.place(list.find(b"/usr")), list.total(), list.size());
        }),
        5 => paths::images(&value).map(|_| ()),
        6 => Lives::unpack(&value).map(|lives| {
            for life in lives.iter() {
                let _ = (lives.contexts(life), life.overlap(Some(1), Some(2)), lives.of(&life.process));
            }
        }),
        _ => filter::may_have(bytes, 1).map(|_| ()),
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
    let _ = Signed { format: migrations::CURRENT, head: &head, digest: &[7; 32], origin: None }
        .check(Some(bytes));
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
mod tests;
