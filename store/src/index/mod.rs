//! The indexes of a packed segment, and the filters of any: what tells where to look without looking.
//!
//! They say nothing that is not in the blocks and contexts. Each value has a checksum, and a sorted run has a list of all
//! of its chunks, so that damage is noticed; then readers look everywhere instead.

mod boots;
pub mod directory;
pub mod filter;
mod gather;
pub mod lives;
mod occurrences;
pub mod paths;
pub mod pids;
pub mod run;
pub mod tree;

use std::collections::HashMap;
use std::sync::Arc;

use event::{Exit, Kind};
use redb::{StorageError, Table, WriteTransaction};

use self::directory::{Directory, Line};
use self::filter::{Term, directory_terms, hash};
use self::gather::{Found, Runs};
use self::occurrences::Occurrences;
use crate::block::{Core, Zone, split};
use crate::bytes::Damaged;
use crate::context::Summary;
use crate::reader::ImagePaths;
use crate::segment::file::FileError;
use crate::segment::tables::{FILTERS, INDEX, PieceKey, piece_key, put_index};

/// Number of the row of the [`Directory`] in the table `index`.
pub const DIRECTORY: u64 = 0;
/// Number of the row of the [`tree::Tree`].
pub const TREE: u64 = 1;
/// Number of the row of the [`run::List`] of paths; the next one has the chunks.
pub const PATHS: u64 = 2;
/// Likewise of processes.
pub const PIDS: u64 = 4;
/// Number of the row of the paths that are images.
pub const IMAGES: u64 = 6;
/// Number of the row of the [`lives::Lives`].
pub const LIVES: u64 = 7;
/// First format that has [`LIVES`].
pub const LIVES_FROM: u32 = 3;
/// First format whose indexes are those that [`Builder`] makes. Those of earlier ones are not used.
pub const BUILT_FROM: u32 = 3;

/// Collects, block by block and chunk by chunk, what the indexes of a packed segment say.
#[derive(Debug, Default)]
pub struct Builder {
    lines: Vec<Line>,
    chunks: Vec<(u64, u64, u64)>,
    paths: Runs,
    pids: pids::Builder,
    tree: tree::Builder,
    lives: lives::Builder,
    blocks: Occurrences,
}

impl Builder {
    /// A block as it will be stored, by its pages; blocks come in order. `images` are the paths of the contexts' images.
    pub fn block(&mut self, zone: &Zone, pages: &[Core], images: &ImagePaths) -> Result<(), Damaged> {
        let number = self.lines.len() as u64;
        self.lines.push(Line::of(zone));
        self.blocks.add(&zone.contexts, number);
        let Some(tables) = pages.first().map(Core::tables) else { return Ok(()) };
        let mut counts = vec![0_u64; tables.path_count()];
        let mut image_events: HashMap<&str, u64> = HashMap::new();
        for core in pages {
            for file in core.files()?.iter().chain(core.destinations()?) {
                if let Some(count) = core.path(*file)?.and_then(|path| counts.get_mut(path as usize)) {
                    *count += 1;
                }
            }
            for (kind, who) in core.kinds()?.iter().zip(core.whos()?) {
                if matches!(kind, Kind::Exec | Kind::Exit)
                    && let Some(path) =
                        zone.contexts.get(*who as usize).and_then(|context| images.get(*context))
                {
                    *image_events.entry(path).or_default() += 1;
                }
            }
        }
        let groups = (0..tables.group_count()?).map(|group| tables.group(group)?.list());
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        let files = groups.iter().flat_map(|paths| paths.iter()).zip(counts);
        let files = files.map(|(path, events)| Found { path: path.as_bytes(), events, image: false });
        let images = image_events.into_iter();
        let images = images.map(|(path, events)| Found { path: path.as_bytes(), events, image: true });
        self.paths.add(number, files.chain(images).collect());
        Ok(())
    }

    /// A chunk of contexts as it will be stored.
    pub fn contexts(&mut self, key: u64, summary: &Summary) {
        if let (Some(low), Some(high)) = (summary.ids.iter().min(), summary.ids.iter().max()) {
            self.chunks.push((*low, *high, key));
        }
        self.tree.add(summary);
        self.lives.add(summary);
        for (row, id) in summary.ids.iter().enumerate() {
            self.pids.add(summary.process(row), *id);
        }
    }

    /// The end of a process.
    pub fn exit(&mut self, exit: &Exit) {
        self.lives.exit(exit);
    }

    /// What stands in the tables, packed at a level of zstd.
    pub fn rows(self, level: i32) -> Result<Rows, Damaged> {
        let mut terms = Vec::new();
        let mut chunks = paths::Chunks::new(level);
        let mut last: Vec<u8> = Vec::new();
        self.paths.merge(|path, posting| {
            // Who knows directory and name asks the index itself for the path. What is in one directory comes together.
            directory_terms(&path, |directory| !last.starts_with(directory), &mut terms);
            terms.push(hash(Term::Name, split(&path).1));
            last.clone_from(&path);
            chunks.push(path, posting);
        })?;
        terms.extend(
            self.pids.pids().chain(self.tree.creators()).map(|pid| hash(Term::Pid, &pid.to_le_bytes())),
        );
        terms.sort_unstable();
        terms.dedup();
        let (paths, images) = chunks.finish();
        let blocks = self.blocks.sorted();
        let directory = Directory { lines: self.lines, chunks: Arc::new(self.chunks) };
        Ok(Rows {
            terms,
            paths,
            images,
            pids: self.pids.chunks(&blocks, level),
            directory: directory.pack(level),
            tree: self.tree.pack(&blocks, level),
            lives: self.lives.lives().pack(level),
        })
    }

    /// Writes the tables.
    pub fn write(self, write: &WriteTransaction, level: i32) -> Result<(), FileError> {
        let rows = self.rows(level)?;
        put_filter(&mut write.open_table(FILTERS)?, 0, &rows.terms)?;
        let mut table = write.open_table(INDEX)?;
        put_index(&mut table, DIRECTORY, &rows.directory)?;
        put_index(&mut table, TREE, &rows.tree)?;
        put_index(&mut table, IMAGES, &rows.images)?;
        put_index(&mut table, LIVES, &rows.lives)?;
        for (row, chunks) in [(PATHS, rows.paths), (PIDS, rows.pids)] {
            put_index(&mut table, row, &run::list(&chunks, level))?;
            let chunks: Vec<u8> = chunks.into_iter().flat_map(|(_, chunk)| chunk).collect();
            put_index(&mut table, row + 1, &chunks)?;
        }
        Ok(())
    }
}

/// What stands in the tables of a packed segment's indexes.
#[derive(Debug)]
pub struct Rows {
    /// Hashes of the filter's terms, each once.
    pub terms: Vec<u64>,
    /// Chunks of paths.
    pub paths: Vec<run::Keyed>,
    /// The paths that are images.
    pub images: Vec<u8>,
    /// Chunks of processes.
    pub pids: Vec<run::Keyed>,
    /// The [`Directory`].
    pub directory: Vec<u8>,
    /// The [`tree::Tree`].
    pub tree: Vec<u8>,
    /// The [`lives::Lives`].
    pub lives: Vec<u8>,
}

/// Writes a filter of some hashes, each of which should be there only once.
pub fn put_filter(
    table: &mut Table<'_, &'static PieceKey, &'static [u8]>,
    number: u64,
    hashes: &[u64],
) -> Result<usize, StorageError> {
    let mut written = 0;
    for (part, value) in filter::parts(hashes).iter().enumerate() {
        table.insert(&piece_key(number, u16::try_from(part).unwrap_or(u16::MAX)), value.as_slice())?;
        written += value.len();
    }
    Ok(written)
}

/// Hashes of paths and of the directories that these are in, each once: no path may come again, and directories, with
/// their slash, must be in order.
pub fn terms_of<'a>(
    paths: impl Iterator<Item = &'a [u8]>,
    directories: impl Iterator<Item = &'a [u8]>,
) -> Vec<u64> {
    let mut terms: Vec<u64> = paths.map(|path| hash(Term::Path, path)).collect();
    let mut met: &[u8] = &[];
    for path in directories {
        // What is in one directory lies together: one that the last path was not in was not met.
        directory_terms(path, |directory| !met.starts_with(directory), &mut terms);
        met = path;
    }
    terms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::filter::path_terms;
    use super::terms_of;
    use crate::block::BlockBuilder;

    #[test]
    fn each_path_and_each_directory_is_a_term_once() {
        let names = [
            "/b/c/x",
            "/a/b",
            "/b/c/x",
            "a",
            "/b.d/e",
            "/b/c.d/e",
            "/b/cd/e/f/g",
            "//x",
            "/b/",
            "",
            "/b/c/y",
            "/b",
        ];
        let events: Vec<event::Event> = (names.iter().zip(0..))
            .map(|(path, flags)| event::Event {
                time: 0,
                kind: event::Kind::Open,
                context: 1,
                tid: 1,
                retval: 0,
                flags: 0,
                file: Some(event::File { path: (*path).to_owned(), flags, ..event::File::default() }),
                destination: None,
                detail: event::Detail::None,
            })
            .collect();
        let mut builder = BlockBuilder::new(0);
        (1..).zip(&events).for_each(|(id, event)| builder.push(id, event));
        let order = builder.order();
        let terms = terms_of(builder.paths(&order), builder.directories(&order));
        let mut expected = Vec::new();
        for path in names {
            path_terms(path.as_bytes(), |_| true, &mut expected);
        }
        let expected: BTreeSet<u64> = expected.into_iter().collect();
        assert_eq!(terms.len(), expected.len());
        assert_eq!(terms.into_iter().collect::<BTreeSet<_>>(), expected);
    }
}
