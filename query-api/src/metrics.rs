//! Numbers of the store in the Prometheus text format.

use std::fmt::{Display, Write as _};

use event::Nanos;
use store::{SegmentState, Stats};

/// The store's lines.
pub(crate) fn of_store(stats: &Stats) -> String {
    let mut text = Metrics(String::new());
    text.one("store_events", "Events in the store.", stats.events);
    text.one("store_bytes", "Bytes of all segments.", stats.bytes);
    text.some("store_max_bytes", "Cap on the store's size.", stats.max_size);
    text.some("store_bytes_per_event", "Bytes by event in closed segments.", stats.bytes_per_event);
    text.some("store_days", "Days that the cap holds at the rate so far.", stats.days);
    text.some("store_oldest_timestamp_seconds", "Time of the oldest event.", stats.oldest.map(seconds));
    text.some("store_newest_timestamp_seconds", "Time of the newest event.", stats.newest.map(seconds));
    text.one("store_gaps", "Known gaps in what is recorded.", stats.gaps);
    text.one("store_pins", "Spans kept from removal.", stats.pins.len());
    text.one("store_pinned_bytes", "Bytes that pins keep.", stats.pinned_bytes);
    text.some("store_pin_max_bytes", "Bytes that pins may keep.", stats.pin_max_bytes);
    text.one("store_thinned_bytes", "Bytes of segments with lifecycle events alone.", stats.thinned_bytes);
    text.one("store_waiting_segments", "Segments that wait to be packed or thinned.", stats.waiting);
    if let Some(retention) = &stats.retention {
        text.head("store_removed_segments", "Segments removed since the recorder began, by rule.");
        for (rule, count) in [
            ("size", retention.removed_for_size),
            ("free", retention.removed_for_free),
            ("age", retention.removed_for_age),
        ] {
            text.labelled("store_removed_segments", "rule", rule, count);
        }
    }
    text.head("store_segments", "Segments by state.");
    for (word, state) in [
        ("open", SegmentState::Open),
        ("closed", SegmentState::Closed),
        ("packed", SegmentState::Packed),
        ("thinned", SegmentState::Thinned),
        ("damaged", SegmentState::Damaged),
    ] {
        let count = stats.segments.iter().filter(|segment| segment.state == state).count();
        text.labelled("store_segments", "state", word, count);
    }
    text.head("store_events_by_kind", "Events in the store by kind.");
    for (kind, count) in &stats.by_kind {
        text.labelled("store_events_by_kind", "kind", kind, *count);
    }
    text.0
}

/// Seconds since the epoch. The last digits are lost, which no graph shows.
#[expect(clippy::cast_precision_loss, reason = "Prometheus knows only floating point")]
fn seconds(time: Nanos) -> f64 {
    time as f64 / 1e9
}

/// Lines of gauges. Writing to a string cannot fail.
struct Metrics(String);

impl Metrics {
    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP tachograph_{name} {help}\n# TYPE tachograph_{name} gauge");
    }

    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help);
        let _ = writeln!(self.0, "tachograph_{name} {value}");
    }

    fn some(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.one(name, help, value);
        }
    }

    fn labelled(&mut self, name: &str, label: &str, word: &str, value: impl Display) {
        let _ = writeln!(self.0, "tachograph_{name}{{{label}=\"{word}\"}} {value}");
    }
}
