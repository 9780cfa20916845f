//! What a check found.

use event::render::Date;
use event::{EventId, Nanos};
use serde::{Serialize, Serializer};

use crate::block::Hash;
use crate::reader::Segment;
use crate::{Finding, SegmentState};

/// Bad blocks of a segment that are listed; more are counted.
const MAX_BAD: usize = 100;

/// How far a check is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Segments done.
    pub done: usize,
    /// Segments in all.
    pub segments: usize,
    /// The segment being checked.
    pub segment: u64,
    /// Bytes of files done.
    pub bytes_done: u64,
    /// Bytes of files in all.
    pub bytes: u64,
}

/// Result of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Checked ones, oldest first.
    pub segments: Vec<SegmentReport>,
    /// Whether everything that was to be checked was, and is as it was written.
    pub whole: bool,
    /// Whether everything was unpacked as well.
    pub deep: bool,
    /// Events in what was checked.
    pub events: u64,
    /// Bytes of the files that were checked.
    pub bytes: u64,
    /// Segments that were not checked because somebody writes them.
    pub unchecked: Vec<Unchecked>,
    /// Who writes the store: a pid, 0 if it is not known.
    pub writer: Option<u32>,
    /// Whether the check was ended early; it can go on from `next`.
    pub interrupted: bool,
    /// First segment that is still to be checked, if it was interrupted.
    pub next: Option<u64>,
    /// The newest closed segment: its digest, kept elsewhere, tells later whether the chain up to it is still this one.
    pub anchor: Option<Anchor>,
    /// Segments written anew (packed, thinned) since the newest checked segment began: of what they are now, the chain does
    /// not tell yet; of what they were when they were closed, it does.
    pub rewritten_since: Vec<u64>,
    /// Digests that were expected and are not in the chain, in hexadecimal.
    pub missing_digests: Vec<String>,
}

/// A place of the chain.
#[derive(Clone, Debug, Serialize)]
pub struct Anchor {
    /// The segment.
    pub segment: u64,
    /// Its digest when it was closed, in hexadecimal.
    pub digest: String,
}

/// A segment that was not checked.
#[derive(Clone, Debug, Serialize)]
pub struct Unchecked {
    /// Its number.
    pub number: u64,
    /// Why not.
    pub why: &'static str,
}

/// Result for one segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentReport {
    /// Its number.
    pub number: u64,
    /// Name of its file.
    pub file: String,
    /// What it is.
    pub state: SegmentState,
    /// Version of its format.
    pub format: u32,
    /// Bytes of its file.
    pub bytes: u64,
    /// Blocks that are as they were written.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// First event id of the first bad block.
    pub first_bad_block: Option<EventId>,
    /// Blocks that are not as they were written, the first 100.
    pub bad_blocks: Vec<BadBlock>,
    /// How many there are.
    pub bad_block_count: u64,
    /// What is wrong with it; `None` if nothing is.
    pub problem: Option<String>,
    /// Whether it was never closed (a crash, or it was copied while being written): it cannot be checked to be complete.
    pub unclosed: bool,
    /// Who signed it: a public key in hexadecimal, "invalid", or nothing.
    pub signature: Finding,
    /// Whether it was written anew since it was closed (packed, thinned): then the chain names what it was before.
    pub rewritten: bool,
    /// References of blocks to contexts that it does not have; counted by the deep check. A recorder that lost records
    /// leaves some.
    pub unknown_contexts: u64,
    /// Numbers of segments before it that are missing because retention removed them behind a pinned or thinned one:
    /// first and last.
    pub hole: Option<(u64, u64)>,
}

/// A block that is not as it was written.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BadBlock {
    /// Id of its first event.
    pub first: EventId,
    /// Id of its last event; `None` if its header row is damaged too.
    pub last: Option<EventId>,
    /// Events in it, likewise.
    pub events: Option<u64>,
    /// Earliest one, likewise.
    #[serde(serialize_with = "date")]
    pub from: Option<Nanos>,
    /// Latest one, likewise.
    #[serde(serialize_with = "date")]
    pub to: Option<Nanos>,
    /// What is wrong.
    pub problem: String,
}

#[expect(clippy::ref_option, reason = "serde gives the field")]
fn date<S: Serializer>(time: &Option<Nanos>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(Date).serialize(serializer)
}

/// In hexadecimal.
pub(super) fn hex(hash: &Hash) -> String {
    blake3::Hash::from(*hash).to_hex().to_string()
}

impl Report {
    pub(super) fn add(&mut self, result: SegmentReport) {
        self.whole &= result.problem.is_none();
        self.events += result.events;
        self.bytes += result.bytes;
        self.segments.push(result);
    }

    pub(super) fn leave_out(&mut self, number: u64, why: &'static str) {
        self.unchecked.push(Unchecked { number, why });
    }
}

impl SegmentReport {
    pub(super) fn of(segment: &Segment) -> Self {
        Self {
            number: segment.number,
            file: segment.file_name(),
            state: segment.form(),
            format: segment.format,
            bytes: segment.bytes(),
            blocks: 0,
            events: 0,
            first_bad_block: None,
            bad_blocks: Vec::new(),
            bad_block_count: 0,
            problem: None,
            unclosed: segment.form() == SegmentState::Open,
            rewritten: segment.link() != segment.digest(),
            unknown_contexts: 0,
            signature: Finding::None,
            hole: None,
        }
    }

    pub(super) fn bad(&mut self, block: BadBlock) {
        self.first_bad_block.get_or_insert(block.first);
        self.problem.get_or_insert_with(|| format!("block {}: {}", block.first, block.problem));
        self.bad_block_count += 1;
        if self.bad_blocks.len() < MAX_BAD {
            self.bad_blocks.push(block);
        }
    }
}
