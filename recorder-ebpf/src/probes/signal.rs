//! Signals that processes send: `tp_btf/signal_generate(sig, info, task, group, result)` for those that had a target, the
//! end of the call for those that failed or only asked.

use abi::{
    COMPAT_BASE, Class, NUMBERS, RecordKind, SignalBody, header_flags, offsets as o, signal_calls as call,
    watch_flags,
};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    calling::{calling, in_pid_namespace},
    compat,
    ended::{Ended, ended},
    filter,
    kernel::{Address, current, field, read},
    maps::{WATCH, has},
    parts,
    probes::file::file_of,
    record,
    record::Scratch,
};

/// `si_code` in `struct kernel_siginfo` and in the caller's `siginfo_t`.
const SI_CODE: u64 = 8;

/// May a process have made a signal of that `si_code`? Below zero are also those of timers, message queues and
/// asynchronous I/O (`SI_TIMER`, `SI_MESGQ`, `SI_ASYNCIO`, `SI_SIGIO`), which the kernel sends, from interrupts too: while
/// another program of ours may hold the scratch.
#[inline(always)]
const fn by_process(code: i32) -> bool {
    code <= 0 && !(code <= -2 && code >= -5)
}

/// Does a call of the x86-64 table send signals?
#[inline(always)]
const fn sends(number: u32) -> bool {
    matches!(
        number,
        call::KILL
            | call::SIGQUEUEINFO
            | call::TKILL
            | call::TGKILL
            | call::TGSIGQUEUEINFO
            | call::PIDFD_SEND_SIGNAL
    )
}

#[btf_tracepoint(function = "signal_generate")]
fn signal_generate(ctx: BtfTracePointContext) -> i32 {
    let info: u64 = ctx.arg::<*const u8>(1) as u64;
    // SEND_SIG_NOINFO and SEND_SIG_PRIV (include/linux/sched/signal.h) are the kernel's own.
    if info <= 1 {
        return 0;
    }
    let code: i32 = read(info + SI_CODE);
    if !by_process(code) {
        return 0;
    }
    let calling = calling();
    if calling.number >= NUMBERS {
        return 0;
    }
    let place = if calling.compat { COMPAT_BASE + calling.number } else { calling.number };
    let Some(watch) = WATCH.get(place) else { return 0 };
    let number = u32::from(watch.nr);
    if watch.flags & watch_flags::NATIVE == 0 || !sends(number) {
        return 0;
    }
    let signal: i32 = ctx.arg(0);
    let target: u64 = ctx.arg::<*const u8>(2) as u64;
    let group: i32 = ctx.arg(3);
    let result: i32 = ctx.arg(4);
    let Some(scratch) = record::scratch() else { return 0 };
    scratch.watch = *watch;
    scratch.compat = 0;
    if calling.compat {
        compat::arguments(scratch, calling.regs);
    } else {
        parts::arguments(scratch, calling.regs);
    }
    if filter::early(scratch, 0) {
        return 0;
    }
    begin(scratch, 0, number);
    let leader: Address = field(target, o::TASK_LEADER);
    scratch.body(SignalBody {
        target_start: field(leader, o::TASK_START),
        signal: signal as u32,
        code,
        target_tgid: field(target, o::TASK_TGID),
        target_tid: field(target, o::TASK_PID),
        passed: scratch.args[0] as i32,
        group: u32::from(group != 0),
        result: result as u32,
        reserved: 0,
    });
    scratch.submit(Class::Kernel);
    0
}

#[btf_tracepoint(function = "sys_exit")]
fn handle_signal(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    let threaded = number == call::TGKILL || number == call::TGSIGQUEUEINFO;
    let signal = if threaded { scratch.args[2] } else { scratch.args[1] } as u32;
    if ret == 0 && signal != 0 {
        let info = match number {
            call::SIGQUEUEINFO | call::PIDFD_SEND_SIGNAL => scratch.args[2],
            call::TGSIGQUEUEINFO => scratch.args[3],
            _ => 0,
        };
        // A forged code is not told when the signal is made.
        if info == 0 || by_process(user(info + SI_CODE)) {
            return 0;
        }
    }
    if filter::early(scratch, ret) {
        return 0;
    }
    begin(scratch, ret, number);
    let passed = scratch.args[0] as i32;
    let target = if number == call::PIDFD_SEND_SIGNAL { process_of(passed as u32) } else { 0 };
    scratch.body(SignalBody {
        target_start: 0,
        signal,
        code: 0,
        target_tgid: target,
        target_tid: target,
        passed,
        group: u32::from(!threaded && number != call::TKILL),
        result: 0,
        reserved: 0,
    });
    scratch.submit(Class::Kernel);
    0
}

#[inline(always)]
fn begin(scratch: &mut Scratch, ret: i64, number: u32) {
    scratch.begin(RecordKind::Signal, ret, number);
    let compat = scratch.compat;
    scratch.header().flags |= compat;
    if in_pid_namespace(current()) {
        scratch.header().flags |= header_flags::PID_NAMESPACE;
    }
}

/// The process of a pidfd, in the initial pid namespace; 0 if it cannot be known (before pidfs, 6.9).
#[inline(always)]
fn process_of(fd: u32) -> u32 {
    if !has(o::INODE_PRIVATE) || !has(o::PID_NUMBERS) {
        return 0;
    }
    let file = file_of(fd);
    if file == 0 {
        return 0;
    }
    let inode: Address = field(file, o::FILE_INODE);
    let kind: Address = field(field(inode, o::INODE_SB), o::SB_TYPE);
    if read::<[u8; 6]>(field(kind, o::FSTYPE_NAME)) != *b"pidfs\0" {
        return 0;
    }
    // `struct upid` begins with the number; the first of them is the initial namespace's.
    field(field::<Address>(inode, o::INODE_PRIVATE), o::PID_NUMBERS)
}

/// A word of the caller's memory; zero if it cannot be read.
#[inline(always)]
fn user(address: Address) -> i32 {
    // SAFETY: the helper checks the address itself.
    unsafe { aya_ebpf::helpers::bpf_probe_read_user(address as *const i32) }.unwrap_or_default()
}
