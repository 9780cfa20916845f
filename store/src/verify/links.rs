//! Whether segments follow on each other, and whether the digests that somebody kept are among theirs.

use std::collections::BTreeMap;

use super::Verification;
use super::report::{Anchor, Report, SegmentReport, hex};
use crate::SegmentState;
use crate::block::Hash;
use crate::reader::{Segment, Shared, View, is_pinned};
use crate::segment::file::{FileError, guarded};
use crate::segment::meta::REWRITTEN;
use crate::segment::tables::META;

/// The chain so far.
pub struct Links<'a> {
    shared: &'a Shared,
    /// Digests that were not met yet.
    expected: Vec<Hash>,
    before: Option<Before>,
    newest: Option<(u64, Hash)>,
    /// Digests that closed segments took down of those before them; of each segment the newest.
    noted: BTreeMap<u64, Hash>,
    /// What checked segments are that were written anew.
    rewritten: Vec<(u64, Hash)>,
}

/// What of a segment matters to the next.
struct Before {
    number: u64,
    link: Option<Hash>,
    /// The digest it will have, if it could not be closed and recording went on behind it.
    unclosed: Option<Hash>,
    /// Retention may have removed what came next.
    kept_longer: bool,
}

impl<'a> Links<'a> {
    pub fn new(how: &Verification, shared: &'a Shared) -> Self {
        Self {
            shared,
            expected: how.expect.clone(),
            before: None,
            newest: None,
            noted: BTreeMap::new(),
            rewritten: Vec::new(),
        }
    }

    /// A segment that is not checked itself.
    pub fn passed(&mut self, segment: &Segment) {
        let link = segment.link();
        let known = [link, segment.digest(), segment.head.as_ref().and_then(|head| head.previous)];
        self.expected.retain(|digest| !known.contains(&Some(*digest)));
        if let Some(link) = link {
            self.newest = Some((segment.number, link));
        }
        let kept_longer = segment.form() == SegmentState::Thinned || is_pinned(&self.shared.pins(), segment);
        let open = segment.form() == SegmentState::Open;
        let unclosed = if open { crate::writer::unclosed_digest(&segment.path) } else { None };
        self.before = Some(Before { number: segment.number, link, unclosed, kept_longer });
    }

    /// A segment that retention removed meanwhile: nothing can be said of what the next one follows on.
    pub fn lose(&mut self) {
        self.before = None;
    }

    /// A checked segment: whether it follows on the one before.
    pub fn follow(&mut self, segment: &Segment, result: &mut SegmentReport) {
        if let (Some(head), Some(before), None) = (&segment.head, &self.before, &result.problem) {
            if head.number != segment.number {
                result.problem =
                    Some(format!("it is segment {}, under the name of another one", head.number));
            } else if head.number != before.number + 1 {
                let hole = (before.number + 1, head.number - 1);
                if before.kept_longer {
                    result.hole = Some(hole);
                } else {
                    result.problem = Some(format!("segments {} to {} before it are missing", hole.0, hole.1));
                }
            } else {
                result.problem = broken(before, head.previous);
            }
        }
        if let Some(digest) = segment.digest().filter(|_| result.rewritten && result.problem.is_none()) {
            self.rewritten.push((segment.number, digest));
        }
        // Only what a digest covers is worth something.
        if result.problem.is_none()
            && let Some(row) = self.shared.view(segment).ok().filter(|_| segment.digest().is_some())
            && let Ok(noted) = guarded(|| noted(&row))
        {
            self.noted.extend(noted);
        }
        self.passed(segment);
    }

    /// Writes down where the chain ends, and what is not in it.
    pub fn finish(self, report: &mut Report) {
        report.anchor = self.newest.map(|(segment, digest)| Anchor { segment, digest: hex(&digest) });
        let unnoted = self.rewritten.iter().filter(|(number, digest)| self.noted.get(number) != Some(digest));
        report.rewritten_since = unnoted.map(|(number, _)| *number).collect();
        report.whole &= self.expected.is_empty() || report.interrupted;
        report.missing_digests = self.expected.iter().map(hex).collect();
    }
}

/// What a segment took down of those before it: numbers and digests.
fn noted(view: &View) -> Result<Vec<(u64, Hash)>, FileError> {
    let table = view.transaction.open_table(META)?;
    Ok(table.get(REWRITTEN)?.map_or_else(Vec::new, |row| rewritten(row.value())))
}

/// Numbers and digests of a row [`REWRITTEN`].
pub(crate) fn rewritten(row: &[u8]) -> Vec<(u64, Hash)> {
    let entry = |entry: &[u8]| {
        let (number, digest) = entry.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*number), digest.try_into().ok()?))
    };
    row.chunks_exact(40).filter_map(entry).collect()
}

fn broken(before: &Before, previous: Option<Hash>) -> Option<String> {
    let number = before.number;
    match (previous, before.link) {
        (Some(remembered), Some(link)) if remembered != link => {
            Some(format!("segment {number} is not the one that it follows: the chain is broken"))
        }
        (Some(remembered), None) if before.unclosed == Some(remembered) => None,
        (Some(_), None) => Some(format!("segment {number} before it was closed once and is not any more")),
        (None, Some(_)) => Some(format!("it does not name segment {number} before it: the chain is broken")),
        _ => None,
    }
}
