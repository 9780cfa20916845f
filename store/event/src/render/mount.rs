//! `mount`.

use serde::{Serialize, Serializer};

use super::file::FileJson;
use super::object::Object;
use crate::{Credentials, Mount};

/// `mount`. The member of each file is the one that its name says; the schema's publisher has the paths of the two the
/// other way round, and gives consumers `mountpoint.path` and `source.path` to go by.
pub(super) struct MountJson<'a> {
    pub(super) mount: &'a Mount,
    pub(super) names: &'a Credentials,
    /// Also what only older generations have a place for.
    pub(super) older: bool,
}

impl Serialize for MountJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { mount, names, older } = *self;
        let mut object = Object::open(serializer)?;
        object.put("mp", &FileJson { file: &mount.mountpoint, names })?;
        object.put("root", &FileJson { file: &mount.root, names })?;
        object.put("mount_id", &mount.mount_id)?;
        object.put("parent_mount_id", &mount.parent_mount_id)?;
        object.put("bind_src_mount_id", &mount.bind_source_mount_id)?;
        object.put("device", &mount.device)?;
        object.text("fs_type", &mount.fs_type)?;
        object.text("mountpoint.path", &mount.mountpoint.path)?;
        // What is mounted need not be a path ("tmpfs", "server:/export"): such a word is in `tacho.detail` only.
        if mount.bind_source_mount_id != 0 || mount.source.starts_with('/') {
            object.text("source.path", &mount.source)?;
        }
        object.text("mountpoint.path_error", mount.mountpoint.error.as_deref().unwrap_or(""))?;
        object.text("source.path_error", mount.root.error.as_deref().unwrap_or(""))?;
        if older {
            object.number("group_id", mount.group_id.into())?;
        }
        object.end()
    }
}
