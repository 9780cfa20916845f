//! Whether segments follow on each other, and whether the digests that somebody kept are among theirs.

use super::Verification;
use super::report::{Anchor, Report, SegmentReport, hex};
use crate::SegmentState;
use crate::block::Hash;
use crate::reader::{Segment, Shared, is_pinned};

/// The chain so far.
pub struct Links<'a> {
    shared: &'a Shared,
    /// Digests that were not met yet.
    expected: Vec<Hash>,
    before: Option<Before>,
    newest: Option<(u64, Hash)>,
}

/// What of a segment matters to the next.
struct Before {
    number: u64,
    link: Option<Hash>,
    /// Retention may have removed what came next.
    kept_longer: bool,
}

impl<'a> Links<'a> {
    pub fn new(how: &Verification, shared: &'a Shared) -> Self {
        Self { shared, expected: how.expect.clone(), before: None, newest: None }
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
        self.before = Some(Before { number: segment.number, link, kept_longer });
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
        self.passed(segment);
    }

    /// Writes down where the chain ends, and what is not in it.
    pub fn finish(self, report: &mut Report) {
        report.anchor = self.newest.map(|(segment, digest)| Anchor { segment, digest: hex(&digest) });
        report.whole &= self.expected.is_empty() || report.interrupted;
        report.missing_digests = self.expected.iter().map(hex).collect();
    }
}

fn broken(before: &Before, previous: Option<Hash>) -> Option<String> {
    let number = before.number;
    match (previous, before.link) {
        (Some(remembered), Some(link)) if remembered != link => {
            Some(format!("segment {number} is not the one that it follows: the chain is broken"))
        }
        (Some(_), None) => Some(format!("segment {number} before it was closed once and is not any more")),
        (None, Some(_)) => Some(format!("it does not name segment {number} before it: the chain is broken")),
        _ => None,
    }
}
