//! `bind` and `network`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};

use super::object::Object;
use super::words;
use crate::{Detail, Event, Kind, SocketAddress};

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

/// The conversation that a socket call names. Only for IP addresses.
#[derive(Serialize)]
pub(super) struct Network {
    l3_protocol: &'static str,
    l4_protocol: &'static str,
    source: IpPort,
    destination: IpPort,
    /// No packet yet.
    size: u64,
}

impl Network {
    /// Of a bind or connect to an IP address. An end that is not known (or does not exist yet) is the unspecified
    /// address with port 0.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let Detail::Socket(address) = &event.detail else { return None };
        let ip = address.ip?;
        let passed = IpPort { ip, port: address.port };
        let local = address.local.map(|(ip, port)| IpPort { ip, port });
        let unspecified = match ip {
            IpAddr::V4(_) => IpPort { ip: Ipv4Addr::UNSPECIFIED.into(), port: 0 },
            IpAddr::V6(_) => IpPort { ip: Ipv6Addr::UNSPECIFIED.into(), port: 0 },
        };
        let (source, destination) = match event.kind {
            Kind::Bind => (local.unwrap_or(passed), unspecified),
            _ => (local.unwrap_or(unspecified), passed),
        };
        Some(Self {
            l3_protocol: if ip.is_ipv4() { "ETH_P_IP" } else { "ETH_P_IPV6" },
            l4_protocol: words::protocol(address.protocol),
            source,
            destination,
            size: 0,
        })
    }
}
