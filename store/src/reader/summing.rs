//! What is in a store, in numbers.

use std::collections::HashSet;

use event::Kind;

use super::pinned::{Retained, is_pinned};
use super::shared::Shared;
use crate::{SegmentState, SegmentStats, Stats};

/// Shortest span from which a rate is told, in nanoseconds: one minute.
const SHORTEST: f64 = 60e9;
/// Nanoseconds of a day.
const DAY: f64 = 86_400e9;

/// Numbers of a store.
#[expect(clippy::cast_precision_loss, reason = "estimates")]
pub fn stats(shared: &Shared) -> Stats {
    let mut stats = Stats {
        max_size: shared.retained.as_ref().map(|retained| retained.max_size),
        retention: shared.retained.as_ref().map(Retained::counted),
        pins: shared.pin_stats(),
        ..Stats::default()
    };
    (stats.work, stats.waiting) = shared.working();
    let pinned: HashSet<u64> = {
        let pins = shared.pins();
        stats.pin_max_bytes = pins.limit;
        let segments = shared.segments();
        segments.iter().filter(|segment| is_pinned(&pins, segment)).map(|segment| segment.number).collect()
    };
    let (mut closed_bytes, mut closed_events) = (0, 0);
    for segment in shared.segments() {
        let totals = segment.totals();
        let form = segment.form();
        let bytes = segment.bytes();
        stats.bytes += bytes;
        stats.events += totals.events;
        if form == SegmentState::Thinned {
            stats.thinned_bytes += bytes;
        }
        if pinned.contains(&segment.number) {
            stats.pinned_bytes += bytes;
        }
        if form == SegmentState::Packed {
            closed_bytes += bytes;
            closed_events += totals.events;
        }
        for (kind, count) in &totals.kinds {
            if let Ok(kind) = Kind::try_from(*kind) {
                *stats.by_kind.entry(kind.name()).or_default() += count;
            }
        }
        let (first, last) = totals.span.unzip();
        stats.oldest = [stats.oldest, first].into_iter().flatten().min();
        stats.newest = stats.newest.max(last);
        stats.segments.push(SegmentStats {
            number: segment.number,
            file: segment.file_name(),
            bytes,
            events: totals.events,
            ids: segment
                .head
                .as_ref()
                .map_or([0; 2], |head| [head.first_event, totals.next_event(head.first_event)]),
            first,
            last,
            state: form,
            format: segment.format,
            pinned: pinned.contains(&segment.number),
        });
    }
    let (bytes, events) =
        if closed_events > 0 { (closed_bytes, closed_events) } else { (stats.bytes, stats.events) };
    stats.bytes_per_event = (events > 0).then(|| bytes as f64 / events as f64);
    if let (Some(max), Some(per_event), Some(oldest), Some(newest)) =
        (stats.max_size, stats.bytes_per_event, stats.oldest, stats.newest)
    {
        let span = (newest - oldest) as f64;
        if span >= SHORTEST && stats.events > 0 {
            stats.days = Some(max as f64 / (stats.events as f64 * per_event) * span / DAY);
        }
    }
    stats.gaps = super::gaps::gaps(shared, None, None, &[]).len() as u64;
    stats
}
