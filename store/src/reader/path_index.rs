//! The index of paths of a packed segment: which blocks have what fits a pattern, and how many events paths have.

use super::index::{Run, directory, mark, unusable};
use super::paths::Counts;
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::PathPattern;
use crate::bytes::Damaged;
use crate::index::PATHS;
use crate::index::paths::{Chunk, Entry};
use crate::segment::file::{FileError, guarded};

/// Numbers of events of the paths of a chunk, unpacked when the first is asked for.
#[derive(Default)]
struct Numbers(Option<(usize, Vec<u64>)>);

impl Numbers {
    fn of(&mut self, (number, chunk): (usize, &Chunk), entry: &Entry<'_>) -> Result<u64, Damaged> {
        if self.0.as_ref().is_none_or(|(of, _)| *of != number) {
            self.0 = Some((number, chunk.counts()?));
        }
        let count = self.0.as_ref().and_then(|(_, counts)| counts.get(entry.row)).copied();
        count.ok_or(Damaged("a path has no count"))
    }
}

/// Calls `each` with the paths that begin with `prefix` and are not before `from`, and the chunk of each and its number,
/// until it says false.
fn scan(
    run: &Run,
    prefix: &str,
    from: &str,
    mut each: impl FnMut((usize, &Chunk), Entry<'_>) -> Result<bool, Damaged>,
) -> Result<(), FileError> {
    let from = prefix.max(from);
    for number in run.list.find(from.as_bytes())..run.list.len() {
        if run
            .list
            .key(number)
            .is_some_and(|key| key > from.as_bytes() && !key.starts_with(prefix.as_bytes()))
        {
            break;
        }
        let chunk = run.paths(number)?;
        let on = chunk.each(|entry| {
            if entry.path < from {
                return Ok(true);
            }
            Ok(entry.path.starts_with(prefix) && each((number, &chunk), entry)?)
        })?;
        if !on {
            break;
        }
    }
    Ok(())
}

/// Marks the blocks that have a path of a pattern, until all that are of interest are; gives the number of events that the
/// paths have.
pub fn of_pattern(
    shared: &Shared,
    segment: &Segment,
    view: &View,
    pattern: &PathPattern,
    wanted: &[bool],
    blocks: &mut [bool],
) -> Result<u64, FileError> {
    let run = Run::of(shared, segment, view, PATHS)?;
    let (mut numbers, mut events) = (Numbers::default(), 0_u64);
    if let Some(path) = pattern.exact() {
        let number = run.list.find(path.as_bytes());
        if number < run.list.len() {
            let chunk = run.paths(number)?;
            chunk.find(path, |entry| {
                events = numbers.of((number, &chunk), &entry)?;
                entry.blocks(|block| mark(blocks, block))
            })?;
        }
        return Ok(events);
    }
    let left = |blocks: &[bool]| {
        let left = wanted.iter().zip(blocks).filter(|(wanted, block)| **wanted && !**block);
        left.count()
    };
    let mut most = left(blocks);
    scan(&run, pattern.literal_prefix(), "", |chunk, entry| {
        if pattern.matches(entry.path) {
            events = events.saturating_add(numbers.of(chunk, &entry)?);
            entry.blocks(|block| mark(blocks, block))?;
            most = left(blocks);
        }
        Ok(most > 0)
    })?;
    Ok(events)
}

/// Counts a packed segment's paths by its index; false if it has none that can be used.
pub fn counted(shared: &Shared, segment: &Segment, view: &View, counts: &mut Counts<'_>) -> bool {
    if directory(shared, segment, view).is_none() {
        return false;
    }
    let mut found: Vec<(String, u64)> = Vec::new();
    let look = || {
        let run = Run::of(shared, segment, view, PATHS)?;
        let mut numbers = Numbers::default();
        scan(&run, counts.prefix(), counts.after().unwrap_or_default(), |chunk, entry| {
            if counts.wants(entry.path) {
                found.push((entry.path.to_owned(), numbers.of(chunk, &entry)?));
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
