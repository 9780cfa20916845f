//! Parts of a record: strings, structures, and what is read of tasks and files.

use abi::{Credentials, FileFacts, PartHeader, PartTag, facts_flags, limits, offsets as o, part_flags};
use aya_ebpf::helpers::generated::{bpf_probe_read_kernel_str, bpf_probe_read_user, bpf_probe_read_user_str};

use crate::{
    kernel::{Address, at, current, field, read},
    maps::{has, offset},
    record::{Scratch, padded},
};

/// One more than a string may have with its NUL: only one that is cut is as long.
const MOST_STRING: u32 = limits::PATH as u32 + 1;
/// Bytes of a part before its content.
pub const HEADER: u64 = size_of::<PartHeader>() as u64;

/// Writes a part's header at `start` and moves on behind its `length` bytes.
#[inline(always)]
pub fn close(scratch: &mut Scratch, start: u64, tag: PartTag, flags: u8, length: u64) {
    let header = PartHeader { tag: tag as u8, flags, len: length as u16, reserved: 0 };
    // SAFETY: `start` is at most LAST_START, and the buffer has room for a part behind it.
    unsafe { scratch.buffer.as_mut_ptr().add(start as usize).cast::<PartHeader>().write(header) };
    scratch.position = start + HEADER + padded(length);
}

/// A structure.
#[inline(always)]
pub fn structure<T: Copy>(scratch: &mut Scratch, tag: PartTag, value: &T) {
    let Some(start) = scratch.start() else { return };
    // SAFETY: as in `close`; T is far smaller than a part may be, and aligned to ALIGN at the most.
    unsafe { scratch.buffer.as_mut_ptr().add((start + HEADER) as usize).cast::<T>().write(*value) };
    close(scratch, start, tag, 0, size_of::<T>() as u64);
}

/// A string in the kernel, up to `PATH` bytes; left out if the pointer is null.
#[inline(always)]
pub fn kernel_string(scratch: &mut Scratch, tag: PartTag, address: Address) {
    if address == 0 {
        return;
    }
    let Some(start) = scratch.start() else { return };
    // SAFETY: as in `close`; the helper writes up to the given length and checks the address.
    let length = unsafe {
        bpf_probe_read_kernel_str(
            scratch.buffer.as_mut_ptr().add((start + HEADER) as usize).cast(),
            MOST_STRING,
            address as *const _,
        )
    };
    close_string(scratch, start, tag, length);
}

/// What a string begins with, of those that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// A slash.
    Slash,
    /// The end: it is empty.
    End,
    /// Something else.
    Other,
    /// It could not be read.
    Fault,
}

/// A path string of the caller; the part is there even if the read fails.
#[inline(always)]
pub fn user_string(scratch: &mut Scratch, tag: PartTag, address: Address) -> First {
    let Some(start) = scratch.start() else { return First::Fault };
    // SAFETY: as in `close`; the helper writes up to the given length and checks the address.
    let (length, first) = unsafe {
        let to = scratch.buffer.as_mut_ptr().add((start + HEADER) as usize);
        let length = bpf_probe_read_user_str(to.cast(), MOST_STRING, address as *const _);
        (length, core::ptr::read_volatile(to))
    };
    close_string(scratch, start, tag, length);
    match (length, first) {
        (..=0, _) => First::Fault,
        (1, _) => First::End,
        (_, b'/') => First::Slash,
        _ => First::Other,
    }
}

#[inline(always)]
fn close_string(scratch: &mut Scratch, start: u64, tag: PartTag, length: i64) {
    if length <= 0 {
        close(scratch, start, tag, part_flags::FAULT, 0);
        return;
    }
    let mut length = length as u64;
    let mut flags = 0;
    // The helper counts the NUL, which a string that was cut has one behind the limit.
    if length > limits::PATH as u64 {
        length = limits::PATH as u64;
        flags = part_flags::TRUNCATED;
    }
    close(scratch, start, tag, flags, length - 1);
}

/// User memory from `from` to `to`, cut at 8 KiB (`ARGS` and `ENVS`).
#[inline(always)]
pub fn user_memory(scratch: &mut Scratch, tag: PartTag, from: Address, to: Address) {
    const MOST: u64 = 8192;
    const _: () = assert!(limits::ARGS == 8192 && limits::ENVS == 8192 && limits::SOCKADDR < 8192);
    if from == 0 || to <= from {
        return;
    }
    let Some(start) = scratch.start() else { return };
    let wanted = to - from;
    let cut = wanted > MOST;
    scratch.args[6] = if cut { MOST } else { wanted };
    // SAFETY: a plain field; volatile, so that the verifier sees the bound that follows.
    let mut length = unsafe { core::ptr::read_volatile(&raw const scratch.args[6]) };
    if length > MOST {
        length = MOST;
    }
    // SAFETY: as in `close`; the helper writes `length` bytes and checks the address.
    let result = unsafe {
        bpf_probe_read_user(
            scratch.buffer.as_mut_ptr().add((start + HEADER) as usize).cast(),
            length as u32,
            from as *const _,
        )
    };
    if result < 0 {
        close(scratch, start, tag, part_flags::FAULT, 0);
    } else {
        close(scratch, start, tag, if cut { part_flags::TRUNCATED } else { 0 }, length);
    }
}

/// The task's name.
#[inline(always)]
pub fn comm(scratch: &mut Scratch, task: Address) {
    name(scratch, at(task, o::TASK_COMM));
}

/// A name of 15 bytes at the most.
#[inline(always)]
pub fn name(scratch: &mut Scratch, address: Address) {
    let Some(start) = scratch.start() else { return };
    // SAFETY: as in `close`; the helper writes up to 16 bytes.
    let length = unsafe {
        bpf_probe_read_kernel_str(
            scratch.buffer.as_mut_ptr().add((start + HEADER) as usize).cast(),
            16,
            address as *const _,
        )
    };
    let length = if length > 0 && length <= 16 { length as u64 - 1 } else { 0 };
    close(scratch, start, PartTag::Comm, 0, length);
}

/// The task's credentials.
#[inline(always)]
pub fn credentials(scratch: &mut Scratch, task: Address) {
    let cred: Address = field(task, o::TASK_CRED);
    // uid, gid, suid, sgid, euid, egid, fsuid, fsgid stand together in this order, and so do the five sets
    // (include/linux/cred.h, unchanged since 2.6.29); the loader checks both against BTF.
    let ids: [u32; 8] = field(cred, o::CRED_UID);
    let caps: [u64; 5] = field(cred, o::CRED_CAP_INHERITABLE);
    let value = Credentials {
        uid: ids[0],
        gid: ids[1],
        suid: ids[2],
        sgid: ids[3],
        euid: ids[4],
        egid: ids[5],
        fsuid: ids[6],
        fsgid: ids[7],
        auid: if has(o::TASK_LOGINUID) { field(task, o::TASK_LOGINUID) } else { u32::MAX },
        session: if has(o::TASK_SESSIONID) { field(task, o::TASK_SESSIONID) } else { u32::MAX },
        cap_inheritable: caps[0],
        cap_permitted: caps[1],
        cap_effective: caps[2],
        cap_bounding: caps[3],
        cap_ambient: caps[4],
    };
    structure(scratch, PartTag::Credentials, &value);
}

/// Facts of an inode as seen through a mount; `file` is 0 if there is none open.
#[inline(always)]
pub fn facts(scratch: &mut Scratch, inode: Address, mount: Address, file: Address) {
    facts_as(scratch, PartTag::Facts, inode, mount, file);
}

/// The same, under a tag.
#[inline(always)]
pub fn facts_as(scratch: &mut Scratch, tag: PartTag, inode: Address, mount: Address, file: Address) {
    const FMODE_CREATED: u32 = 0x10_0000;
    /// Words of `struct inode` up to its times.
    const INODE: usize = 24;
    if inode == 0 {
        return;
    }
    scratch.look(inode, INODE);
    let sb: Address = scratch.seen(inode, INODE, o::INODE_SB);
    let kind: Address = field(sb, o::SB_TYPE);
    // Since 6.13 the top bit of the change time's nanoseconds is a mark (I_CTIME_QUERIED, include/linux/fs.h).
    let nanos = |seconds: i64, nanos: u32| {
        seconds.wrapping_mul(1_000_000_000).wrapping_add(i64::from(nanos & 0x7fff_ffff))
    };
    let mut value = FileFacts {
        inode: scratch.seen(inode, INODE, o::INODE_INO),
        mtime: nanos(
            scratch.seen(inode, INODE, o::INODE_MTIME),
            scratch.seen(inode, INODE, o::INODE_MTIME_NS),
        ),
        ctime: nanos(
            scratch.seen(inode, INODE, o::INODE_CTIME),
            scratch.seen(inode, INODE, o::INODE_CTIME_NS),
        ),
        size: if has(o::INODE_SIZE) { scratch.seen(inode, INODE, o::INODE_SIZE) } else { 0 },
        device: field(sb, o::SB_DEV),
        mode: u32::from(scratch.seen::<u16>(inode, INODE, o::INODE_MODE)),
        uid: scratch.seen(inode, INODE, o::INODE_UID),
        gid: scratch.seen(inode, INODE, o::INODE_GID),
        mount_id: if has(o::MOUNT_ID) { field(mount, o::MOUNT_ID) } else { 0 },
        nlink: if has(o::INODE_NLINK) { scratch.seen(inode, INODE, o::INODE_NLINK) } else { 0 },
        filesystem: [0; 16],
        flags: 0,
        mount_namespace: mount_namespace(current()),
    };
    if file != 0 && field::<u32>(file, o::FILE_MODE) & FMODE_CREATED != 0 {
        value.flags |= facts_flags::CREATED;
    }
    // SAFETY: `filesystem` has 16 bytes; the helper checks the address and leaves the last one zero.
    unsafe {
        bpf_probe_read_kernel_str(
            value.filesystem.as_mut_ptr().cast(),
            15,
            field::<Address>(kind, o::FSTYPE_NAME) as *const _,
        );
    }
    value.flags |= layer(&value.filesystem, inode);
    // SAFETY: as many bytes; they have no meaning but their own.
    scratch.filesystem = unsafe { core::mem::transmute::<[u8; 16], [u64; 2]>(value.filesystem) };
    structure(scratch, tag, &value);
}

/// Which layer of an overlay the inode is in: `struct ovl_inode` (fs/overlayfs/ovl_entry.h) is around it, and has
/// the dentry in the upper layer if there is one.
#[inline(always)]
fn layer(filesystem: &[u8; 16], inode: Address) -> u32 {
    if !has(o::OVL_INODE_VFS) || !has(o::OVL_INODE_UPPER) {
        return 0;
    }
    let [name @ .., _, _, _, _, _, _, _, _] = filesystem;
    if u64::from_ne_bytes(*name) != u64::from_ne_bytes(*b"overlay\0") {
        return 0;
    }
    let around = inode - offset(o::OVL_INODE_VFS);
    if field::<Address>(around, o::OVL_INODE_UPPER) == 0 { facts_flags::LOWER } else { facts_flags::UPPER }
}

#[inline(always)]
fn mount_namespace(task: Address) -> u32 {
    if !has(o::TASK_NSPROXY) || !has(o::NSPROXY_MNT) || !has(o::MNTNS_INUM) {
        return 0;
    }
    let proxy: Address = field(task, o::TASK_NSPROXY);
    if proxy == 0 {
        return 0;
    }
    field(field(proxy, o::NSPROXY_MNT), o::MNTNS_INUM)
}

/// Name of the controlling terminal.
#[inline(always)]
pub fn tty(scratch: &mut Scratch, task: Address) {
    if !has(o::SIGNAL_TTY) || !has(o::TTY_NAME) {
        return;
    }
    let tty: Address = field(field(task, o::TASK_SIGNAL), o::SIGNAL_TTY);
    if tty != 0 {
        kernel_string(scratch, PartTag::Tty, at(tty, o::TTY_NAME));
    }
}

/// Copies the syscall's registers: arguments in the order of the calling convention. Those of a 32-bit call are there.
#[inline(always)]
pub fn arguments(scratch: &mut Scratch, regs: Address) {
    if scratch.compat != 0 {
        return;
    }
    // struct pt_regs of x86-64 (arch/x86/include/asm/ptrace.h): r10 at 56, then r9, r8, ax, cx, dx, si, di.
    let [r10, r9, r8, _ax, _cx, dx, si, di]: [u64; 8] = read(regs + 56);
    scratch.args = [di, si, dx, r10, r8, r9, 0, 0];
}
