//! Checking a store: that what is there is what was written, and that nothing in between is missing.

mod bytes;
mod deep;
mod indexes;
mod links;
mod report;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use self::links::rewritten;
pub use self::report::{Anchor, BadBlock, Progress, Report, SegmentReport, Unchecked};
use crate::block::Hash;
use crate::pins::Pins;
use crate::reader::{Segment, Shared};
use crate::segment::file::{self, FileError};
use crate::{OpenError, PublicKey, SegmentState, VerifyError};

/// How often a segment is looked at again that changed while somebody writes the store.
const TRIES: usize = 3;

/// How a store is checked.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Also unpack everything, and check what it says of itself: counts, indexes, references. Without it the hashes of
    /// the stored bytes are checked, which tells every change of them.
    pub deep: bool,
    /// Begin with this segment.
    pub from: Option<u64>,
    /// Every closed segment must be signed by this key.
    pub key: Option<PublicKey>,
    /// Digests, kept elsewhere, that must be in the chain.
    pub expect: Vec<Hash>,
}

/// Checks all of a store, unpacking everything: [`verify_with`] that is never interrupted.
///
/// # Errors
/// As [`verify_with`].
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, VerifyError> {
    let all = Verification { deep: true, ..Verification::default() };
    verify_with(dir, &all, &mut |now| {
        progress(now);
        ControlFlow::Continue(())
    })
}

/// Checks each segment: that its blocks and tables hash to what its chain and digest say, and that it follows on the one
/// before. Segments removed from the head are no damage; one missing in between is, unless retention left a hole behind
/// a pinned or thinned segment. If somebody writes the store, the segment that is being written is left out.
///
/// `progress` is told of each segment and block, and may end it.
///
/// # Errors
/// If there is no store, or it comes from a newer release. Damage is no error: it is in the report.
pub fn verify_with(
    dir: &Path,
    how: &Verification,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report, VerifyError> {
    let (files, writer) = files(dir)?;
    let mut report = Report { whole: true, deep: how.deep, writer, ..Report::default() };
    let mut segments = Vec::new();
    let newest = files.last().map(|(number, _)| *number);
    for (number, path) in files {
        // The writer changes its newest file under a reader's eyes.
        if writer.is_some() && Some(number) == newest {
            report.leave_out(number, "it is being written");
            continue;
        }
        match Segment::look(number, &path) {
            Ok(segment) if writer.is_some() && segment.form() == SegmentState::Open => {
                report.leave_out(number, "it is being written");
            }
            Ok(_) if writer.is_some() && !path.exists() => {} // Removed meanwhile.
            Ok(segment) => segments.push(Arc::new(segment)),
            Err(newer) => {
                let migrations::Newer { found, supported } = newer;
                return Err(OpenError::Newer { found, supported, path }.into());
            }
        }
    }
    let pins = if dir.is_dir() { Pins::load(dir) } else { Pins::default() };
    let shared = Shared::new(segments.clone(), pins, None, None);
    let mut links = links::Links::new(how, &shared);
    let from = how.from.unwrap_or(0);
    let total = segments.iter().filter(|segment| segment.number >= from).map(|segment| segment.bytes()).sum();
    let count = segments.iter().filter(|segment| segment.number >= from).count();
    let mut now = Progress { segments: count, bytes: total, ..Progress::default() };
    for segment in &segments {
        if segment.number < from {
            links.passed(segment);
            continue;
        }
        now.segment = segment.number;
        let bytes = segment.bytes();
        let before = now.bytes_done;
        let told = &mut |done: u64| progress(Progress { bytes_done: before + done.min(bytes), ..now });
        let mut segment = Arc::clone(segment);
        let mut checked = check(&shared, &segment, how, told);
        // The writer may have put a packed file in its place, or removed it, between two looks.
        for _ in 0..TRIES {
            if writer.is_none() || checked.as_ref().is_none_or(|result| result.problem.is_none()) {
                break;
            }
            if !segment.path.exists() {
                break;
            }
            segment = Arc::new(look(&segment)?);
            checked = check(&shared, &segment, how, told);
        }
        let Some(mut result) = checked else {
            report.interrupted = true;
            report.next = Some(segment.number);
            report.whole = false;
            break;
        };
        now.done += 1;
        now.bytes_done = before + bytes;
        if writer.is_some() && !segment.path.exists() {
            report.leave_out(segment.number, "it was removed meanwhile");
            links.lose();
            continue;
        }
        links.follow(&segment, &mut result);
        segment.let_go();
        report.add(result);
    }
    if !report.interrupted {
        let _ = progress(Progress { done: count, bytes_done: total, ..now });
    }
    links.finish(&mut report);
    Ok(report)
}

/// Looks at a segment's file again.
fn look(segment: &Segment) -> Result<Segment, OpenError> {
    Segment::look(segment.number, &segment.path).map_err(|newer| OpenError::Newer {
        found: newer.found,
        supported: newer.supported,
        path: segment.path.clone(),
    })
}

/// Files by number.
type Files = Vec<(u64, PathBuf)>;

/// The segments' files, and the pid of who writes them (0 if unknown).
fn files(dir: &Path) -> Result<(Files, Option<u32>), OpenError> {
    let io = |source| OpenError::Io { action: "reading", path: dir.to_owned(), source };
    if std::fs::metadata(dir).map_err(io)?.is_file() {
        return Ok((vec![(file::number(dir).unwrap_or(1), dir.to_owned())], None));
    }
    let writer = match crate::writer::lock_shared(dir) {
        Ok(_) => None,
        Err(OpenError::Locked { pid, .. }) => Some(pid),
        Err(error) => return Err(error),
    };
    let inner = dir.join("segments");
    let files = file::list(if inner.is_dir() { &inner } else { dir }).map_err(io)?;
    if files.is_empty() && !inner.is_dir() {
        return Err(OpenError::Missing { path: dir.to_owned() });
    }
    Ok((files, writer))
}

/// Checks one segment; `None` if it was interrupted. `told` hears how many bytes are done.
fn check(
    shared: &Shared,
    segment: &Segment,
    how: &Verification,
    told: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Option<SegmentReport> {
    let mut result = SegmentReport::of(segment);
    if told(0).is_break() {
        return None;
    }
    let outcome = bytes::check(shared, segment, how.key.as_ref(), &mut result, told).and_then(|flow| {
        if flow.is_continue() && how.deep && result.problem.is_none() {
            return deep::check(shared, segment, &mut result, told);
        }
        Ok(flow)
    });
    match outcome {
        Ok(ControlFlow::Break(())) => return None,
        Ok(ControlFlow::Continue(())) => {}
        Err(FileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            result.problem.get_or_insert_with(|| "the file is gone".to_owned());
        }
        Err(error) => {
            result.problem.get_or_insert_with(|| error.to_string());
        }
    }
    Some(result)
}

#[cfg(test)]
pub(crate) mod tests;
