//! Files and mounts.

use super::super::definition::{
    Definition,
    Type::{Boolean, Date, Integer, One, Text, Texts},
    field,
};

/// `file`: the object of the event, with its `destination`.
pub(in crate::schema) static FILE_EVENT: Definition = Definition::object(
    "FileEvent",
    &[
        field("path", Text, "ooooo"),
        field("name", Text, "ooooo"),
        field("path_resolution_error", Text, "ooooo"),
        field("inode", Integer, "ooooo"),
        field("mode", Integer, "ooooo"),
        field("in_upper_layer", Boolean, "ooooo"),
        field("mount_id", Integer, "ooooo"),
        field("filesystem", Text, "ooooo"),
        field("uid", Integer, "RRRRR"),
        field("gid", Integer, "RRRRR"),
        field("user", Text, "ooooo"),
        field("group", Text, "ooooo"),
        field("attribute_name", Text, "ooooo"),
        field("attribute_namespace", Text, "ooooo"),
        field("flags", Texts, "ooooo"),
        field("access_time", Date, "ooooo"),
        field("modification_time", Date, "ooooo"),
        field("change_time", Date, "ooooo"),
        field("destination", One(&FILE), "ooooo"),
        field("new_mount_id", Integer, "ooooo"),
        field("group_id", Integer, "oooo-"),
        field("device", Integer, "ooooo"),
        field("fstype", Text, "ooooo"),
        field("package_name", Text, "----o"),
        field("package_version", Text, "----o"),
        field("hashes", Texts, "----o"),
        field("hash_state", Text, "----o"),
        field("mount_path", Text, "----o"),
        field("mount_source", Text, "----o"),
        field("mount_origin", Text, "----o"),
    ],
);

/// A file: destination, executable, interpreter.
pub(in crate::schema) static FILE: Definition = Definition::object(
    "File",
    &[
        field("path", Text, "ooooo"),
        field("name", Text, "ooooo"),
        field("path_resolution_error", Text, "ooooo"),
        field("inode", Integer, "ooooo"),
        field("mode", Integer, "ooooo"),
        field("in_upper_layer", Boolean, "ooooo"),
        field("mount_id", Integer, "ooooo"),
        field("filesystem", Text, "ooooo"),
        field("uid", Integer, "RRRRR"),
        field("gid", Integer, "RRRRR"),
        field("user", Text, "ooooo"),
        field("group", Text, "ooooo"),
        field("attribute_name", Text, "ooooo"),
        field("attribute_namespace", Text, "ooooo"),
        field("flags", Texts, "ooooo"),
        field("access_time", Date, "ooooo"),
        field("modification_time", Date, "ooooo"),
        field("change_time", Date, "ooooo"),
        field("package_name", Text, "----o"),
        field("package_version", Text, "----o"),
        field("hashes", Texts, "----o"),
        field("hash_state", Text, "----o"),
        field("mount_path", Text, "----o"),
        field("mount_source", Text, "----o"),
        field("mount_origin", Text, "----o"),
    ],
);

/// `mount`.
pub(in crate::schema) static MOUNT_EVENT: Definition = Definition::object(
    "MountEvent",
    &[
        field("mp", One(&FILE), "----o"),
        field("root", One(&FILE), "----o"),
        field("mount_id", Integer, "----R"),
        field("parent_mount_id", Integer, "----R"),
        field("bind_src_mount_id", Integer, "----R"),
        field("device", Integer, "----R"),
        field("fs_type", Text, "----o"),
        field("mountpoint.path", Text, "----o"),
        field("source.path", Text, "----o"),
        field("mountpoint.path_error", Text, "----o"),
        field("source.path_error", Text, "----o"),
    ],
);
