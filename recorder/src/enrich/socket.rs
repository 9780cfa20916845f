//! Socket addresses as the caller passed them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::SocketFacts;
use event::SocketAddress;

use crate::process::display;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// Decodes a `struct sockaddr` (`bytes`, of the length that the caller gave) and what the probe saw of the socket.
#[must_use]
pub fn socket_address(bytes: &[u8], facts: Option<&SocketFacts>) -> SocketAddress {
    let mut address = SocketAddress::default();
    if let Some(family) = bytes.first_chunk::<2>() {
        address.family = u16::from_ne_bytes(*family);
    }
    // ip(7): port and address in network byte order; ipv6(7): flow information between them.
    let port = || bytes.get(2..4).and_then(|port| port.try_into().ok()).map_or(0, u16::from_be_bytes);
    match address.family {
        AF_INET => {
            address.port = port();
            let ip: Option<[u8; 4]> = bytes.get(4..8).and_then(|ip| ip.try_into().ok());
            address.ip = ip.map(|ip| IpAddr::V4(Ipv4Addr::from(ip)));
        }
        AF_INET6 => {
            address.port = port();
            let ip: Option<[u8; 16]> = bytes.get(8..24).and_then(|ip| ip.try_into().ok());
            address.ip = ip.map(|ip| IpAddr::V6(Ipv6Addr::from(ip)));
        }
        AF_UNIX => address.path = unix_path(bytes.get(2..).unwrap_or_default()),
        _ => {}
    }
    with_facts(address, facts)
}

/// The other end of a socket that was accepted, and what the probe saw of it; `peer` is the name of a Unix peer. Of a
/// call that failed there is no other end.
#[must_use]
pub fn accepted(peer: Option<&[u8]>, facts: Option<&SocketFacts>, failed: bool) -> SocketAddress {
    let mut address = SocketAddress::default();
    if let Some(facts) = facts {
        address.family = facts.family;
        if !failed && let Some(ip) = ip(facts.family, &facts.remote) {
            (address.ip, address.port) = (Some(ip), facts.remote_port);
        }
    }
    address.path = peer.map(unix_path).unwrap_or_default();
    with_facts(address, facts)
}

/// A socket by its own end.
#[must_use]
pub fn local_end(name: Option<&[u8]>, facts: Option<&SocketFacts>) -> SocketAddress {
    let mut address = SocketAddress::default();
    if let Some(facts) = facts {
        address.family = facts.family;
        if let Some(ip) = ip(facts.family, &facts.local) {
            (address.ip, address.port) = (Some(ip), facts.local_port);
        }
    }
    address.path = name.map(unix_path).unwrap_or_default();
    with_facts(address, facts)
}

fn with_facts(mut address: SocketAddress, facts: Option<&SocketFacts>) -> SocketAddress {
    if let Some(facts) = facts {
        address.kind = facts.kind;
        address.protocol = facts.protocol;
        address.netns = facts.netns;
        address.local = ip(facts.family, &facts.local).map(|ip| (ip, facts.local_port));
        address.peer_pid = facts.peer_pid;
        address.ifindex = facts.ifindex;
        address.ifname = interface(&facts.ifname);
    }
    address
}

/// The name of an interface; its bytes are closed by NUL.
#[must_use]
pub fn interface(name: &[u8]) -> String {
    display(name.split(|byte| *byte == 0).next().unwrap_or_default())
}

fn ip(family: u16, bytes: &[u8; 16]) -> Option<IpAddr> {
    match family {
        AF_INET => Some(IpAddr::V4(Ipv4Addr::from(*bytes.first_chunk::<4>()?))),
        AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(*bytes))),
        _ => None,
    }
}

/// unix(7): a path closed by NUL or by the length; abstract names begin with NUL and are shown with `@`.
#[must_use]
pub fn unix_path(bytes: &[u8]) -> String {
    match bytes.split_first() {
        None => String::new(),
        Some((0, name)) => format!("@{}", display(name)),
        Some(_) => display(bytes.split(|byte| *byte == 0).next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_each_family_are_read() {
        let v4 = socket_address(&[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], None);
        assert_eq!((v4.ip, v4.port), (Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 80));
        let mut v6 = vec![10, 0, 1, 187, 0, 0, 0, 0];
        v6.extend(Ipv6Addr::LOCALHOST.octets());
        let v6 = socket_address(&v6, None);
        assert_eq!((v6.ip, v6.port), (Some(IpAddr::V6(Ipv6Addr::LOCALHOST)), 443));
        assert_eq!(socket_address(b"\x01\0/run/x\0junk", None).path, "/run/x");
        assert_eq!(socket_address(b"\x01\0\0abs", None).path, "@abs");
    }

    #[test]
    fn short_addresses_are_no_addresses() {
        for length in 0..16 {
            let bytes = &[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0][..length];
            assert_eq!(socket_address(bytes, None).ip.is_some(), length >= 8, "{length}");
        }
        assert_eq!(socket_address(&[9], None), SocketAddress::default());
    }
}
