//! Files that were looked at already.

use std::collections::HashSet;

use event::FileIdentity;

use crate::limits::HASHED_FILES;

/// The latest files in two generations: the older is dropped whole.
#[derive(Debug, Default)]
pub struct Seen {
    young: HashSet<FileIdentity>,
    old: HashSet<FileIdentity>,
}

impl Seen {
    /// Whether a file is new; it is not any more then.
    pub fn first(&mut self, file: FileIdentity) -> bool {
        if self.young.contains(&file) {
            return false;
        }
        if self.young.len() >= HASHED_FILES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(file);
        !self.old.remove(&file)
    }

    /// Mounts changed, and their ids may have been given to others: files known by their mount are new again.
    pub fn remount(&mut self) {
        self.young.retain(|file| file.mount == 0);
        self.old.retain(|file| file.mount == 0);
    }

    /// It shall be taken for new when it comes again.
    pub fn forget(&mut self, file: FileIdentity) {
        self.young.remove(&file);
        self.old.remove(&file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_new_once_and_again_when_it_was_forgotten() {
        let file = |inode| FileIdentity { inode, mtime: 1, ctime: 2, mount: 0 };
        let mut seen = Seen::default();
        assert!(seen.first(file(0)) && !seen.first(file(0)));
        seen.forget(file(0));
        assert!(seen.first(file(0)));
        let mounted = FileIdentity { mount: 30, ..file(0) };
        assert!(seen.first(mounted) && !seen.first(mounted));
        seen.remount();
        assert!(seen.first(mounted) && !seen.first(file(0)));
        for inode in 1..3 * HASHED_FILES as u64 {
            assert!(seen.first(file(inode)));
            assert!(seen.young.len() + seen.old.len() <= 2 * HASHED_FILES);
        }
        assert!(seen.first(file(0)));
    }
}
