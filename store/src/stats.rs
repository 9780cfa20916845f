//! What is in a store.

use std::collections::BTreeMap;

use event::Nanos;
use serde::Serialize;

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
    /// How many gaps there are.
    pub gaps: u64,
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
    /// Time of its earliest event.
    pub first: Option<Nanos>,
    /// Time of its latest event.
    pub last: Option<Nanos>,
    /// What it is.
    pub state: SegmentState,
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
    /// Cannot be read.
    Damaged,
}
