//! File calls, by the generic spec of [`abi::Watch`].

use abi::{Class, NO_ARG, PartTag, RecordKind, offsets as o, shape};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    compat, filter,
    kernel::{Address, at, current, field, read},
    parts, record,
    record::Scratch,
    walk,
};

/// `AT_FDCWD` (include/uapi/linux/fcntl.h).
const AT_FDCWD: i32 = -100;

#[btf_tracepoint(function = "sys_exit")]
fn handle_file(ctx: BtfTracePointContext) -> i32 {
    let Some(scratch) = record::scratch() else { return 0 };
    let number = scratch.args[7] as u32;
    let regs: u64 = ctx.arg::<*const u8>(0) as u64;
    let ret: i64 = ctx.arg(1);
    parts::arguments(scratch, regs);
    if scratch.watch.open_how != 0 {
        // struct open_how (include/uapi/linux/openat2.h): flags and mode first.
        let how: [u64; 2] = user(scratch.args[2]);
        scratch.args[2] = how[0];
        scratch.args[3] = how[1];
    }
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::File, ret, number);
    scratch.syscall_body();
    let watch = scratch.watch;
    if watch.returns_fd != 0 && ret >= 0 {
        descriptor(scratch, ret as u32);
    } else {
        if watch.fd != NO_ARG {
            let fd = scratch.args[usize::from(watch.fd & 7)] as u32;
            descriptor(scratch, fd);
        }
        if watch.path != NO_ARG {
            named(scratch, watch.dirfd, watch.path, PartTag::Base, PartTag::Arg);
        }
        if watch.path2 != NO_ARG {
            named(scratch, watch.dirfd2, watch.path2, PartTag::Base2, PartTag::Arg2);
        }
        if watch.walks_cwd != 0 && watch.fd == NO_ARG && ret >= 0 {
            let fs: Address = field(current(), o::TASK_FS);
            object(scratch, at(fs, o::FS_PWD), 0);
        }
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

/// Two words of the caller's memory; zero if they cannot be read.
#[inline(always)]
fn user(address: Address) -> [u64; 2] {
    // SAFETY: the helper checks the address itself.
    unsafe { aya_ebpf::helpers::bpf_probe_read_user(address as *const [u64; 2]) }.unwrap_or_default()
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
fn object(scratch: &mut Scratch, path: Address, file: Address) {
    let mount = walk::path(scratch, PartTag::Path, path);
    let dentry: Address = field(path, o::PATH_DENTRY);
    let inode: Address = if file == 0 { field(dentry, o::DENTRY_INODE) } else { field(file, o::FILE_INODE) };
    parts::facts(scratch, inode, mount, file);
}

/// A path string and what it is relative to.
#[inline(never)]
fn named(scratch: &mut Scratch, dirfd: u8, path: u8, base: PartTag, tag: PartTag) {
    let address = scratch.args[usize::from(path & 7)];
    let absolute = parts::user_string(scratch, tag, address);
    let fs: Address = field(current(), o::TASK_FS);
    if absolute {
        walk::path(scratch, base, at(fs, o::FS_ROOT));
        return;
    }
    let fd = if dirfd == NO_ARG { AT_FDCWD } else { scratch.args[usize::from(dirfd & 7)] as i32 };
    if fd == AT_FDCWD {
        walk::path(scratch, base, at(fs, o::FS_PWD));
        return;
    }
    let file = file_of(fd as u32);
    if file != 0 {
        walk::path(scratch, base, at(file, o::FILE_PATH));
    }
}
