//! Asking the indexes of a packed segment: which blocks and contexts can have what is asked for.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use redb::{ReadOnlyTable, TableError};

use super::cache::{Cached, Sort};
use super::chosen::Who;
use super::filters::{Filters, terms};
use super::paths::Counts;
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::bytes::Damaged;
use crate::index::directory::{Directory, mask};
use crate::index::filter::{Term, hash};
use crate::index::paths::{Chunk, Entry};
use crate::index::tree::Tree;
use crate::index::{DIRECTORY, TREE, pids};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{INDEX, PATHS, PIDS, PieceKey, get};
use crate::{Filter, PathPattern, SegmentState};

/// Paths that are looked at for an image once all blocks are known.
const PATHS_FOR_IMAGES: u32 = 4096;

type Pieces = ReadOnlyTable<&'static PieceKey, &'static [u8]>;

fn table(view: &View) -> Result<Option<Pieces>, FileError> {
    match view.transaction.open_table(INDEX) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The directory of a segment's indexes; `None` if there are none (it is not packed, or is of format 1) or they are
/// damaged, so that everything must be looked at.
pub fn directory(shared: &Shared, segment: &Segment, view: &View) -> Option<Arc<Directory>> {
    if !matches!(segment.form(), SegmentState::Packed | SegmentState::Thinned) {
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

/// What is left to be looked at.
pub struct Narrowed {
    /// By number of block: whether it can have something.
    pub blocks: Vec<bool>,
    /// The contexts that fit the filter's processes.
    pub who: Who,
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
    let mut narrowed = Narrowed { blocks: Vec::new(), who: Who::Anybody, images: false };
    if !(filter.pids.is_empty() && filter.processes.is_empty()) && blocks.contains(&true) {
        let (who, of_who) = processes(shared, segment, view, directory, filter)?;
        narrowed.who = who;
        and(&mut blocks, &of_who);
    }
    if !filter.paths.is_empty() && blocks.contains(&true) {
        let mut of_paths = vec![false; blocks.len()];
        let filters = Filters::new(view)?;
        for pattern in &filter.paths {
            if filters.may_have(0, &terms(pattern, true)) {
                narrowed.images |= of_pattern(view, pattern, &blocks, &mut of_paths)?;
            }
        }
        and(&mut blocks, &of_paths);
    }
    narrowed.blocks = blocks;
    Ok(narrowed)
}

fn and(blocks: &mut [bool], others: &[bool]) {
    for (block, other) in blocks.iter_mut().zip(others) {
        *block &= other;
    }
}

fn mark(blocks: &mut [bool], numbers: &[u64]) -> Result<(), Damaged> {
    for number in numbers {
        let place = usize::try_from(*number).ok().and_then(|number| blocks.get_mut(number));
        *place.ok_or(Damaged("a block is out of range"))? = true;
    }
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
    let table = view.transaction.open_table(PIDS)?;
    for pid in wanted {
        let row = table.range::<&[u8; 4]>(..=&pid.to_be_bytes())?.next_back();
        let row = row.ok_or(Damaged("the first processes are missing"))??;
        let next = pids::each(row.1.value(), |entry| {
            if entry.process.pid == pid && fits(&entry.process) {
                contexts.extend(entry.contexts()?);
                mark(&mut blocks, &entry.blocks()?)?;
            }
            Ok(())
        })?;
        if next != 0 && next <= pid {
            return Err(Damaged("some processes are missing").into());
        }
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

/// Calls `each` with the paths that begin with `prefix` and are not before `from`, until it says false.
fn scan(
    view: &View,
    prefix: &str,
    from: &str,
    mut each: impl FnMut(Entry<'_>) -> Result<bool, Damaged>,
) -> Result<(), FileError> {
    let table = view.transaction.open_table(PATHS)?;
    let from = prefix.max(from).as_bytes();
    // The chunk in which `from` would be begins at or before it; the first one's key is empty.
    let start = table.range::<&[u8]>(..=from)?.next_back();
    let start = start.ok_or(Damaged("the first paths are missing"))??.0.value().to_vec();
    let mut expected = start.clone();
    for row in table.range::<&[u8]>((Bound::Included(start.as_slice()), Bound::Unbounded))? {
        let (key, value) = row?;
        if key.value() != expected {
            return Err(Damaged("some paths are missing").into());
        }
        let chunk = Chunk::unpack(value.value())?;
        let on = chunk.each(|entry| {
            if entry.path.as_bytes() < from {
                return Ok(true);
            }
            Ok(entry.path.starts_with(prefix) && each(entry)?)
        })?;
        chunk.next()?.clone_into(&mut expected);
        if !on || expected.is_empty() {
            return Ok(());
        }
    }
    Err(Damaged("the last paths are missing").into())
}

/// Marks the blocks that have a path of a pattern, until all that are of interest are; whether some have it as an image.
fn of_pattern(
    view: &View,
    pattern: &PathPattern,
    wanted: &[bool],
    blocks: &mut [bool],
) -> Result<bool, FileError> {
    let mut images = false;
    let mut more = 0;
    scan(view, pattern.literal_prefix(), "", |entry| {
        if pattern.matches(entry.path) {
            images |= entry.images > 0;
            mark(blocks, &entry.blocks()?)?;
        }
        if more > 0 || wanted.iter().zip(&*blocks).all(|(wanted, block)| *block || !wanted) {
            // All that is left to know is whether one is an image; that costs less than to ask all contexts.
            more += 1;
            if images || more > PATHS_FOR_IMAGES {
                images |= pattern.exact().is_none();
                return Ok(false);
            }
        }
        Ok(pattern.exact().is_none_or(|exact| entry.path < exact))
    })?;
    Ok(images)
}

/// Counts a packed segment's paths by its index; false if it has none that can be used.
pub fn counted(shared: &Shared, segment: &Segment, view: &View, counts: &mut Counts<'_>) -> bool {
    if directory(shared, segment, view).is_none() {
        return false;
    }
    let mut found: Vec<(String, u64)> = Vec::new();
    let look = || {
        scan(view, counts.prefix(), counts.after().unwrap_or_default(), |entry| {
            if counts.wants(entry.path) {
                found.push((entry.path.to_owned(), entry.count));
            }
            Ok(found.len() < counts.limit())
        })
    };
    if let Err(error) = guarded(look) {
        unusable(segment, &error);
        return false;
    }
    for (path, count) in found {
        if !counts.add(&path, count) {
            break;
        }
    }
    true
}
