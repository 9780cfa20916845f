//! Packets: a question, a request, an answer, or nothing that is told yet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::{PacketBody, PartTag, metadata, packet_flags};
use event::{ContextId, Detail, Dns, Event, Flow, Imds, Kind};

use super::{Converter, event};
use crate::{
    clock::Clock,
    decode::{Body, Record},
    enrich::{Segment, Told, interface},
    limits,
    process::{Identity, Output},
};

/// What an event of a packet has beside its message.
#[derive(Clone, Debug)]
pub struct Origin {
    id: Identity,
    context: ContextId,
    flow: Flow,
}

impl Converter {
    /// The events that a packet completes; `None` if the record is of no packet.
    pub fn packet(&mut self, record: &Record<'_>, clock: Clock, out: &mut Output) -> Option<Vec<Event>> {
        let Body::Packet(body) = record.body else { return None };
        let header = record.header;
        let time = clock.wall_of(header.time);
        let id =
            Identity { tgid: header.tgid, tid: header.tid, start: header.start, ppid: header.ppid, time };
        let known = body.flags & (packet_flags::CURRENT | packet_flags::CONNECTED) != 0;
        let context = if known { self.table.acting(id, out).0 } else { self.table.nobody(time, out) };
        let origin = Origin { id, context, flow: flow(&body) };
        let (bytes, _) = record.part(PartTag::Payload).unwrap_or_default();
        let ingress = body.flags & packet_flags::INGRESS != 0;
        let segment = Segment {
            cookie: body.cookie,
            ingress,
            sequence: (origin.flow.protocol == TCP).then_some(body.sequence),
            bytes,
            payload: body.payload,
        };
        let mut told = Vec::new();
        if !ingress && body.destination_port == metadata::DNS_PORT {
            self.packets.dns(&segment, &origin, &mut told);
        } else {
            self.packets.imds(&segment, header.time, origin, &mut told);
        }
        Some(told.into_iter().map(packet_event).collect())
    }

    /// Events of messages whose rest did not come; `now` is since boot, `u64::MAX` at the end.
    pub fn expired_packets(&mut self, now: u64) -> Vec<Event> {
        let wait = u64::try_from(limits::PENDING_FOR.as_nanos()).unwrap_or(u64::MAX);
        let mut told = Vec::new();
        self.packets.expire(if now == u64::MAX { now } else { now.saturating_sub(wait) }, &mut told);
        told.into_iter().map(packet_event).collect()
    }
}

const TCP: u16 = 6;

fn packet_event((origin, told): (Origin, Told)) -> Event {
    let Origin { id, context, flow } = origin;
    let (kind, detail) = match told {
        Told::Dns(question, size) => {
            let dns = Dns {
                id: question.id,
                name: question.name,
                kind: question.kind,
                class: question.class,
                size,
                count: question.count,
                flow,
            };
            (Kind::Dns, Detail::Dns(Box::new(dns)))
        }
        Told::Imds(message) => {
            let imds = Imds {
                response: message.response,
                provider: message.provider.to_owned(),
                url: message.url,
                host: message.host,
                user_agent: message.user_agent,
                server: message.server,
                v2: message.v2,
                credentials: message.credentials,
                flow,
            };
            (Kind::Imds, Detail::Imds(Box::new(imds)))
        }
    };
    Event { detail, ..event(id, kind, context) }
}

fn flow(body: &PacketBody) -> Flow {
    let ip = |bytes: [u8; 16]| match (body.version, bytes.first_chunk::<4>()) {
        (4, Some(four)) => IpAddr::V4(Ipv4Addr::from(*four)),
        _ => IpAddr::V6(Ipv6Addr::from(bytes)),
    };
    Flow {
        source: (ip(body.source), body.source_port),
        destination: (ip(body.destination), body.destination_port),
        protocol: body.protocol.into(),
        size: body.length,
        netns: body.netns,
        ifindex: body.ifindex,
        ifname: interface(&body.ifname),
    }
}

#[cfg(test)]
mod tests {
    use event::Source;
    use zerocopy::IntoBytes as _;

    use super::*;
    use crate::{decode, process::ProcessTable};

    const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01";

    /// A packet's record as the probes write it.
    fn record(flags: u8, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap();
        let header =
            abi::Header { kind: abi::RecordKind::Packet as u16, nr: u32::MAX, ..abi::Header::default() };
        let body = PacketBody {
            source: [127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            destination: [127, 0, 0, 53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            length: length + 28,
            payload: length,
            source_port: 4000,
            destination_port: 53,
            protocol,
            version: 4,
            flags,
            ..PacketBody::default()
        };
        let part = abi::PartHeader {
            tag: PartTag::Payload as u8,
            flags: 0,
            len: u16::try_from(payload.len()).unwrap(),
            reserved: 0,
        };
        [header.as_bytes(), body.as_bytes(), part.as_bytes(), payload].concat()
    }

    #[test]
    fn what_nobody_is_known_to_have_sent_is_told_of_nobody() {
        let mut converter = Converter::new(ProcessTable::new(event::BootId::default(), 1));
        let mut out = Output::default();
        let bytes = record(0, 17, QUESTION);
        let record = decode::parse(&bytes).unwrap();
        let first = converter.packet(&record, Clock::now(), &mut out).unwrap();
        let second = converter.packet(&record, Clock::now(), &mut out).unwrap();
        assert_eq!((first.len(), second.len(), out.contexts.len(), out.exits.len()), (1, 1, 1, 1));
        let context = &out.contexts[0];
        assert_eq!((context.source, context.process.pid, context.id), (Source::Unknown, 0, first[0].context));
        assert_eq!(second[0].context, context.id);
        let Detail::Dns(dns) = &first[0].detail else { panic!("{first:?}") };
        assert_eq!((dns.id, dns.name.as_str(), dns.size), (0x1234, "a.test", 24));
        assert_eq!((dns.flow.source.1, dns.flow.destination.1, dns.flow.size), (4000, 53, 52));
    }
}
