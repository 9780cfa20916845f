//! `cgroup/connect4` and `connect6`: remembers who connects to a name server or a metadata service. TCP packets leave
//! when the window opens and answers come at any time, so the task that runs then says nothing about them.

use abi::{Owner, metadata, offsets as o};
use aya_ebpf::{
    helpers::{bpf_get_current_cgroup_id, generated::bpf_get_socket_cookie},
    macros::cgroup_sock_addr,
    programs::SockAddrContext,
};

use crate::{
    kernel::{Address, current, field},
    maps::OWNERS,
};

/// The program allows what it looks at.
const ALLOW: i32 = 1;

#[cgroup_sock_addr(connect4)]
fn connect4(ctx: SockAddrContext) -> i32 {
    // SAFETY: the context is valid while the program runs; the verifier checks each field.
    let (address, port) = unsafe { ((*ctx.sock_addr).user_ip4, (*ctx.sock_addr).user_port) };
    let port = u16::from_be(port as u16);
    if port == metadata::DNS_PORT || (port == metadata::PORT && address == u32::from_ne_bytes(metadata::IPV4))
    {
        remember(&ctx);
    }
    ALLOW
}

#[cgroup_sock_addr(connect6)]
fn connect6(ctx: SockAddrContext) -> i32 {
    // SAFETY: as in `connect4`; words one by one, as the verifier wants them.
    let (words, port) = unsafe {
        let from = &raw const (*ctx.sock_addr).user_ip6;
        let word = |index: usize| from.cast::<u32>().add(index).read_volatile();
        ([word(0), word(1), word(2), word(3)], (*ctx.sock_addr).user_port)
    };
    let port = u16::from_be(port as u16);
    let v6 = metadata::IPV6;
    let word = |at: usize| u32::from_ne_bytes([v6[at], v6[at + 1], v6[at + 2], v6[at + 3]]);
    let native = words == [word(0), word(4), word(8), word(12)];
    // ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2) leads to IPv4 packets.
    let mapped = words == [0, 0, 0xffff_u32.to_be(), u32::from_ne_bytes(metadata::IPV4)];
    if port == metadata::DNS_PORT || (port == metadata::PORT && (native || mapped)) {
        remember(&ctx);
    }
    ALLOW
}

#[inline(always)]
fn remember(ctx: &SockAddrContext) {
    let task = current();
    let leader: Address = field(task, o::TASK_LEADER);
    let parent: Address = field(task, o::TASK_REAL_PARENT);
    let owner = Owner {
        start: field(leader, o::TASK_START),
        // SAFETY: takes no argument.
        cgroup: unsafe { bpf_get_current_cgroup_id() },
        tgid: field(task, o::TASK_TGID),
        tid: field(task, o::TASK_PID),
        ppid: field(parent, o::TASK_TGID),
        reserved: 0,
    };
    // SAFETY: the context is the one that the helper wants.
    let cookie = unsafe { bpf_get_socket_cookie(ctx.sock_addr.cast()) };
    // It cannot fail for lack of room: the least used is forgotten. Who is not in here is told as unknown.
    let _ = OWNERS.insert(&cookie, &owner, 0);
}
