//! Counting who descends from whom.

use std::collections::HashSet;

use event::ProcessKey;

use super::lives::lives;
use super::segment::Segment;
use super::shared::Shared;
use crate::SegmentState;
use crate::segment::file::FileError;

/// How many processes one created, as far as `most`.
pub fn count_children(shared: &Shared, key: ProcessKey, most: usize) -> usize {
    let mut found = HashSet::new();
    for segment in shared.segments() {
        let of_its_boot = segment.head.as_ref().is_some_and(|head| head.boot == key.boot);
        if !of_its_boot || segment.form() == SegmentState::Damaged {
            continue;
        }
        if children(shared, &segment, key, most, &mut found).is_err() {
            shared.damaged(&segment, 0, None);
        }
        if found.len() >= most {
            break;
        }
    }
    found.len()
}

fn children(
    shared: &Shared,
    segment: &Segment,
    key: ProcessKey,
    most: usize,
    found: &mut HashSet<(u64, u32)>,
) -> Result<(), FileError> {
    let view = shared.view(segment)?;
    for life in lives(shared, segment, &view)?.iter().filter(|life| life.creator == Some(key)) {
        if found.len() >= most {
            break;
        }
        found.insert((life.process.start, life.process.pid));
    }
    Ok(())
}
