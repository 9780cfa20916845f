//! Names and shapes of a segment's tables, and values cut into pieces.

use std::ops::Range;

use redb::{ReadableTable, StorageError, Table, TableDefinition};

/// Key of a piece: number (big-endian u64), piece (big-endian u16).
pub type PieceKey = [u8; 10];
/// Table of values cut into pieces.
pub type Pieces = TableDefinition<'static, &'static PieceKey, &'static [u8]>;

/// Facts of the segment by name.
pub const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");
/// First event id (big-endian) to the block's header row.
pub const ZONES: TableDefinition<'static, &'static [u8; 8], &'static [u8]> = TableDefinition::new("zones");
/// First event id to the block.
pub const BLOCKS: Pieces = TableDefinition::new("blocks");
/// Chunk number to a chunk of contexts.
pub const CONTEXTS: Pieces = TableDefinition::new("contexts");
/// Chunk number to what queries need of that chunk's contexts; in formats 1 and 2 only.
pub const SUMMARIES: Pieces = TableDefinition::new("summaries");
/// Row number to exits.
pub const EXITS: Pieces = TableDefinition::new("exits");
/// Row number to gaps.
pub const GAPS: Pieces = TableDefinition::new("gaps");
/// Row number to what was found out about files; missing in segments of before there was such a table.
pub const PROVENANCE: Pieces = TableDefinition::new("provenance");
/// First path of a chunk to a chunk of the path index; packed segments of formats 1 and 2 only.
pub const PATHS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("paths");
/// First pid of a chunk (big-endian) to a chunk of the process index; packed segments of formats 1 and 2 only.
pub const PIDS: TableDefinition<'static, &'static [u8; 4], &'static [u8]> = TableDefinition::new("pids");

/// Indexes, by the numbers of `crate::index`; packed segments only, and not those of format 1.
pub const INDEX: Pieces = TableDefinition::new("index");
/// Filters in parts (not pieces: each part can be asked alone), by first event id of the sealed block whose paths it has;
/// in packed segments one of everything, by 0. None in segments of format 1.
pub const FILTERS: Pieces = TableDefinition::new("filters");

/// Largest piece: redb gives each large value a power of two of bytes, so that pieces just under one waste nothing. Each
/// is read as a whole, also for a few bytes. (In format 2 and before four times as many.)
const LARGEST: usize = 1 << 16;
/// Likewise of indexes, of which chunks of some thousand bytes are asked for; what is left between large pieces when redb
/// moves them together is not used.
pub const INDEX_PIECE: usize = 1 << 14;
/// Smallest piece cut off on purpose.
const SMALLEST: usize = 1 << 12;
/// Bytes that redb adds to a lone row of a leaf, with room to spare.
const ROW_OVERHEAD: usize = 64;

/// Key of a piece.
pub fn piece_key(number: u64, piece: u16) -> PieceKey {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(&piece.to_be_bytes());
    key
}

fn first_piece(rest: usize, largest: usize) -> usize {
    let mut size = largest;
    while size >= SMALLEST {
        if rest > size - ROW_OVERHEAD {
            return size - ROW_OVERHEAD;
        }
        size /= 2;
    }
    rest
}

/// Writes a value in pieces, in place of the one that may be there.
pub fn put(
    table: &mut Table<'_, &'static PieceKey, &'static [u8]>,
    number: u64,
    value: &[u8],
) -> Result<(), StorageError> {
    remove(table, number)?;
    add(table, number, value)
}

/// Writes a value of an index where there is none of that number.
pub fn put_index(
    table: &mut Table<'_, &'static PieceKey, &'static [u8]>,
    number: u64,
    value: &[u8],
) -> Result<(), StorageError> {
    add_pieces(table, number, value, INDEX_PIECE)
}

/// Writes a value in pieces where there is none of that number.
pub fn add(
    table: &mut Table<'_, &'static PieceKey, &'static [u8]>,
    number: u64,
    value: &[u8],
) -> Result<(), StorageError> {
    add_pieces(table, number, value, LARGEST)
}

fn add_pieces(
    table: &mut Table<'_, &'static PieceKey, &'static [u8]>,
    number: u64,
    value: &[u8],
    largest: usize,
) -> Result<(), StorageError> {
    let mut rest = value;
    let mut piece = 0;
    loop {
        let (now, later) = rest.split_at(first_piece(rest.len(), largest));
        table.insert(&piece_key(number, piece), now)?;
        if later.is_empty() {
            return Ok(());
        }
        rest = later;
        piece += 1;
    }
}

/// Removes a value.
pub fn remove(
    table: &mut Table<'_, &'static PieceKey, &'static [u8]>,
    number: u64,
) -> Result<(), StorageError> {
    table.retain_in::<&PieceKey, _>(&piece_key(number, 0)..=&piece_key(number, u16::MAX), |_, _| false)
}

/// Reads a value; `None` if it is not there.
pub fn get(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    number: u64,
) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(get_counted(table, number)?.map(|(value, _)| value))
}

/// Reads a value, and tells in how many pieces it was.
pub fn get_counted(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    number: u64,
) -> Result<Option<(Vec<u8>, u64)>, StorageError> {
    let mut value: Option<(Vec<u8>, u64)> = None;
    for row in table.range::<&PieceKey>(&piece_key(number, 0)..=&piece_key(number, u16::MAX))? {
        let (_, piece) = row?;
        let (value, pieces) = value.get_or_insert_with(Default::default);
        value.extend_from_slice(piece.value());
        *pieces += 1;
    }
    Ok(value)
}

/// Reads some bytes of a value of `length` bytes, written in pieces of this release; fewer if they are not there. Only the
/// pieces that have some of them are read.
pub fn get_range(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    number: u64,
    length: usize,
    range: Range<usize>,
) -> Result<Vec<u8>, StorageError> {
    pieces_of(table, number, length, range, LARGEST)
}

/// Likewise of an index.
pub fn index_range(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    number: u64,
    length: usize,
    range: Range<usize>,
) -> Result<Vec<u8>, StorageError> {
    pieces_of(table, number, length, range, INDEX_PIECE)
}

fn pieces_of(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    number: u64,
    length: usize,
    range: Range<usize>,
    largest: usize,
) -> Result<Vec<u8>, StorageError> {
    let mut value = Vec::with_capacity(range.len());
    let (mut start, mut piece) = (0, 0);
    while start < range.end.min(length) {
        let end = start + first_piece(length - start, largest);
        if end > range.start {
            let Some(row) = table.get(&piece_key(number, piece))? else { return Ok(value) };
            let from = range.start.saturating_sub(start);
            let part = row.value().get(from..(range.end - start).min(end - start));
            value.extend_from_slice(part.unwrap_or_default());
        }
        (start, piece) = (end, piece + 1);
    }
    Ok(value)
}

/// First piece of a value.
pub fn get_first(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    number: u64,
) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(table.get(&piece_key(number, 0))?.map(|piece| piece.value().to_vec()))
}

/// All values, by number.
pub fn all(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    mut each: impl FnMut(u64, Vec<u8>),
) -> Result<(), StorageError> {
    try_all(table, |number, value| {
        each(number, value);
        Ok(())
    })
}

/// Likewise, until one of them is an error.
pub fn try_all<E: From<StorageError>>(
    table: &impl ReadableTable<&'static PieceKey, &'static [u8]>,
    mut each: impl FnMut(u64, Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let mut current: Option<(u64, Vec<u8>)> = None;
    for row in table.iter()? {
        let (key, piece) = row?;
        let mut number = [0; 8];
        number.copy_from_slice(&key.value()[..8]);
        let number = u64::from_be_bytes(number);
        match &mut current {
            Some((at, value)) if *at == number => value.extend_from_slice(piece.value()),
            _ => {
                if let Some((at, value)) = current.replace((number, piece.value().to_vec())) {
                    each(at, value)?;
                }
            }
        }
    }
    match current {
        Some((at, value)) => each(at, value),
        None => Ok(()),
    }
}

/// The table that tells what queries need of each chunk of contexts.
pub const fn summaries(format: u32) -> Pieces {
    if crate::context::has_summaries(format) { SUMMARIES } else { CONTEXTS }
}
