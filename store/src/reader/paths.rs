//! Recorded paths with their numbers of events.

use std::collections::BTreeMap;

use event::Kind;

use super::blocks::Blocks;
use super::contexts::Contexts;
use super::image_paths::ImagePaths;
use super::scan::zones;
use super::segment::Segment;
use super::shared::Shared;
use crate::limits::MAX_PATHS;
use crate::segment::file::FileError;
use crate::{Order, QueryError, SegmentState};

/// The first paths after a given one.
#[derive(Debug)]
pub struct Counts<'a> {
    prefix: &'a str,
    after: Option<&'a str>,
    limit: usize,
    found: BTreeMap<String, u64>,
}

impl<'a> Counts<'a> {
    /// What the paths begin with.
    pub fn prefix(&self) -> &'a str {
        self.prefix
    }

    /// What they come after.
    pub fn after(&self) -> Option<&'a str> {
        self.after
    }

    /// How many are asked for.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a path is asked for.
    pub fn wants(&self, path: &str) -> bool {
        !path.is_empty() && path.starts_with(self.prefix) && self.after.is_none_or(|after| path > after)
    }

    /// Counts a path. What can no longer be among the first is let go; then false, for none that is greater can.
    pub fn add(&mut self, path: &str, count: u64) -> bool {
        if let Some(known) = self.found.get_mut(path) {
            *known += count;
            return true;
        }
        if self.found.len() >= self.limit {
            // Once let go, a path does not come back: only smaller ones are still let in.
            match self.found.last_key_value() {
                Some((last, _)) if path < last.as_str() => {}
                _ => return false,
            }
            self.found.pop_last();
        }
        self.found.insert(path.to_owned(), count);
        true
    }
}

/// Recorded paths, in byte order.
pub fn paths(
    shared: &Shared,
    prefix: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Vec<(String, u64)>, QueryError> {
    if limit > MAX_PATHS {
        return Err(QueryError::TooMuch { what: "the number of paths of one answer", limit: MAX_PATHS });
    }
    let mut counts = Counts { prefix, after, limit, found: BTreeMap::new() };
    if limit == 0 {
        return Ok(Vec::new());
    }
    for segment in shared.segments() {
        if segment.head.is_none() || segment.form() == SegmentState::Damaged {
            continue;
        }
        if count(shared, &segment, &mut counts).is_err() {
            shared.damaged(&segment, 0, None);
        }
    }
    Ok(counts.found.into_iter().collect())
}

fn count(shared: &Shared, segment: &Segment, counts: &mut Counts<'_>) -> Result<(), FileError> {
    let view = shared.view(segment)?;
    if super::path_index::counted(shared, segment, &view, counts) {
        return Ok(());
    }
    let contexts = Contexts::new(shared, segment, &view)?;
    let images = ImagePaths::of(&contexts)?;
    let blocks = Blocks::new(shared, segment, &view)?;
    zones(shared, segment, &view, Order::Asc, |zone| {
        let Ok(tables) = blocks.tables(&zone) else {
            shared.damaged(segment, zone.first, Some(&zone));
            return Ok(true);
        };
        let groups = (0..tables.group_count()?).map(|group| blocks.group(&zone, &tables, group));
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        // Of each file, counted from 1, the path; paths are counted through all groups.
        let mut path_of = vec![None];
        for group in &groups {
            path_of.extend(group.file_paths()?.iter().map(|path| Some(group.paths.start + *path as usize)));
        }
        let mut numbers = vec![0_u64; groups.last().map_or(0, |group| group.paths.end)];
        for page in 0..tables.page_count() {
            let core = blocks.page(&zone, &tables, page)?;
            let (files, kinds, whos) = (core.files()?, core.kinds()?, core.whos()?);
            for row in 0..core.len() {
                for file in [files[row], core.destination(row)?] {
                    if let Some(path) = path_of.get(file as usize).copied().flatten() {
                        numbers[path] += 1;
                    }
                }
                if matches!(kinds[row], Kind::Exec | Kind::Exit)
                    && let Some(path) = images.get(zone.contexts[whos[row] as usize])
                    && counts.wants(path)
                {
                    counts.add(path, 1);
                }
            }
        }
        for group in &groups {
            for (path, number) in group.list()?.iter().zip(&numbers[group.paths.clone()]) {
                if counts.wants(path) {
                    counts.add(path, *number);
                }
            }
        }
        Ok(true)
    })
}
