//! What is found out about an executable after it ran: the hash of its content, and the package that it came from.
//!
//! Events and contexts never change once written, and the first run of a new program is the one that matters. So this
//! is kept beside them, by the file's identity, and joined when an event is read.

use serde::{Deserialize, Serialize};

use crate::{FileFacts, Nanos};

/// A file's content as it was at a moment: one inode in one state. There is no device in it, because a file of the same
/// inode number and both times to the nanosecond elsewhere is a copy of the same image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Inode number.
    pub inode: u64,
    /// Modification time.
    pub mtime: Nanos,
    /// Change time.
    pub ctime: Nanos,
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
    /// The file's identity; `None` if inode or times are not known.
    #[must_use]
    pub fn identity(&self) -> Option<FileIdentity> {
        let Self { inode, mtime, ctime, .. } = *self;
        (inode != 0 && mtime != 0 && ctime != 0).then_some(FileIdentity { inode, mtime, ctime })
    }
}
