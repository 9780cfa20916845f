//! Staying within the limits: the oldest segments go. Of size, age and free room, each has its own rule.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use event::Nanos;

use super::Writer;
use super::host::Host;
use super::repack::Plan;
use super::undeleted::Undeleted;
use crate::limits::{AGE_PAUSE, FREE_PAUSE};
use crate::pins::Pins;
use crate::reader::{Segment, is_pinned, reach};
use crate::{Retention, SegmentState};

/// Bytes of a new file of redb's.
pub const NEW_FILE: u64 = 1 << 20;

/// What the limits are measured against.
#[derive(Debug)]
pub struct Retainer {
    host: Arc<dyn Host>,
    /// The wall clock and the time since boot when the writer began.
    began: (Nanos, Duration),
    /// Time since boot when a segment was last removed because of its age.
    aged: Option<Duration>,
    /// What there was when segments were last removed to leave room.
    freed: Option<Freed>,
    undeleted: Undeleted,
}

/// After a removal, before the file system has given back the room, which it may do late.
#[derive(Clone, Copy, Debug)]
struct Freed {
    /// Time since boot.
    at: Duration,
    /// Free bytes that there should be.
    free: u64,
    /// Bytes of the store then.
    bytes: u64,
}

/// Which rule a segment falls to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Size,
    Age,
    Free,
}

impl Retainer {
    pub fn new(host: Arc<dyn Host>) -> Self {
        let began = (host.wall(), host.since_boot());
        Self { host, began, aged: None, freed: None, undeleted: Undeleted::default() }
    }

    /// The present, as far as it is beyond doubt: no later than the newest thing recorded, than the wall clock, and than
    /// what the wall clock said at the beginning with the time since then. So a clock that jumps ahead makes nothing old.
    fn present(&self, newest: Nanos) -> Nanos {
        newest.min(self.host.wall()).min(self.steady())
    }

    /// What the wall clock said at the beginning, with the time since then.
    fn steady(&self) -> Nanos {
        let (wall, boot) = self.began;
        let passed = self.host.since_boot().saturating_sub(boot);
        wall.saturating_add(Nanos::try_from(passed.as_nanos()).unwrap_or(Nanos::MAX))
    }

    /// Whether so much time has passed since then.
    fn passed(&self, since: Option<Duration>, pause: Duration) -> bool {
        since.is_none_or(|since| self.host.since_boot().saturating_sub(since) >= pause)
    }
}

impl Writer {
    /// Thins and removes the oldest segments until there is room for the next commits and for rewriting a segment.
    pub(super) fn make_room(&mut self) {
        let shared = Arc::clone(&self.shared);
        self.retainer.undeleted.retry(self.options.watch.as_ref());
        // Held to the end, so that a pin that was acknowledged is kept.
        let pins = shared.pins();
        self.keep_age(&pins);
        self.keep_free(&pins);
        self.keep_size(&pins);
        self.keep_lifecycle(&pins);
    }

    /// The oldest segment that may be removed. Never the newest: until another has begun it alone tells which ids were given
    /// out, and what was removed.
    fn oldest(&self, segments: &[Arc<Segment>], fits: impl Fn(&Segment) -> bool) -> Option<Arc<Segment>> {
        let open = self.open.as_ref().map(|open| open.segment.number);
        let newest = segments.last().map(|segment| segment.number);
        let busy = |segment: &Segment| {
            [open, newest].contains(&Some(segment.number))
                || self.unclosed.iter().any(|other| other.number == segment.number)
        };
        segments.iter().find(|segment| !busy(segment) && fits(segment)).cloned()
    }

    fn remove(&mut self, segment: &Segment, rule: Rule, pinned: bool) {
        self.evicted = true;
        if pinned {
            tracing::warn!(file = %segment.path.display(), "a pinned segment is removed: nothing else is left to remove");
        }
        if let Err(error) = self.shared.evict(segment) {
            tracing::warn!(file = %segment.path.display(), %error, "an old segment cannot be removed; it is tried again");
            self.retainer.undeleted.add(segment.path.clone());
        }
        if let Some(retained) = &self.shared.retained {
            retained.count(|counts: &mut Retention| {
                *match rule {
                    Rule::Size => &mut counts.removed_for_size,
                    Rule::Age => &mut counts.removed_for_age,
                    Rule::Free => &mut counts.removed_for_free,
                } += 1;
                counts.removed_pinned += u64::from(pinned);
            });
        }
    }

    /// One segment at a time, with a pause: what a wrong clock costs is bounded.
    fn keep_age(&mut self, pins: &Pins) {
        let (Some(age), Some(newest)) = (self.options.max_age, self.last_time) else { return };
        if !self.retainer.passed(self.retainer.aged, AGE_PAUSE) {
            return;
        }
        let age = Nanos::try_from(age.as_nanos()).unwrap_or(Nanos::MAX);
        let present = self.retainer.present(newest);
        let segments = self.shared.segments();
        // What was recorded later is not older, whatever the clock said then; times to come tell nothing.
        let steady = self.retainer.steady();
        let mut latest = Nanos::MIN;
        let mut old = BTreeSet::new();
        for segment in &segments {
            if let Some((_, to)) = reach(segment).filter(|(_, to)| *to <= steady) {
                latest = latest.max(to);
                if latest < present.saturating_sub(age) {
                    old.insert(segment.number);
                }
            }
        }
        let goes = |segment: &Segment| old.contains(&segment.number) && !is_pinned(pins, segment);
        if let Some(segment) = self.oldest(&segments, goes) {
            self.retainer.aged = Some(self.retainer.host.since_boot());
            self.remove(&segment, Rule::Age, false);
        }
    }

    /// After a removal it is not the file system that is asked for a moment, but what it should have: room that is given
    /// back late does not cost more segments.
    fn keep_free(&mut self, pins: &Pins) {
        if self.options.min_free == 0 {
            return;
        }
        let Some(space) = self.retainer.host.space(&self.dir) else { return };
        let wanted = self.options.min_free.min(space.total / 10);
        let floor = self.options.max_size.min(space.total) / 4;
        let (_, mut bytes) = self.shared.sizes();
        let now = self.retainer.host.since_boot();
        let recent = self.retainer.freed.filter(|freed| now.saturating_sub(freed.at) < FREE_PAUSE);
        let mut free =
            recent.map_or(space.free, |freed| freed.free.saturating_sub(bytes.saturating_sub(freed.bytes)));
        let at = recent.map_or(now, |freed| freed.at);
        while free < wanted {
            let segments = self.shared.segments();
            let Some(segment) = self.oldest(&segments, |segment| !is_pinned(pins, segment)) else { return };
            let size = segment.bytes();
            if bytes.saturating_sub(size) < floor {
                return;
            }
            self.remove(&segment, Rule::Free, false);
            free = free.saturating_add(size);
            bytes = bytes.saturating_sub(size);
            self.retainer.freed = Some(Freed { at, free, bytes });
        }
    }

    /// Room that must be there: the next commit may double the open file, and another segment may be being rewritten.
    /// First that of the open file alone.
    fn reserve(&self) -> (u64, u64) {
        let half = self.options.max_size / 2;
        let open = self.open.as_ref().map_or(0, |open| open.segment.bytes()).max(NEW_FILE);
        let rewritten =
            if self.options.pack { self.options.close_at().saturating_mul(2).max(NEW_FILE) } else { 0 };
        (open.min(half), open.saturating_add(rewritten).min(half))
    }

    /// Has the oldest segment thinned when there is room for one more only, and removes thinned ones beyond their budget.
    /// If thinning does not keep up, [`Self::keep_size`] removes segments whole.
    fn keep_lifecycle(&mut self, pins: &Pins) {
        let limit = self.options.lifecycle_limit();
        let thinned =
            |segment: &Segment| segment.form() == SegmentState::Thinned && !is_pinned(pins, segment);
        loop {
            let segments = self.shared.segments();
            let bytes: u64 = segments.iter().filter(|one| thinned(one)).map(|one| one.bytes()).sum();
            if bytes <= limit {
                break;
            }
            let Some(segment) = self.oldest(&segments, thinned) else { break };
            self.remove(&segment, Rule::Size, false);
        }
        let (segments, bytes) = self.shared.sizes();
        let (_, reserve) = self.reserve();
        let soon = reserve.saturating_add(self.options.close_at().max(NEW_FILE));
        if limit == 0 || bytes.saturating_add(soon) <= self.options.max_size {
            return;
        }
        let whole = |segment: &Segment| {
            Plan::Thin.fits(segment.form())
                && !is_pinned(pins, segment)
                && self.packer.can_thin(segment.number)
        };
        if let Some(segment) = self.oldest(&segments, whole) {
            self.packer.thin(segment.number);
        }
    }

    fn keep_size(&mut self, pins: &Pins) {
        let max = self.options.max_size;
        let (least, reserve) = self.reserve();
        loop {
            let (segments, bytes) = self.shared.sizes();
            let bytes = bytes.saturating_add(self.retainer.undeleted.bytes());
            let over = |reserve: u64| bytes.saturating_add(reserve) > max;
            if !over(reserve) {
                return;
            }
            let free = |segment: &Segment| !is_pinned(pins, segment);
            let (segment, pinned) = match self.oldest(&segments, free) {
                Some(segment) => (segment, false),
                // Pins may keep half of the cap at most, so that this is met only if the cap was lowered.
                None if over(least) => match self.oldest(&segments, |_| true) {
                    Some(segment) => (segment, true),
                    None => return,
                },
                None => return,
            };
            self.remove(&segment, Rule::Size, pinned);
        }
    }
}

#[cfg(test)]
mod tests;
