//! Mounts, and what overlayfs and mount points add to files.

use event::{Detail, File, Kind, Mount, file_flags};

use super::{Case, case, facts, file, unknown};

fn mount(mountpoint: File, root: File, source: &str, fs_type: &str) -> Mount {
    Mount {
        mountpoint,
        root,
        source: source.to_owned(),
        fs_type: fs_type.to_owned(),
        mount_id: 41,
        parent_mount_id: 29,
        device: 0x0080_0001,
        ..Mount::default()
    }
}

fn mounted(name: &'static str, mount: Mount) -> Case {
    let file = mount.mountpoint.clone();
    case(name, Kind::Mount, Detail::Mount(Box::new(mount))).on(file)
}

/// On the upper or lower layer of an overlay in a container's mount, of which an event told.
fn overlay(path: &str, layer: u32) -> File {
    let mut file = file(path, 31);
    file.flags |= layer | file_flags::MOUNT_FROM_EVENT;
    let mut known = facts(31, 0o100_644);
    (known.filesystem, known.mount_path) = ("overlay".into(), "/run/ctr/rootfs".into());
    file.facts = Some(known);
    file
}

pub(super) fn cases() -> Vec<Case> {
    let disk = mount(file("/mnt", 2), file("/", 2), "/dev/sda1", "ext4");
    let mut bind = mount(file("/srv/www", 71), file("/home/alice/www", 72), "/home/alice/www", "ext4");
    (bind.bind_source_mount_id, bind.flags, bind.group_id) = (29, 0x5000, 7);
    let temporary = mount(file("/tmp/t", 73), unknown("/"), "tmpfs", "tmpfs");
    let mut gone = unknown("");
    gone.error = Some("path too long".to_owned());
    let mut refused = mount(gone, unknown(""), "/dev/sdb", "xfs");
    (refused.mount_id, refused.parent_mount_id, refused.device) = (0, 0, 0);
    let umount = |mount_id, flags| Detail::Umount { mount_id, flags, path: "mnt".to_owned() };
    vec![
        mounted("mount", disk),
        mounted("mount_bind", bind),
        mounted("mount_tmpfs", temporary),
        mounted("mount_refused", refused).returning(-1),
        case("umount", Kind::Umount, umount(41, 2)).on(file("/mnt", 2)),
        case("umount_unknown", Kind::Umount, umount(0, 0)).returning(-22),
        case("open_upper", Kind::Open, Detail::Open { flags: 2, mode: 0 })
            .on(overlay("/run/ctr/rootfs/etc/passwd", file_flags::UPPER_LAYER))
            .returning(3),
        case("open_lower", Kind::Open, Detail::Open { flags: 0, mode: 0 })
            .on(overlay("/run/ctr/rootfs/etc/group", file_flags::LOWER_LAYER))
            .returning(3),
    ]
}
