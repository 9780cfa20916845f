//! File calls, by the generic spec of [`abi::Watch`].

use abi::{Class, NO_ARG, PartHeader, PartTag, RecordKind, offsets as o, shape};
use aya_ebpf::{
    helpers::generated::bpf_probe_read_kernel, macros::btf_tracepoint, programs::BtfTracePointContext,
};

use crate::{
    compat,
    ended::{Ended, ended},
    filter,
    kernel::{Address, at, current, field, read},
    parts,
    parts::First,
    probes::selinux,
    record,
    record::Scratch,
    walk,
};

/// `AT_FDCWD` (include/uapi/linux/fcntl.h).
const AT_FDCWD: i32 = -100;

#[btf_tracepoint(function = "sys_exit")]
fn handle_file(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    if scratch.watch.open_how != 0 {
        // struct open_how (include/uapi/linux/openat2.h): flags, mode, resolve.
        let how: [u64; 3] = user(scratch.args[2]);
        scratch.args[2] = how[0];
        scratch.args[3] = how[1];
        scratch.args[4] = how[2];
    }
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::File, ret, number);
    scratch.syscall_body();
    let watch = scratch.watch;
    scratch.object = 0;
    if watch.returns_fd != 0 && ret >= 0 {
        held(scratch, ret as u32);
    } else {
        if watch.fd != NO_ARG {
            let fd = scratch.args[usize::from(watch.fd & 7)] as u32;
            held(scratch, fd);
        }
        if watch.path != NO_ARG {
            named(scratch, watch.dirfd, watch.path, PartTag::Base, PartTag::Arg);
        }
        if watch.path2 != NO_ARG {
            named(scratch, watch.dirfd2, watch.path2, PartTag::Base2, PartTag::Arg2);
        }
        if watch.walks_cwd != 0 && watch.fd == NO_ARG && ret >= 0 {
            let fs: Address = field(current(), o::TASK_FS);
            scratch.object = at(fs, o::FS_PWD);
            scratch.object_file = 0;
        }
    }
    // One look at the end, whichever way led to it: each costs the verifier a walk.
    // SAFETY: plain fields; volatile, so that the verifier does not follow where they came from.
    let (path, file) = unsafe {
        (
            core::ptr::read_volatile(&raw const scratch.object),
            core::ptr::read_volatile(&raw const scratch.object_file),
        )
    };
    if path != 0 {
        object(scratch, path, file);
    }
    if watch.returns_fd != 0 && ret >= 0 {
        selinux::arm(scratch, ret as u32);
    }
    if filter::late(scratch) {
        return 0;
    }
    extras(scratch);
    scratch.submit(Class::File);
    0
}

/// Strings and structures beside the paths, by the spec.
#[inline(always)]
pub fn extras(scratch: &mut Scratch) {
    let watch = scratch.watch;
    if watch.text != NO_ARG {
        parts::user_string(scratch, PartTag::Text, scratch.args[usize::from(watch.text & 7)]);
    }
    if watch.text2 != NO_ARG {
        parts::user_string(scratch, PartTag::Text2, scratch.args[usize::from(watch.text2 & 7)]);
    }
    if watch.memory != NO_ARG {
        let from = scratch.args[usize::from(watch.memory & 7)];
        let mut length = u64::from(watch.memory_bytes);
        if watch.memory_length != NO_ARG {
            // Lengths are `int` or `unsigned int` in the calls that have them.
            let given = u64::from(scratch.args[usize::from(watch.memory_length & 7)] as u32);
            length = if given < length { given } else { length };
        }
        if watch.shape & (shape::TIME32 | shape::LIMIT32) != 0 {
            compat::structure(scratch, from, watch.memory_bytes, watch.shape);
        } else {
            parts::user_memory(scratch, PartTag::Memory, from, from.wrapping_add(length));
        }
    }
}

/// Words of the caller's memory; zero if they cannot be read.
#[inline(always)]
fn user(address: Address) -> [u64; 3] {
    // SAFETY: the helper checks the address itself.
    unsafe { aya_ebpf::helpers::bpf_probe_read_user(address as *const [u64; 3]) }.unwrap_or_default()
}

/// The `struct file` of a descriptor of the running task; 0 if there is none.
#[inline(always)]
pub fn file_of(fd: u32) -> Address {
    let files: Address = field(current(), o::TASK_FILES);
    let table: Address = field(files, o::FILES_FDT);
    if files == 0 || fd >= field(table, o::FDT_MAX) {
        return 0;
    }
    let array: Address = field(table, o::FDT_FD);
    read(array + u64::from(fd) * 8)
}

/// The call is about what a descriptor refers to.
#[inline(always)]
fn held(scratch: &mut Scratch, fd: u32) {
    let file = file_of(fd);
    if file != 0 {
        scratch.object = at(file, o::FILE_PATH);
        scratch.object_file = file;
    }
}

/// Path and facts of what a descriptor refers to.
#[inline(never)]
pub fn descriptor(scratch: &mut Scratch, fd: u32) {
    let file = file_of(fd);
    if file != 0 {
        object(scratch, at(file, o::FILE_PATH), file);
    }
}

/// Path and facts of a `struct path`.
#[inline(never)]
pub fn object(scratch: &mut Scratch, path: Address, file: Address) {
    let mount = walk::path(scratch, PartTag::Path, path);
    let dentry: Address = field(path, o::PATH_DENTRY);
    let inode: Address = if file == 0 { field(dentry, o::DENTRY_INODE) } else { field(file, o::FILE_INODE) };
    parts::facts(scratch, inode, mount, file);
}

/// A path string and what it is relative to. Where the string names an open file, that is looked at.
#[inline(never)]
pub fn named(scratch: &mut Scratch, dirfd: u8, path: u8, base: PartTag, tag: PartTag) {
    /// `RESOLVE_IN_ROOT` (include/uapi/linux/openat2.h): the directory descriptor is the root.
    const IN_ROOT: u64 = 0x10;
    let address = scratch.args[usize::from(path & 7)];
    scratch.args[6] = scratch.position;
    let first = parts::user_string(scratch, tag, address);
    let fs: Address = field(current(), o::TASK_FS);
    let fd = if dirfd == NO_ARG { AT_FDCWD } else { scratch.args[usize::from(dirfd & 7)] as i32 };
    if first == First::Slash && (scratch.watch.open_how == 0 || scratch.args[4] & IN_ROOT == 0) {
        walk::path(scratch, base, at(fs, o::FS_ROOT));
        if tag as u8 == PartTag::Arg as u8 {
            let own = own_descriptor(scratch);
            if own >= 0 {
                held(scratch, own as u32);
            }
        }
        return;
    }
    let from = if fd == AT_FDCWD {
        at(fs, o::FS_PWD)
    } else {
        let file = file_of(fd as u32);
        if file == 0 {
            return;
        }
        at(file, o::FILE_PATH)
    };
    walk::path(scratch, base, from);
    // AT_EMPTY_PATH, or no path at all as utimensat takes it: the call is of the descriptor.
    let none = first == First::End || (first == First::Fault && address == 0);
    if none && dirfd != NO_ARG && tag as u8 == PartTag::Arg as u8 && took_place(scratch.header().ret) {
        scratch.object = from;
        scratch.object_file = 0;
    }
}

/// Did the call find its object? It succeeded or was refused.
#[inline(always)]
fn took_place(ret: i64) -> bool {
    const EPERM: i64 = -1;
    const EACCES: i64 = -13;
    ret >= 0 || ret == EPERM || ret == EACCES
}

/// The descriptor that a string, in the part at `args[6]`, names by `/proc/self/fd` or `/dev/fd`; -1 if it does not.
#[inline(always)]
fn own_descriptor(scratch: &mut Scratch) -> i64 {
    const SELF: [u64; 2] = [u64::from_ne_bytes(*b"/proc/se"), u64::from_ne_bytes(*b"lf/fd/\0\0")];
    const DEV: u64 = u64::from_ne_bytes(*b"/dev/fd/");
    const SIX: u64 = u64::from_ne_bytes([255, 255, 255, 255, 255, 255, 0, 0]);
    const DIGITS: usize = 5;
    // SAFETY: a plain field; read here, because the verifier of 6.1 forgets the bound of what was spilled to the stack.
    let start = unsafe { core::ptr::read_volatile(&raw const scratch.args[6]) };
    if start > record::LAST_START {
        return -1;
    }
    // SAFETY: `head` has room, and the buffer has as many bytes behind that position; copied, to be read as words.
    unsafe {
        bpf_probe_read_kernel(
            scratch.head.as_mut_ptr().cast(),
            32,
            scratch.buffer.as_ptr().add(start as usize + size_of::<PartHeader>()).cast(),
        );
    }
    let mut place = if scratch.head[0] == SELF[0] && scratch.head[1] & SIX == SELF[1] {
        14
    } else if scratch.head[0] == DEV {
        8
    } else {
        return -1;
    };
    let end = place + DIGITS;
    let mut number = 0;
    while place <= end {
        // SAFETY: at most the twentieth byte of `head`.
        let byte = unsafe { scratch.head.as_ptr().cast::<u8>().add(place).read_volatile() };
        if byte == 0 {
            return number;
        }
        if !byte.is_ascii_digit() {
            return -1;
        }
        number = number * 10 + i64::from(byte - b'0');
        place += 1;
    }
    -1
}
