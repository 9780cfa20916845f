//! Asking the indexes of packed segments: which blocks can have what is asked for.

use std::collections::HashSet;
use std::ops::Bound;

use super::paths::Counts;
use super::segment::{Segment, View};
use super::select::asks_for_contexts;
use crate::index::{PathEntry, path_chunk, pid_chunk};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{PATHS, PIDS};
use crate::{Filter, PathPattern};

/// Contexts and blocks of some pids.
#[derive(Debug, Default)]
pub struct OfPids {
    pub contexts: HashSet<u64>,
    pub blocks: HashSet<u64>,
}

/// Looks pids up; `None` if the segment is not packed.
pub fn pids(view: &View, pids: &[u32]) -> Result<Option<OfPids>, FileError> {
    guarded(|| {
        if Segment::packed(view)?.is_none() {
            return Ok(None);
        }
        let table = view.transaction.open_table(PIDS)?;
        let mut found = OfPids::default();
        for pid in pids {
            let Some(row) = table.range::<&[u8; 4]>(..=&pid.to_be_bytes())?.next_back() else { continue };
            for entry in pid_chunk(row?.1.value())? {
                if entry.pid == *pid {
                    found.contexts.extend(entry.contexts);
                    found.blocks.extend(entry.blocks);
                }
            }
        }
        Ok(Some(found))
    })
}

/// Calls `each` with the entries of the path index that begin with `prefix` and are not before `from`, until it says
/// false.
fn scan(
    view: &View,
    prefix: &str,
    from: &str,
    mut each: impl FnMut(PathEntry) -> bool,
) -> Result<(), FileError> {
    guarded(|| {
        let table = view.transaction.open_table(PATHS)?;
        let from = prefix.max(from).as_bytes();
        // The chunk in which `from` would be begins at or before it.
        let start = match table.range::<&[u8]>(..=from)?.next_back() {
            Some(row) => row?.0.value().to_vec(),
            None => Vec::new(),
        };
        for row in table.range::<&[u8]>((Bound::Included(start.as_slice()), Bound::Unbounded))? {
            for entry in path_chunk(row?.1.value())? {
                if entry.path.as_bytes() < from {
                    continue;
                }
                if !entry.path.starts_with(prefix) || !each(entry) {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}

fn of_pattern(view: &View, pattern: &PathPattern, blocks: &mut HashSet<u64>) -> Result<(), FileError> {
    scan(view, pattern.literal_prefix(), "", |entry| {
        if pattern.matches(&entry.path) {
            blocks.extend(entry.blocks);
        }
        pattern.exact().is_none_or(|exact| entry.path.as_str() < exact)
    })
}

/// First event ids of the blocks that can have something; `None` if every block must be asked.
pub fn candidates(
    view: &View,
    filter: &Filter,
    of_pids: Option<&HashSet<u64>>,
) -> Result<Option<HashSet<u64>>, FileError> {
    let Some(packed) = Segment::packed(view)? else { return Ok(None) };
    let mut candidates = of_pids.cloned();
    let mut narrow = |blocks: HashSet<u64>| {
        candidates = Some(match candidates.take() {
            None => blocks,
            Some(before) => before.intersection(&blocks).copied().collect(),
        });
    };
    if !filter.kinds.is_empty() || !filter.categories.is_empty() {
        let kinds = super::select::kinds(filter);
        narrow(
            packed
                .kinds
                .iter()
                .filter(|(kind, _)| event::Kind::try_from(*kind).is_ok_and(&kinds))
                .flat_map(|(_, blocks)| blocks.iter().copied())
                .collect(),
        );
    }
    if !filter.paths.is_empty() {
        let mut blocks = HashSet::new();
        for pattern in &filter.paths {
            of_pattern(view, pattern, &mut blocks)?;
        }
        narrow(blocks);
    }
    Ok(candidates)
}

/// Whether pids are all that a filter asks of contexts, so that the index answers it alone.
pub fn only_pids(filter: &Filter) -> bool {
    let rest = Filter { pids: Vec::new(), descendants: false, ..filter.clone() };
    !filter.pids.is_empty() && !filter.descendants && !asks_for_contexts(&rest)
}

/// Counts a packed segment's paths by its index; false if it has none.
pub fn counted(view: &View, counts: &mut Counts<'_>) -> Result<bool, FileError> {
    if Segment::packed(view)?.is_none() {
        return Ok(false);
    }
    let (prefix, after) = (counts.prefix().to_owned(), counts.after().unwrap_or_default().to_owned());
    scan(view, &prefix, &after, |entry| {
        if counts.wants(&entry.path) {
            return counts.add(&entry.path, entry.count);
        }
        true
    })?;
    Ok(true)
}
