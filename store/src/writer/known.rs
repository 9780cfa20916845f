//! What was found out about files, so that each segment has it of the executables that its contexts name.

use std::collections::HashMap;
use std::sync::Arc;

use event::{Context, FileIdentity, ImageRef, Provenance};

use crate::block::Seeded;
use crate::limits::KNOWN_FILES;

/// The latest files, in two generations: what is asked for moves to the young one, and the old one is dropped whole when
/// the young one is full. So at least the last [`KNOWN_FILES`] that were asked for are there.
#[derive(Debug, Default)]
pub struct Known {
    young: HashMap<FileIdentity, Arc<Provenance>, Seeded>,
    old: HashMap<FileIdentity, Arc<Provenance>, Seeded>,
}

/// The files whose content a context is about: those of the image that it holds.
pub fn files(context: &Context) -> impl Iterator<Item = FileIdentity> {
    let image = match &context.image {
        ImageRef::Own(image) => Some(image),
        ImageRef::Unknown | ImageRef::Shared(_) => None,
    };
    let files = image.into_iter().flat_map(|image| [Some(&image.executable), image.interpreter.as_ref()]);
    files.flatten().filter_map(|file| file.facts.as_ref()?.identity())
}

impl Known {
    /// Keeps it, in place of what was known of the file before.
    pub fn learn(&mut self, provenance: &Arc<Provenance>) {
        if self.young.len() >= KNOWN_FILES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(provenance.file, Arc::clone(provenance));
    }

    /// What is known of a file.
    pub fn of(&mut self, file: FileIdentity) -> Option<Arc<Provenance>> {
        if let Some(known) = self.young.get(&file) {
            return Some(Arc::clone(known));
        }
        let known = self.old.remove(&file)?;
        self.learn(&known);
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use event::HashState;

    use super::*;

    #[test]
    fn the_latest_files_are_remembered_and_what_is_asked_for_stays() {
        let file = |inode| FileIdentity { inode, mtime: 1, ctime: 2, mount: 0 };
        let mut known = Known::default();
        for inode in 0..10 * KNOWN_FILES as u64 {
            let state = HashState::FileEmpty;
            known.learn(&Arc::new(Provenance { file: file(inode), state, sha256: None, package: None }));
            assert!(known.of(file(0)).is_some(), "after {inode}");
            assert!(known.young.len() + known.old.len() <= 2 * KNOWN_FILES);
        }
        assert!(known.of(file(10 * KNOWN_FILES as u64 - 1)).is_some());
        assert!(known.of(file(1)).is_none());
    }
}
