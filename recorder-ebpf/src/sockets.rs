//! What is read of sockets: both ends, the interface, and of Unix sockets names and peer.

use abi::{PartTag, SocketFacts, limits, offsets as o, part_flags};
use aya_ebpf::helpers::generated::{bpf_probe_read_kernel, bpf_probe_read_kernel_str};

use crate::{
    kernel::{Address, at, field, read},
    maps::has,
    parts::{close, structure},
    record::Scratch,
};

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// The `struct sock` behind an open file; 0 if it is no socket.
#[inline(always)]
pub fn sock_of(file: Address) -> Address {
    const S_IFMT: u16 = 0o170_000;
    const S_IFSOCK: u16 = 0o140_000;
    if file == 0 || !has(o::SOCKET_SK) || !has(o::SOCK_FAMILY) {
        return 0;
    }
    let inode: Address = field(file, o::FILE_INODE);
    if field::<u16>(inode, o::INODE_MODE) & S_IFMT != S_IFSOCK {
        return 0;
    }
    let socket: Address = field(file, o::FILE_PRIVATE);
    if socket == 0 { 0 } else { field(socket, o::SOCKET_SK) }
}

/// Both ends of a socket.
#[inline(always)]
pub fn facts(scratch: &mut Scratch, sk: Address) {
    if sk == 0 {
        return;
    }
    let mut value = SocketFacts {
        family: field(sk, o::SOCK_FAMILY),
        kind: if has(o::SOCK_TYPE) { field(sk, o::SOCK_TYPE) } else { 0 },
        protocol: if has(o::SOCK_PROTOCOL) { field(sk, o::SOCK_PROTOCOL) } else { 0 },
        netns: if has(o::NET_INUM) { field(field(sk, o::SOCK_NET), o::NET_INUM) } else { 0 },
        ..SocketFacts::default()
    };
    if value.family == AF_INET6 && has(o::SOCK_LADDR6) && has(o::SOCK_DADDR6) {
        value.local = read(at(sk, o::SOCK_LADDR6));
        value.remote = read(at(sk, o::SOCK_DADDR6));
    } else if value.family == AF_INET {
        let (local, remote): ([u8; 4], [u8; 4]) = (field(sk, o::SOCK_LADDR), field(sk, o::SOCK_DADDR));
        value.local[..4].copy_from_slice(&local);
        value.remote[..4].copy_from_slice(&remote);
    }
    // The union that holds addresses and ports is something else in other families.
    if value.family == AF_INET || value.family == AF_INET6 {
        value.local_port = field(sk, o::SOCK_NUM);
        value.remote_port = u16::from_be(field(sk, o::SOCK_DPORT));
        interface(&mut value, sk);
    }
    if value.family == AF_UNIX && has(o::SOCK_PEER_PID) && has(o::PID_NUMBER) {
        let pid: Address = field(sk, o::SOCK_PEER_PID);
        if pid != 0 {
            value.peer_pid = field(pid, o::PID_NUMBER);
        }
    }
    structure(scratch, PartTag::Socket, &value);
}

/// The interface that the socket is bound to, and the one of its route. The route of a bound socket leads through it.
#[inline(always)]
fn interface(value: &mut SocketFacts, sk: Address) {
    if has(o::SOCK_BOUND_IF) {
        value.ifindex = field(sk, o::SOCK_BOUND_IF);
    }
    if !has(o::SOCK_DST) || !has(o::DST_DEV) || !has(o::NETDEV_NAME) || !has(o::NETDEV_IFINDEX) {
        return;
    }
    let route: Address = field(sk, o::SOCK_DST);
    if route == 0 {
        return;
    }
    let device: Address = field(route, o::DST_DEV);
    let index: u32 = field(device, o::NETDEV_IFINDEX);
    if value.ifindex == 0 {
        value.ifindex = index;
    }
    if value.ifindex == index {
        device_name(&mut value.ifname, device);
    }
}

/// The name of a `struct net_device`; the last byte stays zero.
#[inline(always)]
pub fn device_name(to: &mut [u8; 16], device: Address) {
    // SAFETY: `to` has 16 bytes; the helper checks the address.
    unsafe {
        bpf_probe_read_kernel_str(to.as_mut_ptr().cast(), 16, at(device, o::NETDEV_NAME) as *const _);
    }
}

/// Names of a Unix socket and of its peer, where they have one.
#[inline(always)]
pub fn names(scratch: &mut Scratch, sk: Address) {
    if sk == 0 || !has(o::UNIX_ADDR) || !has(o::UNIX_PEER) || !has(o::UNIX_NAME_LEN) || !has(o::UNIX_NAME) {
        return;
    }
    if field::<u16>(sk, o::SOCK_FAMILY) != AF_UNIX {
        return;
    }
    name(scratch, PartTag::LocalName, sk);
    let peer: Address = field(sk, o::UNIX_PEER);
    if peer != 0 {
        name(scratch, PartTag::PeerName, peer);
    }
}

#[inline(always)]
fn name(scratch: &mut Scratch, tag: PartTag, sk: Address) {
    /// `sun_family` before `sun_path`.
    const FAMILY: u32 = 2;
    let address: Address = field(sk, o::UNIX_ADDR);
    if address == 0 {
        return;
    }
    let bytes = field::<u32>(address, o::UNIX_NAME_LEN).wrapping_sub(FAMILY);
    if bytes == 0 || bytes > limits::UNIX_NAME as u32 {
        return;
    }
    let Some(start) = scratch.start() else { return };
    // SAFETY: the buffer has room for far more behind `start`; the helper checks the address. All that a name may have
    // is read, for a length that the verifier knows; the part's own length says what counts.
    let result = unsafe {
        bpf_probe_read_kernel(
            scratch.buffer.as_mut_ptr().add(start as usize + size_of::<abi::PartHeader>()).cast(),
            limits::UNIX_NAME as u32,
            (at(address, o::UNIX_NAME) + u64::from(FAMILY)) as *const _,
        )
    };
    if result < 0 {
        close(scratch, start, tag, part_flags::FAULT, 0);
    } else {
        close(scratch, start, tag, 0, u64::from(bytes));
    }
}
