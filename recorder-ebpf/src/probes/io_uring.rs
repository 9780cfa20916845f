//! Requests through io_uring: what was asked for at `io_uring_submit_req` (`io_uring_submit_sqe` before 6.3), where the
//! kernel has taken the names in, and the result at `io_uring_complete`. User space joins the two.
//!
//! The task is the submitter, a worker of its own (`iou-wrk`), or the ring's polling thread (`iou-sqp`): threads of one
//! process, which share its files.

use abi::{Class, PartTag, RecordKind, Request, limits, offsets as o, request_flags, tail_calls};
use aya_ebpf::{
    helpers::generated::bpf_probe_read_kernel, macros::btf_tracepoint, programs::BtfTracePointContext,
};

use crate::{
    filter,
    kernel::{Address, at, current, field, read},
    maps::{OPERATIONS, PENDING, Pending, has},
    parts,
    probes::file::{file_of, object},
    record::{Scratch, scratch},
    sockets, walk,
};

/// `IORING_OP_*` (include/uapi/linux/io_uring.h).
mod op {
    pub const ACCEPT: u32 = 13;
    pub const CONNECT: u32 = 16;
    pub const OPENAT: u32 = 18;
    pub const OPENAT2: u32 = 28;
    pub const RENAMEAT: u32 = 35;
    pub const UNLINKAT: u32 = 36;
    pub const MKDIRAT: u32 = 37;
    pub const LINKAT: u32 = 39;
    pub const FSETXATTR: u32 = 41;
    pub const SETXATTR: u32 = 42;
    pub const FTRUNCATE: u32 = 55;
    pub const BIND: u32 = 56;
}

/// `AT_FDCWD` (include/uapi/linux/fcntl.h).
const AT_FDCWD: u64 = -100i32 as u32 as u64;

#[btf_tracepoint(function = "io_uring_submit_req")]
fn io_uring_submit(ctx: BtfTracePointContext) -> i32 {
    let req = ctx.arg::<*const u8>(0) as Address;
    let opcode = u32::from(field::<u8>(req, o::REQ_OPCODE));
    let Some(watch) = OPERATIONS.get(opcode) else { return 0 };
    if watch.flags == 0 {
        return 0;
    }
    if filter::own(watch) {
        return 0;
    }
    let Some(scratch) = scratch() else { return 0 };
    // A plain number from here on: 6.1 allows no offset that this kernel lacks on a pointer of a known type, not even where it
    // is never reached.
    // SAFETY: a plain field; volatile, so that it is read back.
    let req = unsafe {
        core::ptr::write_volatile(&raw mut scratch.args[6], req);
        core::ptr::read_volatile(&raw const scratch.args[6])
    };
    scratch.watch = *watch;
    scratch.compat = 0;
    let mut request = Request { request: req, submitted: 0, flags: flags(req), opcode };
    let names = command(scratch, req, &mut request);
    // What is left out by its result or its path alone is not: neither is known yet.
    if filter::early(scratch, -1) {
        return 0;
    }
    scratch.begin(RecordKind::Submission, 0, u32::from(watch.nr));
    request.submitted = scratch.header().time;
    let files: Address = field(current(), o::TASK_FILES);
    let pending = Pending { submitted: request.submitted, files, opcode, flags: request.flags };
    // Cannot fail: the oldest makes room.
    let _ = PENDING.insert(&req, &pending, 0);
    scratch.syscall_body();
    parts::structure(scratch, PartTag::Request, &request);
    let (dirfd, dirfd2) = (scratch.args[0] as i32, scratch.args[2] as i32);
    if names.first != 0 {
        name(scratch, names.first, dirfd, PartTag::Arg, PartTag::Base);
    }
    if names.second != 0 {
        name(scratch, names.second, dirfd2, PartTag::Arg2, PartTag::Base2);
    }
    parts::kernel_string(scratch, PartTag::Text, names.text);
    if opcode == op::CONNECT || opcode == op::BIND {
        address(scratch, req, opcode);
    }
    submit(scratch);
    0
}

#[btf_tracepoint(function = "io_uring_complete")]
fn io_uring_complete(ctx: BtfTracePointContext) -> i32 {
    let req = ctx.arg::<u64>(1);
    let ret = i64::from(field::<i32>(req, o::REQ_RESULT));
    complete(req, ret);
    0
}

/// A request that is given up because one before it in its chain failed; it may get no completion of its own.
#[btf_tracepoint(function = "io_uring_fail_link")]
fn io_uring_fail_link(ctx: BtfTracePointContext) -> i32 {
    const ECANCELED: i64 = 125;
    let link = ctx.arg::<*const u8>(1) as Address;
    complete(link, -ECANCELED);
    0
}

#[inline(always)]
fn complete(req: Address, ret: i64) {
    // SAFETY: the value is copied at once; only programs write it.
    let Some(pending) = (unsafe { PENDING.get(&req) }).copied() else { return };
    let _ = PENDING.remove(&req);
    let Some(watch) = OPERATIONS.get(pending.opcode) else { return };
    let Some(scratch) = scratch() else { return };
    scratch.watch = *watch;
    scratch.compat = 0;
    let Pending { submitted, flags, opcode, files } = pending;
    head(scratch, req, ret, submitted, u64::from(opcode) << 32 | u64::from(flags));
    let file = match opcode {
        op::OPENAT | op::OPENAT2 | op::ACCEPT => {
            let fixed = flags & request_flags::FIXED != 0;
            // A ring that is torn down ends its requests from a kernel thread, which has other files.
            let foreign = field::<Address>(current(), o::TASK_FILES) != files;
            if ret < 0 || fixed || foreign { 0 } else { file_of(ret as u32) }
        }
        // Assigned when the request began to run; not if it never did.
        op::CONNECT | op::BIND | op::FTRUNCATE | op::FSETXATTR if ret != -125 => field(req, o::REQ_FILE),
        _ => 0,
    };
    if watch.tail_call == tail_calls::SOCKET {
        socket(scratch, file);
    } else if file != 0 {
        object(scratch, at(file, o::FILE_PATH), file);
    }
    submit(scratch);
}

// Functions of their own, because the stacks of a program and of what it calls are 512 bytes together: these two give theirs
// back before the path is walked.

/// Begins the record of a completion.
#[inline(never)]
fn head(scratch: &mut Scratch, request: Address, ret: i64, submitted: u64, opcode_and_flags: u64) {
    let (flags, opcode) = (opcode_and_flags as u32, (opcode_and_flags >> 32) as u32);
    scratch.args = [0; 8];
    let nr = u32::from(scratch.watch.nr);
    scratch.begin(RecordKind::Completion, ret, nr);
    scratch.syscall_body();
    parts::structure(scratch, PartTag::Request, &Request { request, submitted, flags, opcode });
}

/// What there is of a socket.
#[inline(never)]
fn socket(scratch: &mut Scratch, file: Address) {
    let sk = sockets::sock_of(file);
    sockets::facts(scratch, sk);
    names_of(scratch, sk);
}

/// Names of a socket of the Unix domain; apart, so that few enough values are held for none to be spilled.
#[inline(never)]
fn names_of(scratch: &mut Scratch, sk: Address) {
    sockets::names(scratch, sk);
}

/// Strings that the kernel holds for a request, 0 if there are none.
struct Names {
    first: Address,
    second: Address,
    text: Address,
}

/// Puts the command into the form of the syscall's arguments.
#[inline(always)]
fn command(scratch: &mut Scratch, req: Address, request: &mut Request) -> Names {
    /// What the kernel adds to the flags of every open of a 64-bit process (include/uapi/asm-generic/fcntl.h).
    const O_LARGEFILE: u64 = 0o100_000;
    let cmd = at(req, o::REQ_CMD);
    let int = |index: usize| u64::from(field::<u32>(cmd, index));
    let text = |index: usize| field::<Address>(cmd, index);
    let string = |index: usize| field::<Address>(field(cmd, index), o::FILENAME_NAME);
    let fd = u64::from(field::<u32>(req, o::REQ_FD));
    let mut names = Names { first: 0, second: 0, text: 0 };
    let mut args = [0; 8];
    match request.opcode {
        op::OPENAT | op::OPENAT2 => {
            args[0] = int(o::OPEN_DFD);
            args[2] = field::<u64>(cmd, o::OPEN_FLAGS) & !O_LARGEFILE;
            args[3] = field(cmd, o::OPEN_MODE);
            args[4] = field(cmd, o::OPEN_RESOLVE);
            names.first = string(o::OPEN_NAME);
            fixed(request, int(o::OPEN_SLOT));
        }
        op::UNLINKAT => {
            args[0] = int(o::UNLINK_DFD);
            args[2] = int(o::UNLINK_FLAGS);
            names.first = string(o::UNLINK_NAME);
        }
        op::MKDIRAT => {
            args[0] = int(o::MKDIR_DFD);
            args[2] = u64::from(field::<u16>(cmd, o::MKDIR_MODE));
            names.first = string(o::MKDIR_NAME);
        }
        op::RENAMEAT => {
            args[0] = int(o::RENAME_OLD_DFD);
            args[2] = int(o::RENAME_NEW_DFD);
            args[4] = int(o::RENAME_FLAGS);
            names.first = string(o::RENAME_OLD);
            names.second = string(o::RENAME_NEW);
        }
        op::LINKAT => {
            args[0] = int(o::LINK_OLD_DFD);
            args[2] = int(o::LINK_NEW_DFD);
            args[4] = int(o::LINK_FLAGS);
            names.first = string(o::LINK_OLD);
            names.second = string(o::LINK_NEW);
        }
        op::FTRUNCATE => {
            args[0] = fd;
            args[1] = field(cmd, o::FTRUNCATE_LENGTH);
        }
        op::FSETXATTR => {
            args[0] = fd;
            args[3] = field(cmd, o::XATTR_SIZE);
            args[4] = int(o::XATTR_FLAGS);
            names.text = text(o::XATTR_NAME);
        }
        op::SETXATTR => {
            // Where the syscall has its path: names are relative to argument 0 here.
            args[0] = AT_FDCWD;
            args[3] = field(cmd, o::XATTR_SIZE);
            args[4] = int(o::XATTR_FLAGS);
            names.first = string(o::XATTR_FILE);
            names.text = text(o::XATTR_NAME);
        }
        op::CONNECT => {
            args[0] = fd;
            args[1] = text(o::CONNECT_ADDR);
            args[2] = int(o::CONNECT_LENGTH);
        }
        op::BIND => {
            args[0] = fd;
            args[2] = int(o::BIND_LENGTH);
        }
        op::ACCEPT => {
            args[0] = fd;
            args[3] = int(o::ACCEPT_FLAGS);
            fixed(request, int(o::ACCEPT_SLOT));
        }
        _ => {}
    }
    scratch.args = args;
    names
}

/// `request_flags` of what every request has; the bits are those of `IOSQE_*`.
#[inline(always)]
fn flags(req: Address) -> u32 {
    const FIXED_FILE: u32 = 1;
    const CQE_SKIP_SUCCESS: u32 = 1 << 6;
    let flags: u32 = field(req, o::REQ_FLAGS);
    let fixed = if flags & FIXED_FILE != 0 { request_flags::FIXED } else { 0 };
    let silent = if flags & CQE_SKIP_SUCCESS != 0 { request_flags::SILENT } else { 0 };
    fixed | silent
}

/// `file_slot`: 0 if the result is a descriptor.
#[inline(always)]
fn fixed(request: &mut Request, slot: u64) {
    request.flags &= !request_flags::FIXED;
    if slot != 0 {
        request.flags |= request_flags::FIXED;
    }
}

/// A name, and what it is relative to: the task's root, its working directory, or an open directory.
#[inline(always)]
fn name(scratch: &mut Scratch, address: Address, dirfd: i32, tag: PartTag, base: PartTag) {
    /// `RESOLVE_IN_ROOT` (include/uapi/linux/openat2.h): the directory descriptor is the root.
    const IN_ROOT: u64 = 0x10;
    parts::kernel_string(scratch, tag, address);
    let fs: Address = field(current(), o::TASK_FS);
    let in_root = scratch.watch.open_how != 0 && scratch.args[4] & IN_ROOT != 0;
    let from = if read::<u8>(address) == b'/' && !in_root {
        at(fs, o::FS_ROOT)
    } else if dirfd == AT_FDCWD as i32 {
        at(fs, o::FS_PWD)
    } else {
        let file = file_of(dirfd as u32);
        if file == 0 {
            return;
        }
        at(file, o::FILE_PATH)
    };
    walk::path(scratch, base, from);
}

/// The socket address of a request: the kernel's copy, where it makes one before it tells of the request (since 6.10; bind
/// came with 6.11).
#[inline(always)]
fn address(scratch: &mut Scratch, req: Address, opcode: u32) {
    let length = (scratch.args[2] as u32).min(limits::SOCKADDR as u32);
    let copy: Address = if has(o::BIND_LENGTH) { field(req, o::REQ_ASYNC) } else { 0 };
    if copy == 0 {
        if opcode == op::CONNECT {
            let from = scratch.args[1];
            parts::user_memory(scratch, PartTag::Sockaddr, from, from.wrapping_add(u64::from(length)));
        }
        return;
    }
    // In some kernels it is all that the request keeps, in others it stands in a `struct io_async_msghdr`, which begins
    // with a pointer or with nothing; the type is not told.
    let word: u64 = read(copy);
    let from = if word == 0 || word >> 48 == 0xffff { at(copy, o::MESSAGE_ADDRESS) } else { copy };
    let Some(start) = scratch.start() else { return };
    // SAFETY: the buffer has room for a part behind `start`; the helper checks the address.
    let result = unsafe {
        bpf_probe_read_kernel(
            scratch.buffer.as_mut_ptr().add((start + parts::HEADER) as usize).cast(),
            limits::SOCKADDR as u32,
            from as *const _,
        )
    };
    if result == 0 {
        parts::close(scratch, start, PartTag::Sockaddr, 0, u64::from(length));
    }
}

#[inline(always)]
fn submit(scratch: &mut Scratch) {
    let class = if scratch.watch.tail_call == tail_calls::SOCKET { Class::Network } else { Class::File };
    scratch.submit(class);
}
