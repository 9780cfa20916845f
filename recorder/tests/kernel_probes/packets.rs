//! Packets to name servers: what is copied of them, and who is told as their sender.

use std::{
    io::Write as _,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
};

use abi::{Class, PacketBody, PartTag, packet_flags};
use recorder::decode::{Body, Record};

use crate::harness::{SMALL, record, record_with, text};

/// A question for `a.test`, with an id to be found again.
fn question(id: u16) -> Vec<u8> {
    [&id.to_be_bytes()[..], b"\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01"].concat()
}

fn body(record: &Record<'_>) -> PacketBody {
    match record.body {
        Body::Packet(body) => body,
        other => panic!("no packet: {other:?}"),
    }
}

/// The port that a name server of this test listens at, if it may be had: other tests and real servers take it, too.
fn listener(address: SocketAddr) -> Option<TcpListener> {
    TcpListener::bind(address).ok()
}

#[test]
fn questions_over_udp_tell_their_sender_and_both_ends() {
    let mut sent = Vec::new();
    let Some(recorded) = record(|| {
        for (index, ip) in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].into_iter().enumerate() {
            let Ok(socket) = UdpSocket::bind(SocketAddr::new(ip, 0)) else { continue };
            let id = 0x7a00 + u16::try_from(index).unwrap();
            socket.send_to(&question(id), SocketAddr::new(ip, 53)).unwrap();
            // To another port: nobody's business.
            socket.send_to(&question(id), SocketAddr::new(ip, 54)).unwrap();
            sent.push((id, socket.local_addr().unwrap()));
        }
    }) else {
        return;
    };
    let own: Vec<_> =
        recorded.class(Class::Packet).filter(|packet| packet.header.tid == recorded.tid).collect();
    assert_eq!(own.len(), sent.len());
    assert_eq!(sent.len(), 2, "this host has no IPv6 loopback");
    for (packet, (id, from)) in own.iter().zip(sent) {
        let body = body(packet);
        assert_eq!(text(packet, PartTag::Payload), question(id));
        assert_eq!((packet.header.tgid, packet.header.seq), (std::process::id(), 0));
        assert_eq!(body.flags, packet_flags::CURRENT);
        assert_eq!((body.source_port, body.destination_port), (from.port(), 53));
        assert_eq!((body.protocol, body.payload), (17, 24));
        let header = if from.is_ipv4() { 20 } else { 40 };
        assert_eq!((body.version, body.length), (if from.is_ipv4() { 4 } else { 6 }, header + 8 + 24));
        assert_eq!((body.ifindex, &body.ifname[..3]), (1, &b"lo\0"[..]));
        let netns = std::fs::read_link("/proc/self/ns/net").unwrap();
        assert_eq!(netns.to_str().unwrap(), format!("net:[{}]", body.netns));
        match from {
            SocketAddr::V4(from) => assert_eq!(body.source[..4], from.ip().octets()),
            SocketAddr::V6(from) => assert_eq!(body.source, from.ip().octets()),
        }
        assert_eq!(body.source, body.destination);
    }
}

#[test]
fn questions_over_tcp_tell_who_connected() {
    let mut tid = 0;
    let Some(recorded) = record(|| {
        // An address of its own: the port may be taken on the usual one.
        let Some(listener) = listener(SocketAddr::from(([127, 0, 53, 1], 53))) else { return };
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        tid = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
        // Sent by another thread: who connected is told.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let message = question(0x7b00);
                let length = u16::try_from(message.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &message].concat()).unwrap();
            });
        });
    }) else {
        return;
    };
    assert_ne!(tid, 0, "port 53 of 127.0.53.1 cannot be had");
    let own: Vec<_> = recorded
        .class(Class::Packet)
        .filter(|packet| text(packet, PartTag::Payload).ends_with(&question(0x7b00)))
        .collect();
    assert_eq!(own.len(), 1);
    let (header, body) = (own[0].header, body(&own[0]));
    assert_eq!((header.tgid, header.tid), (std::process::id(), tid));
    assert_eq!((body.flags, body.protocol, body.payload), (packet_flags::CONNECTED, 6, 26));
    assert_eq!(body.destination[..4], [127, 0, 53, 1]);
    assert_ne!((body.sequence, body.cookie), (0, 0));
}

#[test]
fn a_connection_from_before_has_an_unknown_sender() {
    let Some(listener) = listener(SocketAddr::from(([127, 0, 53, 2], 53))) else {
        panic!("port 53 of 127.0.53.2 cannot be had");
    };
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let Some(recorded) = record(|| stream.write_all(&question(0x7c00)).unwrap()) else { return };
    let found = recorded
        .class(Class::Packet)
        .find(|packet| text(packet, PartTag::Payload) == question(0x7c00))
        .unwrap();
    assert_eq!((found.header.tgid, found.header.tid, found.header.start), (0, 0, 0));
    assert_eq!(body(&found).flags, 0);
}

#[test]
fn packets_that_find_no_room_are_counted_exactly() {
    let mut sent = 0;
    let Some(recorded) = record_with([SMALL; Class::COUNT], || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for id in 0..500 {
            socket.send_to(&question(id), (Ipv4Addr::LOCALHOST, 53)).unwrap();
            sent += 1;
        }
    }) else {
        return;
    };
    let sum = |count: fn(&abi::Counters) -> u64| recorded.counters.iter().map(count).sum::<u64>();
    let (tried, lost) = (sum(|c| c.tried[Class::Packet as usize]), sum(|c| c.lost[Class::Packet as usize]));
    let seen = recorded.class(Class::Packet).count() as u64;
    assert!(tried >= sent && lost > 400 && seen > 2, "{sent} sent, {tried} tried, {lost} lost, {seen} seen");
    // Others may ask for names, too: after the counts were read, at the most.
    assert!(tried - lost <= seen && seen <= tried - lost + 3, "{tried} tried, {lost} lost, {seen} seen");
}
