//! What is known of files from the recorder's own earlier events: the state before a call that removes or changes
//! one.

use std::{borrow::Cow, collections::HashMap};

use event::FileFacts;

use crate::{enrich::View, limits};

/// What is known of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its facts.
    pub facts: FileFacts,
    /// Its layer of an overlay, a bit of [`event::file_flags`]; 0 if it is on none, or unknown.
    pub layer: u32,
}

/// Paths and what was last known of them, in two generations: when the younger is full the older is dropped. Cleared
/// when file events were lost, and below a mount that came or went, because a state may then be of another file. A key
/// is the path; before that of another mount namespace stands its number, which no path begins with.
#[derive(Debug, Default)]
pub struct FileStates {
    young: HashMap<Box<[u8]>, Known>,
    old: HashMap<Box<[u8]>, Known>,
}

impl FileStates {
    /// The state last known of `path`.
    #[must_use]
    pub fn get(&self, view: View, path: &[u8]) -> Option<&Known> {
        let key = key(view, path);
        self.young.get(&*key).or_else(|| self.old.get(&*key))
    }

    /// Remembers facts just seen.
    pub fn set(&mut self, view: View, path: &[u8], facts: &FileFacts, layer: u32) {
        let key = key(view, path);
        if let Some(entry) = self.young.get_mut(&*key) {
            if entry.facts != *facts {
                entry.facts.clone_from(facts);
            }
            entry.layer = layer;
            return;
        }
        if self.young.len() >= limits::FILE_STATES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert((*key).into(), Known { facts: facts.clone(), layer });
    }

    /// Forgets a path and returns what was known of it.
    pub fn remove(&mut self, view: View, path: &[u8]) -> Option<Known> {
        let key = key(view, path);
        let old = self.old.remove(&*key);
        self.young.remove(&*key).or(old)
    }

    /// Forgets everything below a directory that moved.
    pub fn remove_below(&mut self, view: View, directory: &[u8]) {
        let directory = key(view, directory.strip_suffix(b"/").unwrap_or(directory));
        let below =
            |path: &[u8]| path.strip_prefix(&*directory).is_some_and(|rest| rest.first() == Some(&b'/'));
        self.young.retain(|path, _| !below(path));
        self.old.retain(|path, _| !below(path));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

fn key(view: View, path: &[u8]) -> Cow<'_, [u8]> {
    match view {
        View::Own => Cow::Borrowed(path),
        View::Foreign { namespace, .. } => {
            // Seven bits each, and the highest set: none is a slash.
            let number = [28, 21, 14, 7, 0].map(|shift| (namespace.0 >> shift).to_le_bytes()[0] | 0x80);
            Cow::Owned([&number[..], path].concat())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::MountNamespace;

    const OWN: View = View::Own;

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
            states.set(OWN, format!("/{number}").as_bytes(), &inode(number as u64), 0);
        }
        assert!(states.young.len() + states.old.len() <= 2 * limits::FILE_STATES);
        assert!(states.get(OWN, format!("/{}", count - 1).as_bytes()).is_some());
        assert!(states.get(OWN, b"/0").is_none());
    }

    #[test]
    fn what_moved_with_its_directory_is_forgotten() {
        let mut states = FileStates::default();
        for path in [&b"/d/x"[..], b"/dx", b"/d"] {
            states.set(OWN, path, &inode(1), 0);
        }
        states.remove_below(OWN, b"/d");
        assert!(
            states.get(OWN, b"/d/x").is_none()
                && states.get(OWN, b"/dx").is_some()
                && states.get(OWN, b"/d").is_some()
        );
        assert_eq!(states.remove(OWN, b"/d"), Some(known(1)));
        assert_eq!(states.remove(OWN, b"/d"), None);
    }

    #[test]
    fn the_same_path_in_another_namespace_is_another_file() {
        let there = |number| View::Foreign { pid: 1, namespace: MountNamespace(number) };
        let mut states = FileStates::default();
        states.set(OWN, b"/d/x", &inode(1), 0);
        states.set(there(7), b"/d/x", &inode(2), 0);
        assert_eq!(states.get(there(7), b"/d/x"), Some(&known(2)));
        assert_eq!(states.get(there(8), b"/d/x"), None);
        states.remove_below(there(7), b"/");
        assert_eq!(states.get(there(7), b"/d/x"), None);
        assert_eq!(states.get(OWN, b"/d/x"), Some(&known(1)));
    }
}
