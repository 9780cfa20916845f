//! Where something is missing.

use event::{Class, Gap, GapReason, Nanos};

use super::segment::View;
use super::shared::Shared;
use crate::SegmentState;
use crate::context::{decode_stream, unpack_stream};
use crate::limits::MAX_GAPS;
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{GAPS, all};

/// The gaps recorded in a segment.
pub fn recorded(view: &View) -> Result<Vec<Gap>, FileError> {
    guarded(|| {
        let mut gaps = Vec::new();
        all(&view.transaction.open_table(GAPS)?, |_, value| {
            if let Ok(some) = unpack_stream(&value).and_then(|stream| decode_stream::<Gap>(&stream)) {
                gaps.extend(some);
            }
        })?;
        Ok(gaps)
    })
}

/// Whether a gap tells of removed segments. One of a single class tells what was thinned out of its own segment.
pub fn of_removed(gap: &Gap) -> bool {
    gap.reason == GapReason::Evicted && gap.class == Class::All
}

/// All gaps that overlap a span and some classes, in order of time.
pub fn gaps(shared: &Shared, since: Option<Nanos>, until: Option<Nanos>, classes: &[Class]) -> Vec<Gap> {
    let segments = shared.segments();
    let mut found: Vec<Gap> = shared.evicted().into_iter().collect();
    for (at, segment) in segments.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &segments[before]);
        let after = segments.get(at + 1);
        let begins = |segment: &super::Segment| segment.head.as_ref().map(|head| head.created);
        let unreadable = segment.head.is_none() || segment.form() == SegmentState::Damaged;
        let mut missing = |reason, from: Option<Nanos>, to: Option<Nanos>, lost| {
            let Some(from) = from.or(to) else { return };
            let to = to.unwrap_or(from).max(from);
            found.push(Gap { from, to, class: Class::All, lost, reason });
        };
        let before_ends = before.and_then(|before| before.totals().latest.or_else(|| begins(before)));
        if let Some(before) = before
            && segment.number > before.number + 1
        {
            let lost = before
                .end()
                .zip(segment.head.as_ref())
                .map(|(end, head)| head.first_event - end.min(head.first_event));
            missing(GapReason::Evicted, before_ends, begins(segment).or(before_ends), lost);
        }
        if unreadable {
            let from = begins(segment).or(before_ends).or(Some(0));
            let to = segment.totals().latest.or_else(|| after.and_then(|after| begins(after)));
            missing(GapReason::Damaged, from, Some(to.unwrap_or(Nanos::MAX)), None);
            continue;
        }
        match shared.view(segment).and_then(|view| recorded(&view)) {
            Ok(gaps) => found.extend(gaps.into_iter().filter(|gap| !of_removed(gap))),
            Err(_) => shared.damaged(segment, 0, None),
        }
    }
    found.extend(shared.damage());
    found.retain(|gap| {
        since.is_none_or(|since| gap.to >= since)
            && until.is_none_or(|until| gap.from < until)
            && (classes.is_empty()
                || gap.class == Class::All
                || classes.contains(&gap.class)
                || classes.contains(&Class::All))
    });
    found.sort_by_key(|gap| (gap.from, gap.to));
    found.dedup();
    if found.len() > MAX_GAPS {
        found.drain(..found.len() - MAX_GAPS);
    }
    found
}
