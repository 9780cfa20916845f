//! `tp_btf/sys_enter`: every syscall's beginning. Attached only if a kind that needs it is recorded: it looks at what
//! mprotect and splice are about to change, and notes first uses of syscalls.

use core::ffi::c_void;

use abi::{
    Before, Class, FirstUseBody, NUMBERS, RecordKind, before_flags, entry_calls as call, offsets as o,
};
use aya_ebpf::{
    helpers::{
        bpf_get_current_pid_tgid,
        generated::{bpf_find_vma, bpf_get_current_task_btf},
    },
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};

use crate::{
    calling::{X32_BIT, compat},
    kernel::{Address, current, field, read},
    maps::{BEFORE, FIRST, first_uses, has, own_tgid},
    probes::file::file_of,
    record,
};

#[btf_tracepoint(function = "sys_enter")]
fn sys_enter(ctx: BtfTracePointContext) -> i32 {
    let number: u64 = ctx.arg(1);
    let number = (number & !X32_BIT) as u32;
    if first_uses() {
        first_use(number);
    }
    match number {
        call::MPROTECT
        | call::PKEY_MPROTECT
        | call::SPLICE
        | call::MPROTECT_32
        | call::PKEY_MPROTECT_32
        | call::SPLICE_32 => {}
        _ => return 0,
    }
    let regs: u64 = ctx.arg::<*const u8>(0) as u64;
    let (native, first, third) = if compat(current()) {
        let native = match number {
            call::MPROTECT_32 => call::MPROTECT,
            call::PKEY_MPROTECT_32 => call::PKEY_MPROTECT,
            call::SPLICE_32 => call::SPLICE,
            _ => return 0,
        };
        // bx and dx.
        (native, u64::from(read::<u32>(regs + 40)), u64::from(read::<u32>(regs + 96)))
    } else if matches!(number, call::MPROTECT | call::PKEY_MPROTECT | call::SPLICE) {
        // di and dx.
        (number, read::<u64>(regs + 112), read::<u64>(regs + 96))
    } else {
        return 0;
    };
    let mut seen = Before { nr: native, ..Before::default() };
    if native == call::SPLICE {
        let (from, to) = (pipe_of(file_of(first as u32)), pipe_of(file_of(third as u32)));
        let pipe = if to != 0 { to } else { from };
        if pipe != 0 {
            seen.flags = before_flags::SEEN;
            seen.value = newest_flags(pipe).into();
        }
    } else if has(o::VMA_FLAGS) && has(o::VMA_START) && has(o::VMA_END) {
        // SAFETY: the running task is there; the callback has the signature that the helper wants, and writes to `seen`
        // before the helper returns.
        unsafe {
            bpf_find_vma(bpf_get_current_task_btf(), first, area as *mut c_void, (&raw mut seen).cast(), 0);
        }
    }
    let _ = BEFORE.insert(&bpf_get_current_pid_tgid(), &seen, 0);
    0
}

extern "C" fn area(_task: *const c_void, vma: *const c_void, context: *mut Before) -> i64 {
    let vma = vma as Address;
    let (start, end, flags): (u64, u64, u64) =
        (field(vma, o::VMA_START), field(vma, o::VMA_END), field(vma, o::VMA_FLAGS));
    // SAFETY: the context is the caller's `seen`.
    unsafe {
        (*context).flags = before_flags::SEEN;
        (*context).start = start;
        (*context).end = end;
        (*context).value = flags;
    }
    0
}

/// The pipe of a file; 0 if it is none.
#[inline(always)]
pub fn pipe_of(file: Address) -> Address {
    const S_IFMT: u16 = 0o170_000;
    const S_IFIFO: u16 = 0o010_000;
    if file == 0 {
        return 0;
    }
    let inode: Address = field(file, o::FILE_INODE);
    if field::<u16>(inode, o::INODE_MODE) & S_IFMT == S_IFIFO { field(file, o::FILE_PRIVATE) } else { 0 }
}

/// Flags of the slot that was filled last, also if it has been emptied since: what the kernel forgets to clear there is
/// what is worth seeing.
#[inline(always)]
pub fn newest_flags(pipe: Address) -> u32 {
    if !has(o::PIPE_HEAD) || !has(o::PIPE_RING) || !has(o::PIPE_BUFFERS) || !has(o::PIPE_BUFFER_LAST) {
        return 0;
    }
    let (head, ring): (u32, u32) = (field(pipe, o::PIPE_HEAD), field(pipe, o::PIPE_RING));
    let slot = head.wrapping_sub(1) & ring.wrapping_sub(1);
    // `private` is the last member of `struct pipe_buffer`.
    let size = crate::maps::offset(o::PIPE_BUFFER_LAST) + 8;
    let buffers: Address = field(pipe, o::PIPE_BUFFERS);
    field(buffers + u64::from(slot) * size, o::PIPE_BUFFER_FLAGS)
}

/// Tells the first use of a syscall by a process. Threads that race may tell it twice.
#[inline(always)]
fn first_use(number: u32) {
    if number >= NUMBERS || compat(current()) {
        return;
    }
    let process = (bpf_get_current_pid_tgid() >> 32) as u32;
    if process == own_tgid() {
        return;
    }
    let used = match FIRST.get_ptr_mut(&process) {
        Some(used) => used,
        None => {
            let _ = FIRST.insert(&process, &[0; NUMBERS as usize / 64], 0);
            let Some(used) = FIRST.get_ptr_mut(&process) else { return };
            used
        }
    };
    let bit = 1u64 << (number & 63);
    let slot = number >> 6;
    // Volatile, and compared alone against a constant: the verifier forgets what the number was compared with.
    // SAFETY: a local.
    let slot = unsafe { core::ptr::read_volatile(&raw const slot) };
    if slot >= NUMBERS / 64 {
        return;
    }
    // SAFETY: the index is within; a race costs a repetition.
    unsafe {
        let word = used.cast::<u64>().add(slot as usize);
        let before = word.read_volatile();
        if before & bit != 0 {
            return;
        }
        word.write_volatile(before | bit);
    }
    let Some(scratch) = record::scratch() else { return };
    scratch.begin(RecordKind::FirstUse, 0, u32::MAX);
    scratch.body(FirstUseBody { number, reserved: 0 });
    scratch.submit(Class::Kernel);
}

/// The process begins anew or is no more.
#[inline(always)]
pub fn forget_uses() {
    if first_uses() {
        let _ = FIRST.remove(&((bpf_get_current_pid_tgid() >> 32) as u32));
    }
}
