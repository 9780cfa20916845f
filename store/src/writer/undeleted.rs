//! Files of removed segments that could not be deleted: they keep their room, and deleting them is tried again.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use crate::faults::Watch;
use crate::segment::backend;

/// Such files. At most as many as there were segments: each has been one.
#[derive(Debug, Default)]
pub struct Undeleted(Vec<PathBuf>);

impl Undeleted {
    /// One more.
    pub fn add(&mut self, path: PathBuf) {
        self.0.push(path);
    }

    /// Room that they keep, in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|path| std::fs::metadata(path).map_or(0, |metadata| metadata.len())).sum()
    }

    /// Tries again. After a restart a file that is still there is a segment again.
    pub fn retry(&mut self, watch: Option<&Arc<dyn Watch>>) {
        self.0.retain(|path| match backend::remove(watch, path) {
            Ok(()) => false,
            Err(error) => error.kind() != ErrorKind::NotFound,
        });
    }
}
