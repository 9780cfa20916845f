//! Walks up from a dentry to the root of its mount namespace, across mounts, and writes the names leaf first.

use core::ffi::c_void;

use abi::{PartHeader, PartTag, limits, offsets as o, part_flags};
use aya_ebpf::helpers::generated::{bpf_loop, bpf_probe_read_kernel_str};

use crate::{
    kernel::{Address, at, field},
    maps::{has, offset},
    parts::close,
    record::{Scratch, scratch},
};

/// Words of `struct dentry` up to its name.
const DENTRY: usize = 8;
const CONTINUE: i64 = 0;
const STOP: i64 = 1;
/// `MNT_NS_INTERNAL` (fs/mount.h): an error pointer that marks the kernel's own mounts.
const MNT_NS_INTERNAL: u64 = -22i64 as u64;

/// Walks from a `struct path`; returns its mount (`struct mount`).
#[inline(always)]
pub fn path(scratch: &mut Scratch, tag: PartTag, path: Address) -> Address {
    let vfsmount: Address = field(path, o::PATH_MNT);
    let dentry: Address = field(path, o::PATH_DENTRY);
    let mount = vfsmount - offset(o::MOUNT_MNT);
    walk(scratch, tag, dentry, mount);
    mount
}

/// Walks from a mount's root to the root of its file system.
#[inline(always)]
pub fn within(scratch: &mut Scratch, tag: PartTag, dentry: Address) {
    // At the root of the mount that is none the walk ends.
    walk(scratch, tag, dentry, 0);
}

/// Walks from a dentry seen through a mount; with none, to the root of the file system.
#[inline(never)]
pub fn walk(scratch: &mut Scratch, tag: PartTag, dentry: Address, mount: Address) {
    let Some(start) = scratch.start() else { return };
    scratch.dentry = dentry;
    scratch.mount = mount;
    scratch.walk_start = start;
    scratch.walk_flags = 0;
    scratch.walk_done = 0;
    scratch.position = start + size_of::<PartHeader>() as u64;
    if dentry == 0 {
        scratch.walk_flags = u64::from(part_flags::FAULT);
        scratch.walk_done = 1;
    } else {
        scratch.walk_root =
            if mount == 0 { field(field(dentry, o::DENTRY_SB), o::SB_ROOT) } else { root_of(mount) };
        // An unhashed dentry has been unlinked, unless it is a root (fs/dcache.c, d_unlinked).
        let parent: Address = field(dentry, o::DENTRY_PARENT);
        if parent != dentry && field::<Address>(dentry, o::DENTRY_PPREV) == 0 {
            scratch.walk_flags |= u64::from(part_flags::DELETED);
        }
        // SAFETY: the callback has the signature that the helper wants and needs no context.
        unsafe {
            bpf_loop(limits::COMPONENTS + 64, step as *mut c_void, core::ptr::null_mut(), 0);
        }
    }
    if scratch.walk_done == 0 {
        scratch.walk_flags |= u64::from(part_flags::TRUNCATED);
    }
    finish(scratch, tag);
}

/// Closes the part that a walk wrote.
#[inline(always)]
fn finish(scratch: &mut Scratch, tag: PartTag) {
    // SAFETY: plain fields; volatile, so that the verifier sees the bounds that follow.
    let (start, end) = unsafe {
        (
            core::ptr::read_volatile(&raw const scratch.walk_start),
            core::ptr::read_volatile(&raw const scratch.position),
        )
    };
    if start > crate::record::LAST_START {
        return;
    }
    if tag as u8 == PartTag::Path as u8 {
        scratch.path_end = end;
    }
    let length = end.wrapping_sub(start).wrapping_sub(size_of::<PartHeader>() as u64);
    let flags = scratch.walk_flags as u8;
    close(scratch, start, tag, flags, length & 0xffff);
}

/// Writes one name behind the last and moves up; used by both walks.
#[inline(always)]
fn name(scratch: &mut Scratch, address: Address) -> bool {
    // SAFETY: a plain field; volatile, so that the verifier sees the bound that follows.
    let position = unsafe { core::ptr::read_volatile(&raw const scratch.position) };
    if position > crate::record::LAST_START + limits::PATH as u64 {
        scratch.walk_flags |= u64::from(part_flags::TRUNCATED);
        return false;
    }
    if position.wrapping_sub(scratch.walk_start) > limits::PATH as u64 {
        scratch.walk_flags |= u64::from(part_flags::TRUNCATED);
        return false;
    }
    // SAFETY: the buffer has room for a name behind that position; the helper checks the address.
    let length = unsafe {
        bpf_probe_read_kernel_str(
            scratch.buffer.as_mut_ptr().add(position as usize).cast(),
            limits::NAME as u32 + 1,
            address as *const _,
        )
    };
    if length <= 0 {
        scratch.walk_flags |= u64::from(part_flags::FAULT);
        return false;
    }
    scratch.position = position + length as u64;
    true
}

/// Root of the tree that a mount shows.
#[inline(always)]
fn root_of(mount: Address) -> Address {
    field(at(mount, o::MOUNT_MNT), o::VFSMOUNT_ROOT)
}

extern "C" fn step(_index: u32, _context: *mut c_void) -> i64 {
    let Some(scratch) = scratch() else { return STOP };
    let dentry = scratch.dentry;
    if dentry == scratch.walk_root {
        let mount = scratch.mount;
        let parent: Address = field(mount, o::MOUNT_PARENT);
        if parent == mount || parent == 0 {
            let namespace: Address = field(mount, o::MOUNT_NS);
            if namespace == 0 || namespace == MNT_NS_INTERNAL {
                scratch.walk_flags |= u64::from(part_flags::DETACHED);
            }
            scratch.walk_done = 1;
            return STOP;
        }
        scratch.dentry = field(mount, o::MOUNT_POINT);
        scratch.mount = parent;
        scratch.walk_root = root_of(parent);
        return CONTINUE;
    }
    scratch.look(dentry, DENTRY);
    let parent: Address = scratch.seen(dentry, DENTRY, o::DENTRY_PARENT);
    let text: Address = scratch.seen(dentry, DENTRY, o::DENTRY_NAME);
    if !name(scratch, text) {
        scratch.walk_done = 1;
        return STOP;
    }
    if parent == dentry || parent == 0 {
        // Pipes, sockets, memfds and other objects that hang from no tree.
        scratch.walk_flags |= u64::from(part_flags::DETACHED);
        scratch.walk_done = 1;
        return STOP;
    }
    scratch.dentry = parent;
    CONTINUE
}

/// Number of the task's cgroup in the v2 hierarchy; 0 if unknown.
#[inline(always)]
pub fn cgroup_id(task: Address) -> u64 {
    if !has(o::TASK_CGROUPS) || !has(o::CSSSET_CGROUP) || !has(o::CGROUP_KN) || !has(o::KN_ID) {
        return 0;
    }
    let set: Address = field(task, o::TASK_CGROUPS);
    let group: Address = field(set, o::CSSSET_CGROUP);
    field(field(group, o::CGROUP_KN), o::KN_ID)
}

/// The path of the task's cgroup in the v2 hierarchy; of the root only if that is asked for: then the containers of a v1
/// hierarchy are found in /proc.
#[inline(always)]
pub fn cgroup(scratch: &mut Scratch, task: Address, root: bool) {
    if !has(o::TASK_CGROUPS)
        || !has(o::CSSSET_CGROUP)
        || !has(o::CGROUP_KN)
        || !has(o::KN_PARENT)
        || !has(o::KN_NAME)
    {
        return;
    }
    let set: Address = field(task, o::TASK_CGROUPS);
    let group: Address = field(set, o::CSSSET_CGROUP);
    let node: Address = field(group, o::CGROUP_KN);
    if node == 0 || (!root && field::<Address>(node, o::KN_PARENT) == 0) {
        return;
    }
    let Some(start) = scratch.start() else { return };
    scratch.dentry = node;
    scratch.walk_start = start;
    scratch.walk_flags = 0;
    scratch.walk_done = 0;
    scratch.position = start + size_of::<PartHeader>() as u64;
    // SAFETY: as in `walk`.
    unsafe {
        bpf_loop(limits::COMPONENTS, cgroup_step as *mut c_void, core::ptr::null_mut(), 0);
    }
    if scratch.walk_done == 0 {
        scratch.walk_flags |= u64::from(part_flags::TRUNCATED);
    }
    finish(scratch, PartTag::Cgroup);
}

extern "C" fn cgroup_step(_index: u32, _context: *mut c_void) -> i64 {
    let Some(scratch) = scratch() else { return STOP };
    let node = scratch.dentry;
    let parent: Address = field(node, o::KN_PARENT);
    if parent == 0 {
        scratch.walk_done = 1;
        return STOP;
    }
    if !name(scratch, field(node, o::KN_NAME)) {
        scratch.walk_done = 1;
        return STOP;
    }
    scratch.dentry = parent;
    CONTINUE
}
