//! `bind` and `network`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};

use super::object::Object;
use super::words;
use crate::{Detail, Event, Flow, Kind, SocketAddress};

/// How the schema's publisher writes the address of families that have no IP address.
const NO_IP: &str = "<nil>";

/// An address with its family.
pub(super) struct IpPortFamily<'a>(pub(super) &'a SocketAddress);

impl Serialize for IpPortFamily<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("family", &words::family(self.0.family))?;
        match self.0.ip {
            Some(ip) => object.put("ip", &ip)?,
            None => object.put("ip", NO_IP)?,
        }
        object.put("port", &self.0.port)?;
        object.end()
    }
}

/// `bind`.
pub(super) struct Bind<'a>(pub(super) &'a SocketAddress);

impl Serialize for Bind<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("addr", &IpPortFamily(self.0))?;
        object.end()
    }
}

/// One end of a conversation.
#[derive(Clone, Copy, Serialize)]
pub(super) struct IpPort {
    pub(super) ip: IpAddr,
    pub(super) port: u16,
}

/// Where a packet passes, or a socket is.
#[derive(Serialize)]
struct Device<'a> {
    netns: u32,
    ifindex: u32,
    ifname: &'a str,
}

impl<'a> Device<'a> {
    /// Of a socket without a route only the namespace is known: which interface its packets will take is not decided.
    fn of(netns: u32, ifindex: u32, ifname: &'a str) -> Option<Self> {
        (netns != 0 || ifindex != 0).then_some(Self { netns, ifindex, ifname })
    }
}

/// The conversation that a packet or a socket call belongs to. Only for IP addresses.
#[derive(Serialize)]
pub(super) struct Network<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
    l3_protocol: &'static str,
    l4_protocol: &'static str,
    source: IpPort,
    destination: IpPort,
    /// 0 for a socket call: no packet yet.
    size: u32,
}

impl<'a> Network<'a> {
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        match &event.detail {
            Detail::Socket(socket) | Detail::Setsockopt { socket, .. } => Self::of_socket(event.kind, socket),
            Detail::Dns(dns) => Some(Self::of_packet(&dns.flow)),
            Detail::Imds(imds) => Some(Self::of_packet(&imds.flow)),
            _ => None,
        }
    }

    fn of_packet(flow: &'a Flow) -> Self {
        let end = |(ip, port)| IpPort { ip, port };
        Self {
            device: Device::of(flow.netns, flow.ifindex, &flow.ifname),
            l3_protocol: l3_protocol(flow.source.0),
            l4_protocol: words::protocol(flow.protocol),
            source: end(flow.source),
            destination: end(flow.destination),
            size: flow.size,
        }
    }

    /// An end that is not known (or does not exist yet) is the unspecified address with port 0. What was accepted came
    /// from the other end; everything else goes there.
    fn of_socket(kind: Kind, socket: &'a SocketAddress) -> Option<Self> {
        let ip = socket.ip.or(socket.local.map(|(ip, _)| ip))?;
        let passed = socket.ip.map(|ip| IpPort { ip, port: socket.port });
        let local = socket.local.map(|(ip, port)| IpPort { ip, port });
        let unspecified = match ip {
            IpAddr::V4(_) => IpPort { ip: Ipv4Addr::UNSPECIFIED.into(), port: 0 },
            IpAddr::V6(_) => IpPort { ip: Ipv6Addr::UNSPECIFIED.into(), port: 0 },
        };
        let (source, destination) = match kind {
            Kind::Bind | Kind::Setsockopt => (local.or(passed), None),
            Kind::Accept => (passed, local),
            _ => (local, passed),
        };
        Some(Self {
            device: Device::of(socket.netns, socket.ifindex, &socket.ifname),
            l3_protocol: l3_protocol(ip),
            l4_protocol: words::protocol(socket.protocol),
            source: source.unwrap_or(unspecified),
            destination: destination.unwrap_or(unspecified),
            size: 0,
        })
    }
}

const fn l3_protocol(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "ETH_P_IP" } else { "ETH_P_IPV6" }
}
