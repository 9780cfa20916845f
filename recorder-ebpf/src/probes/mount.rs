//! mount and move_mount: where, and the mount that came of it.

use abi::{Class, NO_ARG, PartTag, RecordKind, offsets as o};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    ended::{Ended, ended},
    filter,
    kernel::{Address, at, current, field},
    maps::{has, offset},
    parts,
    probes::file::{extras, file_of, named},
    record::Scratch,
    walk,
};

#[btf_tracepoint(function = "sys_exit")]
fn handle_mount(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::File, ret, number);
    scratch.syscall_body();
    let watch = scratch.watch;
    named(scratch, watch.dirfd, watch.path, PartTag::Base, PartTag::Arg);
    if watch.path2 != NO_ARG {
        named(scratch, watch.dirfd2, watch.path2, PartTag::Base2, PartTag::Arg2);
    }
    if ret >= 0 {
        let mount = if watch.fd == NO_ARG { newest(scratch) } else { moved(scratch) };
        if mount != 0 {
            attached(scratch, mount);
        }
    }
    extras(scratch);
    scratch.submit(Class::File);
    0
}

/// The newest mount of the task's namespace, if mount(2) made one; the flags say what it was asked for.
#[inline(always)]
fn newest(scratch: &Scratch) -> Address {
    /// `MS_REMOUNT`, `MS_MOVE`, and those that change propagation (include/uapi/linux/mount.h).
    const MAKES_NONE: u64 = 32 | 8192 | 0xf << 17;
    let known = has(o::TASK_NSPROXY) && has(o::NSPROXY_MNT) && has(o::MOUNT_NODE);
    if !known || scratch.args[3] & MAKES_NONE != 0 {
        return 0;
    }
    let proxy: Address = field(current(), o::TASK_NSPROXY);
    let namespace: Address = field(proxy, o::NSPROXY_MNT);
    let node = newest_node(namespace);
    if node == 0 { 0 } else { node - offset(o::MOUNT_NODE) }
}

/// A namespace's mounts are ordered by age: in a list, since 6.8 in a tree, whose last node is kept since 6.14
/// (fs/mount.h, `struct mnt_namespace`).
#[inline(always)]
fn newest_node(namespace: Address) -> Address {
    /// Steps of a red-black tree of 2^24 mounts; a namespace has no more than sysctl `fs.mount-max`, by default 100,000.
    const STEPS: u32 = 48;
    if has(o::MNTNS_NEWEST) {
        return field(namespace, o::MNTNS_NEWEST);
    }
    if !has(o::MNTNS_TREE) || !has(o::RB_RIGHT) {
        return 0;
    }
    let mut node: Address = field(namespace, o::MNTNS_TREE);
    for _ in 0..STEPS {
        if node == 0 {
            break;
        }
        let right: Address = field(node, o::RB_RIGHT);
        if right == 0 {
            break;
        }
        node = right;
    }
    node
}

/// What move_mount moved, if a descriptor says so: a mount of its own until then.
#[inline(always)]
fn moved(scratch: &Scratch) -> Address {
    const MOVE_MOUNT_F_EMPTY_PATH: u64 = 4;
    let file = file_of(scratch.args[0] as u32);
    if file == 0 || scratch.args[4] & MOVE_MOUNT_F_EMPTY_PATH == 0 {
        return 0;
    }
    field::<Address>(at(file, o::FILE_PATH), o::PATH_MNT) - offset(o::MOUNT_MNT)
}

/// Where a mount is, its root, and the directory beneath. Never inlined: before 6.13 a program's frames have 512 bytes
/// together.
#[inline(never)]
fn attached(scratch: &mut Scratch, mount: Address) {
    let root: Address = field(at(mount, o::MOUNT_MNT), o::VFSMOUNT_ROOT);
    if root == 0 {
        return;
    }
    walk::walk(scratch, PartTag::Path, root, mount);
    parts::facts(scratch, field(root, o::DENTRY_INODE), mount, 0);
    walk::within(scratch, PartTag::MountRoot, root);
    if scratch.watch.text == NO_ARG && has(o::MOUNT_DEVNAME) {
        // The new calls were told the source before, by fsconfig.
        parts::kernel_string(scratch, PartTag::Text, field(mount, o::MOUNT_DEVNAME));
    }
    let covered: Address = field(mount, o::MOUNT_POINT);
    let parent: Address = field(mount, o::MOUNT_PARENT);
    parts::facts_as(scratch, PartTag::Covered, field(covered, o::DENTRY_INODE), parent, 0);
}
