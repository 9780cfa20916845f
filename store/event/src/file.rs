//! A file as an event saw it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Nanos, Provenance};

/// A file: its path, and what is known of its inode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Absolute path in the recorder's view; empty if unresolved. Valid UTF-8 as it is; in a name that is not,
    /// each byte that does not decode is written `\xNN` (and `raw` has the bytes).
    pub path: String,
    /// The path's bytes, only if they are not UTF-8.
    pub raw: Option<Vec<u8>>,
    /// Why path or facts are incomplete (`path_resolution_error`).
    pub error: Option<String>,
    /// What is known of the inode; `None` if nothing.
    pub facts: Option<FileFacts>,
    /// [`file_flags`].
    pub flags: u32,
    /// What was found out about its content afterwards; put in by the reader of a store, never kept with the file.
    #[serde(skip)]
    pub provenance: Option<Arc<Provenance>>,
}

/// Bits of [`File::flags`].
pub mod file_flags {
    /// The facts were read by the probe from the very object.
    pub const FROM_KERNEL: u32 = 1;
    /// The facts are of the state before the call, out of the recorder's own earlier events.
    pub const FROM_CACHE: u32 = 2;
    /// The facts were looked up by path after the call (they may be of a later state).
    pub const FROM_LOOKUP: u32 = 4;
    /// Opened with `FMODE_CREATED`: the call made it.
    pub const CREATED: u32 = 8;
    /// Unlinked at the time of the event.
    pub const DELETED: u32 = 16;
    /// On overlayfs, and its inode was in the upper layer before the call.
    pub const UPPER_LAYER: u32 = 32;
    /// On overlayfs, and its inode was in a lower layer before the call.
    pub const LOWER_LAYER: u32 = 64;
    /// The mount was first known from a mount event, not from /proc.
    pub const MOUNT_FROM_EVENT: u32 = 128;
}

/// Inode facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Inode number.
    pub inode: u64,
    /// `st_mode`, type bits included.
    pub mode: u32,
    /// Owner, initial user namespace.
    pub uid: u32,
    /// Group likewise.
    pub gid: u32,
    /// Modification time.
    pub mtime: Nanos,
    /// Change time.
    pub ctime: Nanos,
    /// Mount id, 0 if unknown.
    pub mount_id: u32,
    /// File system type name, empty if unknown.
    pub filesystem: Arc<str>,
    /// Where that mount is mounted, in the recorder's view; empty if unknown.
    #[serde(default)]
    pub mount_path: Arc<str>,
}

impl File {
    /// Last component of the path, or the whole if there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&self.path)
    }
}
