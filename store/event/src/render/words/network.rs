//! Address families, protocols, types of sockets.

use std::borrow::Cow;

/// `AF_*` by number (include/linux/socket.h).
const FAMILIES: [&str; 46] = [
    "AF_UNSPEC",
    "AF_UNIX",
    "AF_INET",
    "AF_AX25",
    "AF_IPX",
    "AF_APPLETALK",
    "AF_NETROM",
    "AF_BRIDGE",
    "AF_ATMPVC",
    "AF_X25",
    "AF_INET6",
    "AF_ROSE",
    "AF_DECnet",
    "AF_NETBEUI",
    "AF_SECURITY",
    "AF_KEY",
    "AF_NETLINK",
    "AF_PACKET",
    "AF_ASH",
    "AF_ECONET",
    "AF_ATMSVC",
    "AF_RDS",
    "AF_SNA",
    "AF_IRDA",
    "AF_PPPOX",
    "AF_WANPIPE",
    "AF_LLC",
    "AF_IB",
    "AF_MPLS",
    "AF_CAN",
    "AF_TIPC",
    "AF_BLUETOOTH",
    "AF_IUCV",
    "AF_RXRPC",
    "AF_ISDN",
    "AF_PHONET",
    "AF_IEEE802154",
    "AF_CAIF",
    "AF_ALG",
    "AF_NFC",
    "AF_VSOCK",
    "AF_KCM",
    "AF_QIPCRTR",
    "AF_SMC",
    "AF_XDP",
    "AF_MCTP",
];

/// Name of an address family; its number if it has none.
pub(in crate::render) fn family(number: u16) -> Cow<'static, str> {
    FAMILIES
        .get(usize::from(number))
        .map_or_else(|| Cow::Owned(number.to_string()), |name| Cow::Borrowed(*name))
}

/// The schema's name of an `IPPROTO_*`; empty if it has none, or for 0 (not known).
pub(in crate::render) const fn protocol(number: u16) -> &'static str {
    match number {
        1 => "IP_PROTO_ICMP",
        2 => "IP_PROTO_IGMP",
        4 => "IP_PROTO_IPIP",
        6 => "IP_PROTO_TCP",
        8 => "IP_PROTO_EGP",
        12 => "IP_PROTO_PUP",
        17 => "IP_PROTO_UDP",
        22 => "IP_PROTO_IDP",
        29 => "IP_PROTO_TP",
        33 => "IP_PROTO_DCCP",
        41 => "IP_PROTO_IPV6",
        46 => "IP_PROTO_RSVP",
        47 => "IP_PROTO_GRE",
        50 => "IP_PROTO_ESP",
        51 => "IP_PROTO_AH",
        58 => "IP_PROTO_ICMPV6",
        92 => "IP_PROTO_MTP",
        94 => "IP_PROTO_BEETPH",
        98 => "IP_PROTO_ENCAP",
        103 => "IP_PROTO_PIM",
        108 => "IP_PROTO_COMP",
        132 => "IP_PROTO_SCTP",
        136 => "IP_PROTO_UDPLITE",
        137 => "IP_PROTO_MPLS",
        255 => "IP_PROTO_RAW",
        _ => "",
    }
}

/// Name of a `SOCK_*`; empty if unknown.
pub(in crate::render) const fn socket_kind(number: u16) -> &'static str {
    match number {
        1 => "SOCK_STREAM",
        2 => "SOCK_DGRAM",
        3 => "SOCK_RAW",
        4 => "SOCK_RDM",
        5 => "SOCK_SEQPACKET",
        6 => "SOCK_DCCP",
        10 => "SOCK_PACKET",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn families_without_a_name_are_numbers() {
        assert_eq!(family(10), "AF_INET6");
        assert_eq!(family(38), "AF_ALG");
        assert_eq!(family(45), "AF_MCTP");
        assert_eq!(family(4711), "4711");
    }
}
