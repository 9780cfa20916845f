//! Asking the indexes of a packed segment: which blocks and contexts can have what is asked for.

use std::collections::HashSet;
use std::sync::Arc;

use redb::{ReadOnlyTable, TableError};

use super::cache::{Cached, Sort};
use super::chosen::Who;
use super::filters::{Filters, terms};
use super::path_index::of_pattern;
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::bytes::Damaged;
use crate::index::directory::{Directory, mask};
use crate::index::filter::{Term, hash};
use crate::index::run::List;
use crate::index::tree::Tree;
use crate::index::{BUILT_FROM, DIRECTORY, IMAGES, PIDS, TREE, paths, pids};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{INDEX, PieceKey, get, index_range};
use crate::{Filter, PathPattern, SegmentState};

type Pieces = ReadOnlyTable<&'static PieceKey, &'static [u8]>;

fn table(view: &View) -> Result<Option<Pieces>, FileError> {
    match view.transaction.open_table(INDEX) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The directory of a segment's indexes; `None` if there are none (it is not packed, or of an earlier format) or they are
/// damaged, so that everything must be looked at.
pub fn directory(shared: &Shared, segment: &Segment, view: &View) -> Option<Arc<Directory>> {
    if !matches!(segment.form(), SegmentState::Packed | SegmentState::Thinned) || view.format < BUILT_FROM {
        return None;
    }
    let key = (segment.uid, 0, 0);
    if let Some(Cached::Directory(directory)) = shared.cache.get(Sort::Directory, key) {
        return Some(directory);
    }
    let read = || {
        let Some(table) = table(view)? else { return Ok(None) };
        let value = get(&table, DIRECTORY)?.ok_or(Damaged("the directory is missing"))?;
        Ok(Some(Arc::new(Directory::unpack(&value)?)))
    };
    let directory = guarded(read).inspect_err(|error| unusable(segment, error)).ok()??;
    shared.cache.put(Sort::Directory, key, Cached::Directory(Arc::clone(&directory)), directory.size());
    Some(directory)
}

/// A damaged index costs time, no events.
pub fn unusable(segment: &Segment, error: &FileError) {
    tracing::debug!(file = %segment.path.display(), %error, "an index cannot be used; everything is looked at");
}

/// What stands in the table of indexes under a number.
pub fn stored(view: &View, number: u64) -> Result<Vec<u8>, FileError> {
    let table = table(view)?.ok_or(Damaged("an index is missing"))?;
    Ok(get(&table, number)?.ok_or(Damaged("an index is missing"))?)
}

/// The contexts of the processes that a filter asks for; `None` if no index tells.
pub fn who(shared: &Shared, segment: &Segment, view: &View, filter: &Filter) -> Option<Who> {
    let directory = directory(shared, segment, view)?;
    let look = || processes(shared, segment, view, &directory, filter);
    guarded(look).inspect_err(|error| unusable(segment, error)).ok().map(|(who, _)| who)
}

/// Whether a segment may know a process of a pid.
pub fn may_have_pid(view: &View, segment: &Segment, pid: u32) -> bool {
    let packed = matches!(segment.form(), SegmentState::Packed | SegmentState::Thinned);
    let may = |filters: Filters| filters.may_have(0, &[hash(Term::Pid, &pid.to_le_bytes())]);
    !packed || Filters::new(view).map_or(true, may)
}

fn tree(shared: &Shared, segment: &Segment, view: &View, blocks: usize) -> Result<Arc<Tree>, FileError> {
    let key = (segment.uid, 0, 0);
    if let Some(Cached::Tree(tree)) = shared.cache.get(Sort::Tree, key) {
        return Ok(tree);
    }
    let table = table(view)?.ok_or(Damaged("the tree is missing"))?;
    let value = get(&table, TREE)?.ok_or(Damaged("the tree is missing"))?;
    let tree = Arc::new(Tree::unpack(&value, blocks)?);
    shared.cache.put(Sort::Tree, key, Cached::Tree(Arc::clone(&tree)), tree.size());
    Ok(tree)
}

/// A sorted run of an index.
pub struct Run {
    table: Pieces,
    /// What its chunks are.
    pub list: Arc<List>,
    row: u64,
    /// Version of the segment's format.
    format: u32,
}

impl Run {
    /// By the row of its list.
    pub fn of(shared: &Shared, segment: &Segment, view: &View, row: u64) -> Result<Self, FileError> {
        let missing = Damaged("an index is missing");
        let table = table(view)?.ok_or(missing)?;
        let key = (segment.uid, row, 0);
        let list = match shared.cache.get(Sort::List, key) {
            Some(Cached::List(list)) => list,
            _ => {
                let list = Arc::new(List::unpack(&get(&table, row)?.ok_or(missing)?)?);
                shared.cache.put(Sort::List, key, Cached::List(Arc::clone(&list)), list.size());
                list
            }
        };
        Ok(Self { table, list, row, format: view.format })
    }

    /// A chunk, as stored.
    pub fn chunk(&self, chunk: usize) -> Result<Vec<u8>, FileError> {
        Ok(index_range(&self.table, self.row + 1, self.list.total(), self.list.place(chunk))?)
    }

    /// Likewise of the run of paths.
    pub fn paths(&self, chunk: usize) -> Result<paths::Chunk, FileError> {
        Ok(paths::Chunk::open(self.format, self.chunk(chunk)?)?)
    }
}

/// Whether a path of a segment's images fits one of some patterns.
fn has_image(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    patterns: &[PathPattern],
) -> Result<bool, FileError> {
    let key = (segment.uid, 0, 0);
    let images = match shared.cache.get(Sort::Images, key) {
        Some(Cached::Images(images)) => images,
        _ => {
            let missing = Damaged("the images are missing");
            let value = get(&table(view)?.ok_or(missing)?, IMAGES)?.ok_or(missing)?;
            let images = Arc::new(paths::images(&value)?);
            let size = images.iter().map(|path| path.len() + 32).sum();
            shared.cache.put(Sort::Images, key, Cached::Images(Arc::clone(&images)), size);
            images
        }
    };
    Ok(images.iter().any(|path| patterns.iter().any(|pattern| pattern.matches(path))))
}

/// What is left to be looked at.
pub struct Narrowed {
    /// By number of block: whether it can have something.
    pub blocks: Vec<bool>,
    /// The contexts that fit the filter's processes.
    pub who: Who,
    /// Events of the filter's paths, wherever in the segment; `None` if no paths are asked for.
    pub of_paths: Option<u64>,
    /// Whether images must be asked: an event can fit the filter's paths by its process's image.
    pub images: bool,
}

/// What a filter leaves of a segment.
pub fn narrow(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    directory: &Directory,
    filter: &Filter,
    kinds: impl Fn(event::Kind) -> bool,
) -> Result<Narrowed, FileError> {
    let kinds = mask(kinds);
    let outcomes = filter.outcomes.iter().fold(0, |bits, outcome| bits | 1 << (*outcome as u8));
    let mut blocks: Vec<bool> = (directory.lines.iter())
        .map(|line| {
            filter.since.is_none_or(|since| line.max_time >= since)
                && filter.until.is_none_or(|until| line.min_time < until)
                && line.has(kinds)
                && (outcomes == 0 || line.outcomes & outcomes != 0)
        })
        .collect();
    let mut narrowed = Narrowed { blocks: Vec::new(), who: Who::Anybody, of_paths: None, images: false };
    if !(filter.pids.is_empty() && filter.processes.is_empty()) && blocks.contains(&true) {
        let (who, of_who) = processes(shared, segment, view, directory, filter)?;
        narrowed.who = who;
        and(&mut blocks, &of_who);
    }
    if !filter.paths.is_empty() && blocks.contains(&true) {
        let mut of_paths = vec![false; blocks.len()];
        let mut events = 0_u64;
        let filters = Filters::new(view)?;
        for pattern in &filter.paths {
            if filters.may_have(0, &terms(pattern, true)) {
                let of_pattern = of_pattern(shared, segment, view, pattern, &blocks, &mut of_paths)?;
                events = events.saturating_add(of_pattern);
            }
        }
        narrowed.of_paths = Some(events);
        and(&mut blocks, &of_paths);
        narrowed.images = blocks.contains(&true) && has_image(shared, segment, view, &filter.paths)?;
    }
    narrowed.blocks = blocks;
    Ok(narrowed)
}

fn and(blocks: &mut [bool], others: &[bool]) {
    for (block, other) in blocks.iter_mut().zip(others) {
        *block &= other;
    }
}

/// Marks a block.
pub fn mark(blocks: &mut [bool], number: u64) -> Result<(), Damaged> {
    let place = usize::try_from(number).ok().and_then(|number| blocks.get_mut(number));
    *place.ok_or(Damaged("a block is out of range"))? = true;
    Ok(())
}

/// The contexts of the processes that are asked for, and the blocks of their events.
fn processes(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    directory: &Directory,
    filter: &Filter,
) -> Result<(Who, Vec<bool>), FileError> {
    let mut blocks = vec![false; directory.lines.len()];
    let filters = Filters::new(view)?;
    let mut wanted: Vec<u32> =
        filter.pids.iter().copied().chain(filter.processes.iter().map(|key| key.pid)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted.retain(|pid| filters.may_have(0, &[hash(Term::Pid, &pid.to_le_bytes())]));
    if wanted.is_empty() {
        return Ok((Who::These(HashSet::new()), blocks));
    }
    // Without descendants, both must fit if both are asked for; with them, each is a root.
    let fits = |key: &event::ProcessKey| {
        let by_pid = filter.pids.contains(&key.pid);
        let by_key = filter.processes.contains(key);
        if filter.descendants {
            by_pid || by_key
        } else {
            (filter.pids.is_empty() || by_pid) && (filter.processes.is_empty() || by_key)
        }
    };
    let mut contexts: Vec<u64> = Vec::new();
    let run = Run::of(shared, segment, view, PIDS)?;
    wanted.retain(|_| run.list.len() > 0);
    for pid in wanted {
        pids::each(&run.chunk(run.list.find(&pid.to_be_bytes()))?, |entry| {
            if entry.process.pid == pid && fits(&entry.process) {
                contexts.extend(entry.contexts()?);
                for block in entry.blocks()? {
                    mark(&mut blocks, block)?;
                }
            }
            Ok(())
        })?;
    }
    if !filter.descendants {
        return Ok((Who::These(contexts.into_iter().collect()), blocks));
    }
    let tree = tree(shared, segment, view, blocks.len())?;
    let ranges = tree.subtrees(&contexts, fits);
    blocks.fill(false);
    if !ranges.is_empty() {
        tree.blocks(&ranges, &mut blocks);
    }
    Ok((Who::Under(tree, ranges), blocks))
}
