//! Rewriting closed segments to their final form, in the background.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::reader::Shared;

/// The background thread.
#[derive(Debug)]
pub struct Packer {}

impl Packer {
    pub fn start(_shared: &Arc<Shared>, _enabled: bool) -> Self {
        Self {}
    }

    pub fn send(&self, _number: u64) {}

    pub fn settle(&self) {}
}

/// Where a segment is rewritten to.
pub fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("redb.tmp")
}

/// Removes what an interrupted rewriting left.
pub fn remove_unfinished(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
