//! What is in a store.

use std::collections::BTreeMap;

use event::Nanos;
use serde::Serialize;

use crate::PinStats;

/// What is in a store.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// Oldest first.
    pub segments: Vec<SegmentStats>,
    /// Bytes of all segments.
    pub bytes: u64,
    /// Events of all segments.
    pub events: u64,
    /// Events by kind's name.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Bytes by event, of closed segments if there are any; `None` without events.
    pub bytes_per_event: Option<f64>,
    /// Time of the oldest event.
    pub oldest: Option<Nanos>,
    /// Time of the newest event.
    pub newest: Option<Nanos>,
    /// How many days the cap will hold at the rate so far; `None` if unknown (no cap known, or too little recorded).
    pub days: Option<f64>,
    /// The cap in bytes, if somebody writes.
    pub max_size: Option<u64>,
    /// What is kept whatever its age, in order of making.
    pub pins: Vec<PinStats>,
    /// Bytes that pins keep.
    pub pinned_bytes: u64,
    /// Bytes that they may keep, if they can be changed.
    pub pin_max_bytes: Option<u64>,
    /// Bytes of segments that have only lifecycle events left.
    pub thinned_bytes: u64,
    /// What was let go to stay within the limits, if somebody writes.
    pub retention: Option<Retention>,
    /// What the background is doing.
    pub work: Option<Work>,
    /// Segments that wait for the background.
    pub waiting: u64,
    /// How many gaps there are.
    pub gaps: u64,
}

/// What the writer let go since it began, and the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Age at which segments go, seconds.
    pub max_age_seconds: Option<u64>,
    /// Bytes of the file system that are left free.
    pub min_free_bytes: u64,
    /// Bytes for segments that were thinned.
    pub lifecycle_max_bytes: u64,
    /// Segments removed to stay under the cap.
    pub removed_for_size: u64,
    /// Segments removed to leave the file system room.
    pub removed_for_free: u64,
    /// Segments removed because of their age.
    pub removed_for_age: u64,
    /// Pinned ones among those removed: there was nothing else left to remove.
    pub removed_pinned: u64,
    /// Segments thinned.
    pub thinned: u64,
}

/// What the background thread is doing to a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Work {
    /// `pack` or `thin`.
    pub what: &'static str,
    /// The segment.
    pub segment: u64,
    /// Events that it has.
    pub events: u64,
    /// Events of them that are done.
    pub done: u64,
}

/// One segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentStats {
    /// Its number.
    pub number: u64,
    /// Name of its file.
    pub file: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Events in it.
    pub events: u64,
    /// Id of its first event, and the first one after it; of a thinned segment, of the time before that.
    pub ids: [u64; 2],
    /// Time of its earliest event.
    pub first: Option<Nanos>,
    /// Time of its latest event.
    pub last: Option<Nanos>,
    /// What it is.
    pub state: SegmentState,
    /// Version of its format; less than that of new ones until `tacho migrate` or packing brings it up to date.
    pub format: u32,
    /// Whether a pin keeps it.
    pub pinned: bool,
}

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentState {
    /// Being written.
    Open,
    /// Complete.
    Closed,
    /// Complete and rewritten to its final form.
    Packed,
    /// Packed, and with the events of processes' lifecycle and credentials alone; the others were removed.
    Thinned,
    /// Cannot be read.
    Damaged,
}
