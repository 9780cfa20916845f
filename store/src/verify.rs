//! Checking a whole store.

use std::path::Path;

use serde::Serialize;

use crate::VerifyError;

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Segments done.
    pub done: usize,
    /// Segments in all.
    pub segments: usize,
}

/// Result of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Oldest first.
    pub segments: Vec<SegmentReport>,
    /// Whether everything is as it was written.
    pub whole: bool,
    /// Events checked.
    pub events: u64,
}

/// Result for one segment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SegmentReport {
    /// Its number.
    pub number: u64,
    /// Name of its file.
    pub file: String,
    /// Blocks checked.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// First event id of the first bad block.
    pub first_bad_block: Option<u64>,
    /// What is wrong with it; `None` if nothing is.
    pub problem: Option<String>,
}

/// Walks every segment: the file's own checksums, each block's hash, counts, and the chain between segments.
///
/// # Errors
/// If there is no store, it is being written, or it comes from a newer release. Damage is no error: it is in the report.
pub fn verify(_dir: &Path, _progress: &mut dyn FnMut(Progress)) -> Result<Report, VerifyError> {
    Ok(Report::default())
}
