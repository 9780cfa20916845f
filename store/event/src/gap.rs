//! Spans in which events were, or may have been, lost.

use serde::{Deserialize, Serialize};

use crate::{Class, Nanos};

/// A span in which events of a class were, or may have been, lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// First moment that may lack something.
    pub from: Nanos,
    /// Last such moment.
    pub to: Nanos,
    /// What kind of events.
    pub class: Class,
    /// How many; `None` if unknown.
    pub lost: Option<u64>,
    /// Why.
    pub reason: GapReason,
}

impl Gap {
    /// Takes in another gap of the same class and reason, if it is one: this one then reaches over both, and what was
    /// lost is the sum if both numbers are known.
    pub fn join(&mut self, other: &Self) -> bool {
        let same = self.class == other.class && self.reason == other.reason;
        if same {
            self.from = self.from.min(other.from);
            self.to = self.to.max(other.to);
            self.lost = self.lost.zip(other.lost).map(|(some, more)| some.saturating_add(more));
        }
        same
    }
}

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GapReason {
    /// The ring to user space was full.
    RingFull,
    /// The recorder could not keep up and dropped what it had read.
    Overload,
    /// Nobody recorded.
    NotRecording,
    /// The store could not be written (full disk, I/O error).
    StoreFailed,
    /// A block or segment cannot be read.
    Damaged,
    /// A record could not be decoded.
    Undecodable,
    /// Removed to stay under the size cap.
    Evicted,
    /// 32-bit or x32 calls were seen that this release does not decode.
    Compat,
    /// The wall clock was set: nothing is lost, but times of this span were skipped, or are told twice.
    ClockStep,
}

impl GapReason {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::RingFull,
        Self::Overload,
        Self::NotRecording,
        Self::StoreFailed,
        Self::Damaged,
        Self::Undecodable,
        Self::Evicted,
        Self::Compat,
        Self::ClockStep,
    ];

    /// Word of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::Overload => "overload",
            Self::NotRecording => "not_recording",
            Self::StoreFailed => "store_failed",
            Self::Damaged => "damaged",
            Self::Undecodable => "undecodable",
            Self::Evicted => "evicted",
            Self::Compat => "compat",
            Self::ClockStep => "clock_step",
        }
    }
}
