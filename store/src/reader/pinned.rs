//! What is kept: pins over the segments of a store, and the limits of its writer.

use std::sync::{Mutex, PoisonError};

use event::Nanos;

use super::segment::Segment;
use super::shared::Shared;
use crate::pins::Pins;
use crate::{Options, Pin, PinError, PinStats, Retention, SegmentState};

/// The limits of a writer, and what they cost so far.
#[derive(Debug)]
pub struct Retained {
    pub max_size: u64,
    /// Size at which a segment is closed.
    pub close_at: u64,
    pub counts: Mutex<Retention>,
}

impl Retained {
    /// Of a writer that begins.
    pub fn new(options: &Options) -> Self {
        let counts = Retention {
            max_age_seconds: options.max_age.map(|age| age.as_secs()),
            min_free_bytes: options.min_free,
            lifecycle_max_bytes: options.lifecycle_limit(),
            ..Retention::default()
        };
        Self { max_size: options.max_size, close_at: options.close_at(), counts: Mutex::new(counts) }
    }

    /// The limits and counts.
    pub fn counted(&self) -> Retention {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts something.
    pub fn count(&self, add: impl FnOnce(&mut Retention)) {
        add(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// First and last moment of a segment; `None` if it cannot be read.
pub fn reach(segment: &Segment) -> Option<(Nanos, Nanos)> {
    let head = segment.head.as_ref()?;
    let totals = segment.totals();
    let from = totals.span.map_or(head.created, |(from, _)| from.min(head.created));
    let to =
        [totals.latest, totals.span.map(|(_, to)| to)].into_iter().flatten().fold(head.created, Nanos::max);
    Some((from, to))
}

/// Whether a pin keeps a segment.
pub fn is_pinned(pins: &Pins, segment: &Segment) -> bool {
    !pins.list().is_empty() && reach(segment).is_some_and(|(from, to)| pins.keep(from, to))
}

impl Shared {
    /// Makes a pin.
    pub fn pin(&self, pin: Pin) -> Result<PinStats, PinError> {
        let mut pins = self.pins();
        pins.check(&pin)?;
        if pin.until > pin.created {
            return Err(PinError::Future);
        }
        let full = self.retained.as_ref().map_or(0, |retained| retained.close_at);
        let (mut used, mut needed) = (0_u64, 0_u64);
        let mut stats = PinStats { pin, segments: 0, events: 0, bytes: 0 };
        for segment in self.segments() {
            let Some((from, to)) = reach(&segment) else { continue };
            let bytes = segment.bytes();
            if stats.pin.touches(from, to) {
                stats.segments += 1;
                stats.events += segment.totals().events;
                stats.bytes += bytes;
                if !pins.keep(from, to) {
                    // The open one is still growing.
                    let open = segment.form() == SegmentState::Open;
                    needed += if open { bytes.max(full) } else { bytes };
                }
            }
            if pins.keep(from, to) {
                used += bytes;
            }
        }
        if stats.segments == 0 {
            return Err(PinError::Nothing);
        }
        let limit = pins.limit.unwrap_or(0);
        if used.saturating_add(needed) > limit {
            return Err(PinError::Full { needed, used, limit });
        }
        pins.add(stats.pin.clone())?;
        Ok(stats)
    }

    /// The pins and what they keep.
    pub fn pin_stats(&self) -> Vec<PinStats> {
        let pins = self.pins();
        let segments: Vec<_> = self
            .segments()
            .iter()
            .filter(|_| !pins.list().is_empty())
            .filter_map(|segment| Some((reach(segment)?, segment.totals().events, segment.bytes())))
            .collect();
        let of = |pin: &Pin| {
            let mut stats = PinStats { pin: pin.clone(), segments: 0, events: 0, bytes: 0 };
            for ((from, to), events, bytes) in &segments {
                if pin.touches(*from, *to) {
                    stats.segments += 1;
                    stats.events += events;
                    stats.bytes += bytes;
                }
            }
            stats
        };
        pins.list().iter().map(of).collect()
    }
}
