//! Whether the indexes of a segment have all that is in its blocks and contexts. One that leaves something out makes answers
//! incomplete without a word, and its hashes are right: so it is made again, and compared.

use std::collections::HashMap;
use std::sync::Arc;

use redb::ReadableTable as _;

use crate::SegmentState;
use crate::block::{Core, Zone};
use crate::bytes::{Damaged, unpack};
use crate::index::filter::{parts, path_terms};
use crate::index::{BUILT_FROM, Builder, DIRECTORY, LIVES, LIVES_FROM, Rows, TREE};
use crate::limits::MAX_SECTION;
use crate::reader::{Contexts, Filters, Segment, Shared, View, exits, image_paths};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{FILTERS, INDEX, PATHS, PIDS, get, piece_key};

/// Level of zstd of what is only made to be compared.
const LEVEL: i32 = 1;

/// Indexes made again, block by block.
pub struct Indexes {
    /// None if it is not packed, or of a format whose indexes are no longer made.
    made: Option<(Builder, HashMap<u64, Arc<str>>)>,
    filters: Filters,
}

impl Indexes {
    /// Of a segment.
    pub fn new(shared: &Shared, segment: &Segment, view: &View) -> Result<Self, FileError> {
        let packed = matches!(segment.form(), SegmentState::Packed | SegmentState::Thinned);
        let made = if packed && view.format >= BUILT_FROM {
            Some((Builder::default(), image_paths(&Contexts::new(shared, segment, view)?)?))
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
            path_terms(path, |_| true, &mut terms);
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
        for exit in exits(view)? {
            builder.exit(&exit);
        }
        let rows = builder.rows(LEVEL);
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

fn compare(view: &View, rows: Rows) -> Result<(), FileError> {
    let table = view.transaction.open_table(INDEX)?;
    let lives = (view.format >= LIVES_FROM).then_some(("lives", LIVES, rows.lives));
    let others = [("blocks", DIRECTORY, rows.directory), ("descendants", TREE, rows.tree)];
    for (what, key, made) in others.into_iter().chain(lives) {
        let stored = get(&table, key)?.ok_or_else(|| wrong(what))?;
        if !same(&stored, &made)? {
            return Err(wrong(what));
        }
    }
    let mut made = rows.paths.into_iter();
    for row in view.transaction.open_table(PATHS)?.iter()? {
        let (key, stored) = row?;
        let (begin, made) = made.next().ok_or_else(|| wrong("paths"))?;
        if key.value() != begin || !same(stored.value(), &made)? {
            return Err(wrong("paths"));
        }
    }
    if made.next().is_some() {
        return Err(wrong("paths"));
    }
    let mut made = rows.pids.into_iter();
    for row in view.transaction.open_table(PIDS)?.iter()? {
        let (key, stored) = row?;
        let (begin, made) = made.next().ok_or_else(|| wrong("processes"))?;
        if *key.value() != begin.to_be_bytes() || !same(stored.value(), &made)? {
            return Err(wrong("processes"));
        }
    }
    if made.next().is_some() {
        return Err(wrong("processes"));
    }
    let filters = view.transaction.open_table(FILTERS)?;
    for (part, made) in (0..).zip(parts(rows.terms)) {
        if filters.get(&piece_key(0, part))?.is_none_or(|stored| stored.value() != made) {
            return Err(FileError::Damaged("its filter is not that of its events".to_owned()));
        }
    }
    Ok(())
}
