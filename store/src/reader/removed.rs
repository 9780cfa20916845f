//! What lay beside a place, and is there no more.

use event::EventId;

use super::shared::Shared;
use crate::Order;

/// How many events there were right behind a place, in an order, that are in no segment any more: 0 unless the place is
/// in, or at the edge of, what was removed (or of a segment that cannot be read).
pub fn removed_beside(shared: &Shared, after: EventId, order: Order) -> u64 {
    let segments = shared.segments();
    let ranges = || {
        segments.iter().filter_map(|segment| {
            let first = segment.head.as_ref()?.first_event;
            Some((first, segment.totals().next_event(first)))
        })
    };
    match order {
        Order::Asc => {
            let next = after.saturating_add(1);
            if ranges().any(|(first, behind)| (first..behind).contains(&next)) {
                return 0;
            }
            // Nothing comes after the end but what is still to be recorded.
            ranges()
                .map(|(first, _)| first)
                .filter(|first| *first > next)
                .min()
                .map_or(0, |first| first - next)
        }
        Order::Desc => {
            let Some(next) = after.checked_sub(1).filter(|next| *next > 0) else { return 0 };
            if ranges().any(|(first, behind)| (first..behind).contains(&next)) {
                return 0;
            }
            let below = ranges().map(|(_, behind)| behind).filter(|behind| *behind <= next).max();
            let end = ranges().map(|(_, behind)| behind).max().unwrap_or(1);
            (next + 1).min(end.max(1)) - below.unwrap_or(1).min(end.max(1)).min(next + 1)
        }
    }
}
