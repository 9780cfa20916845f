//! Paths out of records: joined and tidied, never resolved here.

use event::{File, file_flags};

use crate::process::display;

/// `path_resolution_error` texts.
pub mod errors {
    /// More components or bytes than a record holds.
    pub const TRUNCATED: &str = "truncated_parents";
    /// The caller's string could not be read (a bad pointer, or paged out).
    pub const FAULT: &str = "path could not be read from the caller's memory";
    /// The walk ended outside any file system tree.
    pub const DETACHED: &str = "not reachable from the process's root";
    /// Facts are missing.
    pub const STATE_UNKNOWN: &str = "state before the call unknown";
    /// Facts are missing.
    pub const NOT_FOUND: &str = "not found when looked up after the call";
    /// Facts are missing.
    pub const FOREIGN: &str = "in another mount namespace: not looked up";
    /// The owner is of after the call.
    pub const OWNER_AFTER: &str = "owner before the call unknown: the one after it is given";
    /// The path is as the caller gave it.
    pub const UNRESOLVED: &str = "symbolic links not resolved";
}

/// Joins `base` (absolute, walked in the kernel and so without symbolic links) and `arg` (relative, absolute below
/// `base`, or empty for `base` itself). A relative `arg` that begins by climbing climbs from `base`, where no link can
/// lead elsewhere; a later `..` stays, since what is before it may be a link.
#[must_use]
pub fn join(base: &[u8], arg: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(base.len() + arg.len() + 1);
    let add = |path: &mut Vec<u8>, component: &[u8]| {
        path.push(b'/');
        path.extend_from_slice(component);
    };
    for component in components(base) {
        add(&mut path, component);
    }
    let mut climbing = arg.first() != Some(&b'/');
    for component in components(arg) {
        climbing &= component == b"..";
        if climbing {
            path.truncate(path.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
        } else {
            add(&mut path, component);
        }
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|component| !component.is_empty() && *component != b".")
}

/// Is a `..` in the path?
#[must_use]
pub fn climbs(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|component| component == b"..")
}

/// Directory and last component of an absolute path; `None` for the root.
#[must_use]
pub fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    let name = path.get(slash + 1..).filter(|name| !name.is_empty())?;
    Some((if slash == 0 { b"/" } else { path.get(..slash)? }, name))
}

/// A file with its path only.
#[must_use]
pub fn file_of_path(path: &[u8]) -> File {
    match std::str::from_utf8(path) {
        Ok(text) => File { path: text.to_owned(), ..File::default() },
        Err(_) => File { path: display(path), raw: Some(path.to_vec()), ..File::default() },
    }
}

/// A file whose path the kernel walked.
#[must_use]
pub fn file_of_walk(path: &[u8], truncated: bool, detached: bool, deleted: bool) -> File {
    let mut file = file_of_path(path);
    if truncated {
        file.error = Some(errors::TRUNCATED.to_owned());
    } else if detached {
        file.error = Some(errors::DETACHED.to_owned());
    }
    if deleted {
        file.flags |= file_flags::DELETED;
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_tidies_but_does_not_resolve() {
        assert_eq!(join(b"/a/b", b"c"), b"/a/b/c");
        assert_eq!(join(b"/", b"//etc/./passwd"), b"/etc/passwd");
        assert_eq!(join(b"/a/b", b"./../../c/../d"), b"/c/../d");
        assert_eq!(join(b"/a", b"../../b"), b"/b");
        assert_eq!(join(b"/jail", b"/../b"), b"/jail/../b");
        assert_eq!(join(b"/a", b""), b"/a");
        assert_eq!(join(b"", b""), b"/");
        assert!(climbs(b"/a/../b") && !climbs(b"/a/..b"));
    }

    #[test]
    fn splitting_gives_directory_and_name() {
        assert_eq!(split(b"/a/b"), Some((&b"/a"[..], &b"b"[..])));
        assert_eq!(split(b"/a"), Some((&b"/"[..], &b"a"[..])));
        assert_eq!(split(b"/"), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_beside_the_escaped_path() {
        let file = file_of_path(b"/x\xff");
        assert_eq!((file.path.as_str(), file.raw.as_deref()), ("/x\\xff", Some(&b"/x\xff"[..])));
    }
}
