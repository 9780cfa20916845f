//! Flags of mounting and unmounting, of extended attributes, and of modules.

use std::borrow::Cow;

use super::bitmask::{Named, names};
use super::open::open_flags;
use crate::{Detail, Kind};

/// `MS_*` (include/uapi/linux/mount.h).
const MOUNT: &[Named] = &[
    ("MS_BIND", 1 << 12),
    ("MS_DIRSYNC", 1 << 7),
    ("MS_I_VERSION", 1 << 23),
    ("MS_LAZYTIME", 1 << 25),
    ("MS_MANDLOCK", 1 << 6),
    ("MS_MOVE", 1 << 13),
    ("MS_NOATIME", 1 << 10),
    ("MS_NODEV", 1 << 2),
    ("MS_NODIRATIME", 1 << 11),
    ("MS_NOEXEC", 1 << 3),
    ("MS_NOSUID", 1 << 1),
    ("MS_NOSYMFOLLOW", 1 << 8),
    ("MS_POSIXACL", 1 << 16),
    ("MS_PRIVATE", 1 << 18),
    ("MS_RDONLY", 1),
    ("MS_REC", 1 << 14),
    ("MS_RELATIME", 1 << 21),
    ("MS_REMOUNT", 1 << 5),
    ("MS_SHARED", 1 << 20),
    ("MS_SILENT", 1 << 15),
    ("MS_SLAVE", 1 << 19),
    ("MS_STRICTATIME", 1 << 24),
    ("MS_SYNCHRONOUS", 1 << 4),
    ("MS_UNBINDABLE", 1 << 17),
];

/// `MS_*`, sorted.
pub(in crate::render) fn mount_flags(flags: u64) -> Vec<Cow<'static, str>> {
    names(flags, MOUNT)
}

/// `MNT_*` and `UMOUNT_NOFOLLOW` of umount2(2) (include/linux/fs.h), sorted.
pub(in crate::render) fn unmount_flags(flags: u32) -> Vec<Cow<'static, str>> {
    const UNMOUNT: &[Named] =
        &[("MNT_DETACH", 2), ("MNT_EXPIRE", 4), ("MNT_FORCE", 1), ("UMOUNT_NOFOLLOW", 8)];
    names(flags.into(), UNMOUNT)
}

/// `XATTR_*` (include/uapi/linux/xattr.h), sorted.
pub(in crate::render) fn xattr_flags(flags: u32) -> Vec<Cow<'static, str>> {
    names(flags.into(), &[("XATTR_CREATE", 1), ("XATTR_REPLACE", 2)])
}

/// Flags of `finit_module` (include/uapi/linux/module.h); of `delete_module` those of open that it takes.
pub(in crate::render) fn module_flags(kind: Kind, detail: &Detail) -> Vec<Cow<'static, str>> {
    const LOAD: &[Named] = &[
        ("MODULE_INIT_COMPRESSED_FILE", 4),
        ("MODULE_INIT_IGNORE_MODVERSIONS", 1),
        ("MODULE_INIT_IGNORE_VERMAGIC", 2),
    ];
    match (kind, detail) {
        (_, Detail::Module { flags: 0, .. }) => Vec::new(),
        (Kind::UnloadModule, Detail::Module { flags, .. }) => {
            open_flags(*flags).into_iter().filter(|name| name != "O_RDONLY").collect()
        }
        (_, Detail::Module { flags, .. }) => names((*flags).into(), LOAD),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_the_names_of_the_kernel() {
        assert_eq!(mount_flags(0x5001), ["MS_BIND", "MS_RDONLY", "MS_REC"]);
        assert_eq!(mount_flags(1 << 40), ["1099511627776"]);
        assert_eq!(unmount_flags(10), ["MNT_DETACH", "UMOUNT_NOFOLLOW"]);
        assert_eq!(xattr_flags(2), ["XATTR_REPLACE"]);
        let module = |flags| Detail::Module {
            name: String::new(),
            from_memory: false,
            args: Vec::new(),
            args_truncated: false,
            flags,
        };
        assert_eq!(module_flags(Kind::UnloadModule, &module(0xa00)), ["O_NONBLOCK", "O_TRUNC"]);
        assert_eq!(module_flags(Kind::LoadModule, &module(4)), ["MODULE_INIT_COMPRESSED_FILE"]);
        assert!(module_flags(Kind::LoadModule, &module(0)).is_empty());
    }
}
