//! The processes of a segment in order: from its index, or where there is none, from its contexts and exits.

use std::sync::Arc;

use super::cache::{Cached, Sort};
use super::contexts::{Contexts, each_exit};
use super::index::{stored, unusable};
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::SegmentState;
use crate::context::{Summary, has_summaries};
use crate::index::lives::{Builder, Lives};
use crate::index::{LIVES, LIVES_FROM};
use crate::segment::file::{FileError, guarded};

/// Those of a segment. What is read from an index is not kept: it costs about a millisecond, and all of a large store would
/// not fit.
pub fn lives(shared: &Shared, segment: &Segment, view: &View) -> Result<Arc<Lives>, FileError> {
    let packed = matches!(segment.form(), SegmentState::Packed | SegmentState::Thinned);
    if packed && view.format >= LIVES_FROM {
        match guarded(|| Ok(Lives::unpack(&stored(view, LIVES)?)?)) {
            Ok(lives) => return Ok(Arc::new(lives)),
            Err(error) => unusable(segment, &error),
        }
    }
    let fixed = segment.form() != SegmentState::Open;
    let key = (segment.uid, 0, 0);
    if fixed && let Some(Cached::Lives(lives)) = shared.cache.get(Sort::Lives, key) {
        return Ok(lives);
    }
    let mut builder = Builder::default();
    let contexts = Contexts::new(shared, segment, view)?;
    if has_summaries(view.format) {
        // They do not tell when a process was forked.
        for chunk in contexts.keys() {
            builder.add(&Summary::of(&contexts.whole(chunk)?.iter().collect::<Vec<_>>()));
        }
    } else {
        contexts.each(|_, summary| builder.add(summary))?;
    }
    each_exit(view, |exit| builder.exit(&exit))?;
    let lives = Arc::new(builder.lives());
    if fixed {
        shared.cache.put(Sort::Lives, key, Cached::Lives(Arc::clone(&lives)), lives.size());
    }
    Ok(lives)
}
