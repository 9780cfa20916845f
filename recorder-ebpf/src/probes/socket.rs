//! bind and connect (argument 0 the descriptor, 1 the address, 2 its length), accept and accept4 (the result is a
//! descriptor), setsockopt (level, option, value and its length).

use abi::{Class, PartTag, RecordKind, limits, option_key};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    counters,
    ended::{Ended, ended},
    filter,
    maps::OPTIONS,
    parts,
    probes::file::file_of,
    sockets,
};

const ACCEPT: u32 = 43;
const SETSOCKOPT: u32 = 54;
const ACCEPT4: u32 = 288;
/// Values in `OPTIONS`.
const SECRET: u32 = 2;

#[btf_tracepoint(function = "sys_exit")]
fn handle_socket(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    // What is copied of the caller's memory: where it is, and how much of it at the most.
    let (mut from, mut length, mut most) = (scratch.args[1], scratch.args[2] as u32, limits::SOCKADDR as u32);
    if number == SETSOCKOPT {
        let key = option_key(scratch.args[1] as i32, scratch.args[2] as i32);
        // SAFETY: the value is a plain number that only the loader writes.
        let Some(watched) = (unsafe { OPTIONS.get(&key) }) else {
            counters::option_left_out();
            return 0;
        };
        from = if *watched == SECRET { 0 } else { scratch.args[3] };
        (length, most) = (scratch.args[4] as u32, limits::OPTION_VALUE as u32);
    }
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::Socket, ret, number);
    scratch.syscall_body();
    let accepts = number == ACCEPT || number == ACCEPT4;
    if !accepts {
        let length = u64::from(if length < most { length } else { most });
        let tag = if number == SETSOCKOPT { PartTag::Memory } else { PartTag::Sockaddr };
        parts::user_memory(scratch, tag, from, from.wrapping_add(length));
    }
    // The peer of what was accepted is asked of the socket itself: the caller need not ask for it.
    let fd = if accepts && ret >= 0 { ret as u32 } else { scratch.args[0] as u32 };
    let sk = sockets::sock_of(file_of(fd));
    sockets::facts(scratch, sk);
    sockets::names(scratch, sk);
    scratch.submit(Class::Network);
    0
}
