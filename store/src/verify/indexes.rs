//! Whether the indexes of a segment have all that is in its blocks and contexts. One that leaves something out makes answers
//! incomplete without a word, and its hashes are right: so it is made again, and compared.

use crate::SegmentState;
use crate::block::{Core, Zone};
use crate::bytes::{Damaged, unpack};
use crate::index::filter::{parts, path_terms};
use crate::index::paths::Chunk;
use crate::index::run::{Keyed, List};
use crate::index::{BUILT_FROM, Builder, DIRECTORY, IMAGES, LIVES, PATHS, PIDS, Rows, TREE};
use crate::limits::MAX_SECTION;
use crate::reader::{Contexts, Filters, ImagePaths, Segment, Shared, View, each_exit};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{FILTERS, INDEX, PieceKey, get, piece_key};

/// Level of zstd of what is only made to be compared.
const LEVEL: i32 = 1;

/// Indexes made again, block by block.
pub struct Indexes {
    /// None if it is not packed, or of a format whose indexes are no longer made.
    made: Option<(Builder, ImagePaths)>,
    filters: Filters,
}

impl Indexes {
    /// Of a segment.
    pub fn new(shared: &Shared, segment: &Segment, view: &View) -> Result<Self, FileError> {
        let packed = matches!(segment.form(), SegmentState::Packed | SegmentState::Thinned);
        let made = if packed && view.format >= BUILT_FROM {
            Some((Builder::default(), ImagePaths::of(&Contexts::new(shared, segment, view)?)?))
        } else {
            None
        };
        Ok(Self { made, filters: Filters::new(view)? })
    }

    /// The next block, by its pages. If the segment is not packed, the block has a filter of its own.
    pub fn block(&mut self, zone: &Zone, pages: &[Core]) -> Result<(), Damaged> {
        if let Some((builder, images)) = &mut self.made {
            return builder.block(zone, pages, images);
        }
        let Some(tables) = pages.first().map(Core::tables) else { return Ok(()) };
        let mut terms = Vec::new();
        for path in tables.paths()?.iter() {
            path_terms(path.as_bytes(), |_| true, &mut terms);
            terms.retain(|term| !self.filters.may_have(zone.first, &[*term]));
            if !terms.is_empty() {
                return Err(Damaged("its filter leaves out a path"));
            }
        }
        Ok(())
    }

    /// After all blocks: what is left out, or too much.
    pub fn check(self, shared: &Shared, segment: &Segment, view: &View) -> Result<(), FileError> {
        let Some((mut builder, _)) = self.made else { return Ok(()) };
        Contexts::new(shared, segment, view)?.each(|chunk, summary| builder.contexts(chunk, summary))?;
        each_exit(view, |exit| builder.exit(&exit))?;
        let rows = builder.rows(LEVEL)?;
        guarded(|| compare(view, rows))
    }
}

fn wrong(what: &'static str) -> FileError {
    FileError::Damaged(format!("its index of {what} is not that of its events"))
}

/// Whether a value is the same, but for how well it is packed.
fn same(stored: &[u8], made: &[u8]) -> Result<bool, Damaged> {
    Ok(unpack(stored, MAX_SECTION)? == unpack(made, MAX_SECTION)?)
}

/// The chunks of a stored index, after its list's keys have been compared with those made.
fn chunks(
    table: &redb::ReadOnlyTable<&'static PieceKey, &'static [u8]>,
    row: u64,
    made: &[Keyed],
    what: &'static str,
) -> Result<Vec<Vec<u8>>, FileError> {
    let list = List::unpack(&get(table, row)?.ok_or_else(|| wrong(what))?)?;
    let keys = made.iter().map(|(key, _)| Some(key.as_slice()));
    if list.len() != made.len() || !keys.eq((0..list.len()).map(|chunk| list.key(chunk))) {
        return Err(wrong(what));
    }
    let all = get(table, row + 1)?.ok_or_else(|| wrong(what))?;
    if all.len() != list.total() {
        return Err(wrong(what));
    }
    let chunk = |chunk| all.get(list.place(chunk)).map(<[u8]>::to_vec).ok_or_else(|| wrong(what));
    (0..list.len()).map(chunk).collect()
}

fn compare(view: &View, rows: Rows) -> Result<(), FileError> {
    let table = view.transaction.open_table(INDEX)?;
    for (what, key, made) in [
        ("blocks", DIRECTORY, rows.directory),
        ("descendants", TREE, rows.tree),
        ("images", IMAGES, rows.images),
        ("lives", LIVES, rows.lives),
    ] {
        let stored = get(&table, key)?.ok_or_else(|| wrong(what))?;
        if !same(&stored, &made)? {
            return Err(wrong(what));
        }
    }
    let stored = chunks(&table, PATHS, &rows.paths, "paths")?;
    for (stored, (_, made)) in stored.into_iter().zip(rows.paths) {
        if !Chunk::open(view.format, stored)?.same(&Chunk::open(migrations::CURRENT, made)?)? {
            return Err(wrong("paths"));
        }
    }
    let stored = chunks(&table, PIDS, &rows.pids, "processes")?;
    for (stored, (_, made)) in stored.into_iter().zip(rows.pids) {
        if !same(&stored, &made)? {
            return Err(wrong("processes"));
        }
    }
    let filters = view.transaction.open_table(FILTERS)?;
    for (part, made) in (0..).zip(parts(&rows.terms)) {
        if filters.get(&piece_key(0, part))?.is_none_or(|stored| stored.value() != made) {
            return Err(FileError::Damaged("its filter is not that of its events".to_owned()));
        }
    }
    Ok(())
}
