//! What is found out about an executable after it ran: the hash of its content, and the package that it came from.
//!
//! Events and contexts never change once written, and the first run of a new program is the one that matters. So this
//! is kept beside them, by the file's identity, and joined when an event is read.

use serde::{Deserialize, Serialize};

use crate::{FileFacts, Nanos};

/// A file's content as it was at a moment: one inode in one state. Elsewhere an inode of the same number that was changed
/// in the same nanosecond is a copy of the same file system, or the lower file of several overlays. Where the times say
/// less, the mount tells file systems apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Inode number.
    pub inode: u64,
    /// Modification time.
    pub mtime: Nanos,
    /// Change time.
    pub ctime: Nanos,
    /// Mount id, if both times are the same: so they are for all files of file systems that have but one time, or that
    /// were made in one go with times of somebody's choice (squashfs, erofs, iso9660, vfat). Else 0.
    pub mount: u32,
}

/// What is known of a file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The file.
    pub file: FileIdentity,
    /// How far the hashing came.
    pub state: HashState,
    /// SHA-256 of the content; `Some` with [`HashState::Done`] only.
    pub sha256: Option<[u8; 32]>,
    /// The installed package whose list of files names it.
    pub package: Option<Package>,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version as the packager writes it: `[epoch:]version[-release]`.
    pub version: String,
}

/// How far the hashing of a file came, in the schema publisher's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HashState {
    /// Not attempted, or not yet.
    #[default]
    NoHash,
    /// It is there.
    Done,
    /// The file was gone, or another one was in its place.
    FileNotFound,
    /// Its path is not known.
    PathnameResolutionError,
    /// Larger than the largest that is hashed.
    FileTooBig,
    /// There is nothing to hash.
    FileEmpty,
    /// It is there and cannot be opened.
    FileOpenError,
    /// Over the budget; tried again if the file can be kept open, else when it is next run.
    HashWasRateLimited,
    /// Reading it failed, or it changed meanwhile.
    HashFailed,
}

impl HashState {
    /// The schema's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoHash => "NoHash",
            Self::Done => "Done",
            Self::FileNotFound => "FileNotFound",
            Self::PathnameResolutionError => "PathnameResolutionError",
            Self::FileTooBig => "FileTooBig",
            Self::FileEmpty => "FileEmpty",
            Self::FileOpenError => "FileOpenError",
            Self::HashWasRateLimited => "HashWasRateLimited",
            Self::HashFailed => "HashFailed",
        }
    }
}

impl FileFacts {
    /// The file's identity; `None` if the inode is not known. Only for facts of an executable, which always have the times
    /// (0 is one: files of images may be of 1970).
    #[must_use]
    pub fn identity(&self) -> Option<FileIdentity> {
        let Self { inode, mtime, ctime, mount_id, .. } = *self;
        let mount = if mtime == ctime { mount_id } else { 0 };
        (inode != 0).then_some(FileIdentity { inode, mtime, ctime, mount })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_file_system_with_one_time_is_told_apart_by_its_mount() {
        let facts = FileFacts { inode: 7, mtime: 0, ctime: 0, mount_id: 30, ..FileFacts::default() };
        let other = FileFacts { mount_id: 31, ..facts.clone() };
        assert_ne!(facts.identity(), other.identity());
        let changed = |mount_id| FileFacts { ctime: 1, mount_id, ..facts.clone() }.identity();
        assert_eq!(changed(30), changed(31));
        assert_eq!(FileFacts { inode: 0, ..facts }.identity(), None);
    }
}
