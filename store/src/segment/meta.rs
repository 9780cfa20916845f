//! Facts of a segment.

use event::{BootId, ContextId, EventId, Nanos};
use serde::{Deserialize, Serialize};

use crate::block::Hash;

/// Row of the format version: a little-endian u32. It keeps this place in every version to come.
pub const FORMAT: &str = "format";
/// Row of [`Head`].
pub const HEAD: &str = "head";
/// Row of the commit counter: a little-endian u64, one more with each commit.
pub const COMMITS: &str = "commits";
/// Row of [`Closed`]; only in closed segments.
pub const CLOSED: &str = "closed";
/// Row that only packed segments have: one byte 0, or [`THINNED`].
pub const PACKED: &str = "packed";
/// Value of [`PACKED`] in segments of which only the events of processes' lifecycle and credentials are left.
pub const THINNED: &[u8] = &[1];
/// Row that tells how far a segment is that is being written anew; in no finished file.
pub const REWRITING: &str = "rewriting";
/// Row of the digest that a segment had when it was closed, 32 bytes; only in segments that were written anew since. It is
/// what the next segment's head names.
pub const ORIGIN: &str = "origin";
/// Row of the digests that segments before had when this one began, if they were written anew since they were closed: for
/// each its number (big-endian u64) and digest, ascending. So the chain goes on to cover what they are now.
pub const REWRITTEN: &str = "rewritten";
/// Row of the signature: 32 bytes of public key, 64 bytes of Ed25519 signature; only in closed segments, if signing is on.
pub const SIGNATURE: &str = "signature";

/// Written when a segment begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The segment's number, growing from 1.
    pub number: u64,
    /// The boot that is recorded; a segment has only one.
    pub boot: BootId,
    /// Time of the first thing recorded in it.
    pub created: Nanos,
    /// Id of its first event.
    pub first_event: EventId,
    /// First context id not in use when it began; contexts below are carried over.
    pub first_context: ContextId,
    /// Digest of the segment before; `None` for the first, or if that one cannot be read.
    pub previous: Option<Hash>,
    /// What was left out on purpose while it was recorded; up to format 2 not known.
    #[serde(default)]
    pub left_out: Vec<crate::LeftOutRule>,
}

/// What is in a segment, counted while it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Number of events.
    pub events: u64,
    /// Earliest and latest event.
    pub span: Option<(Nanos, Nanos)>,
    /// Time of the latest thing of any sort.
    pub latest: Option<Nanos>,
    /// Kinds' numbers with their numbers of events, ascending.
    pub kinds: Vec<(u8, u64)>,
    /// First context id not in use.
    pub next_context: ContextId,
    /// Contexts, carried ones included.
    pub contexts: u64,
    /// First event id behind its last event; 0 in segments of format 1. See [`Totals::next_event`].
    #[serde(default)]
    pub behind: EventId,
}

impl Totals {
    /// First event id not in use after a segment that began with `first`. More than `first` and the number of events if
    /// some are missing (a thinned segment): what thins one must keep it as it was.
    pub fn next_event(&self, first: EventId) -> EventId {
        first.saturating_add(self.events).max(self.behind)
    }

    /// Takes in a block's header row.
    pub fn add_zone(&mut self, zone: &crate::block::Zone) {
        self.events += u64::from(zone.count);
        self.behind = self.behind.max(zone.end());
        self.span =
            Some(self.span.map_or((zone.min_time, zone.max_time), |(a, b)| {
                (a.min(zone.min_time), b.max(zone.max_time))
            }));
        self.saw(zone.max_time);
        for (kind, count) in &zone.kinds {
            self.add_kind(*kind, u64::from(*count));
        }
    }

    /// Counts events of a kind.
    pub fn add_kind(&mut self, kind: u8, count: u64) {
        match self.kinds.binary_search_by_key(&kind, |(kind, _)| *kind) {
            Ok(at) => self.kinds[at].1 += count,
            Err(at) => self.kinds.insert(at, (kind, count)),
        }
    }

    /// Something of that time is in it.
    pub fn saw(&mut self, time: Nanos) {
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
    }
}

/// Written when a segment is closed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closed {
    /// What is in it.
    pub totals: Totals,
    /// Of everything in it, and of the segment before: see [`super::digest`].
    pub digest: Hash,
}
