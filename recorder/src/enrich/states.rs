//! What is known of files from the recorder's own earlier events: the state before a call that removes or changes
//! one.

use std::collections::HashMap;

use event::FileFacts;

use crate::limits;

/// What is known of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its facts.
    pub facts: FileFacts,
    /// Its layer of an overlay, a bit of [`event::file_flags`]; 0 if it is on none, or unknown.
    pub layer: u32,
}

/// Paths and what was last known of them, in two generations: when the younger is full the older is dropped. Only
/// paths of the recorder's own mount namespace are kept. Cleared when file events were lost or mounts changed,
/// because a state may then be of another file.
#[derive(Debug, Default)]
pub struct FileStates {
    young: HashMap<Box<[u8]>, Known>,
    old: HashMap<Box<[u8]>, Known>,
}

impl FileStates {
    /// The state last known of `path`.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Option<&Known> {
        self.young.get(path).or_else(|| self.old.get(path))
    }

    /// Remembers facts just seen.
    pub fn set(&mut self, path: &[u8], facts: &FileFacts, layer: u32) {
        if let Some(entry) = self.young.get_mut(path) {
            if entry.facts != *facts {
                entry.facts.clone_from(facts);
            }
            entry.layer = layer;
            return;
        }
        if self.young.len() >= limits::FILE_STATES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(path.into(), Known { facts: facts.clone(), layer });
    }

    /// Forgets a path and returns what was known of it.
    pub fn remove(&mut self, path: &[u8]) -> Option<Known> {
        let old = self.old.remove(path);
        self.young.remove(path).or(old)
    }

    /// Forgets everything below a directory that moved.
    pub fn remove_below(&mut self, directory: &[u8]) {
        let below =
            |path: &[u8]| path.strip_prefix(directory).is_some_and(|rest| rest.first() == Some(&b'/'));
        self.young.retain(|path, _| !below(path));
        self.old.retain(|path, _| !below(path));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inode(number: u64) -> FileFacts {
        FileFacts { inode: number, ..FileFacts::default() }
    }

    fn known(number: u64) -> Known {
        Known { facts: inode(number), layer: 0 }
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let mut states = FileStates::default();
        let count = limits::FILE_STATES * 3 + 5;
        for number in 0..count {
            states.set(format!("/{number}").as_bytes(), &inode(number as u64), 0);
        }
        assert!(states.young.len() + states.old.len() <= 2 * limits::FILE_STATES);
        assert!(states.get(format!("/{}", count - 1).as_bytes()).is_some());
        assert!(states.get(b"/0").is_none());
    }

    #[test]
    fn what_moved_with_its_directory_is_forgotten() {
        let mut states = FileStates::default();
        for path in [&b"/d/x"[..], b"/dx", b"/d"] {
            states.set(path, &inode(1), 0);
        }
        states.remove_below(b"/d");
        assert!(states.get(b"/d/x").is_none() && states.get(b"/dx").is_some() && states.get(b"/d").is_some());
        assert_eq!(states.remove(b"/d"), Some(known(1)));
        assert_eq!(states.remove(b"/d"), None);
    }
}
