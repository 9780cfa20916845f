//! Which socket options are recorded, and why: the probes look each setsockopt up here, and only count the others.
//! Numbers from `include/uapi` of the kernel; x86-64.

/// One option that matters for security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOption {
    /// `SOL_*` or `IPPROTO_*`.
    pub level: i32,
    /// Number within the level.
    pub option: i32,
    /// The kernel's name.
    pub name: &'static str,
    /// What it can be abused for.
    pub reason: &'static str,
    /// The value is, or holds, a key: it is not copied.
    pub secret: bool,
}

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
const SOL_UDP: i32 = 17;
const SOL_IPV6: i32 = 41;
const SOL_PACKET: i32 = 263;
const SOL_NETLINK: i32 = 270;
const SOL_ALG: i32 = 279;
const SOL_TLS: i32 = 282;
const SOL_XDP: i32 = 283;

const fn plain(level: i32, option: i32, name: &'static str, reason: &'static str) -> SocketOption {
    SocketOption { level, option, name, reason, secret: false }
}

const fn secret(level: i32, option: i32, name: &'static str, reason: &'static str) -> SocketOption {
    SocketOption { level, option, name, reason, secret: true }
}

/// Key of the `OPTIONS` map.
#[must_use]
pub const fn option_key(level: i32, option: i32) -> u64 {
    (level.cast_unsigned() as u64) << 32 | option.cast_unsigned() as u64
}

const SNIFF: &str = "sniffing";
const HIDE: &str = "a filter that hides traffic, or waits for a magic packet";
const SPOOF: &str = "sending or taking traffic under another address";
const STEAL: &str = "taking over the traffic of another process's port";
const ROUTE: &str = "a way around routing and firewall rules";
const FIREWALL: &str = "a change of the packet filter's rules";
const CODE: &str = "loads or reaches kernel code with a history of flaws";
const KEY: &str = "a key of a protected connection";

/// Every recorded option, by level and number.
pub const SOCKET_OPTIONS: &[SocketOption] = &[
    plain(SOL_IP, 3, "IP_HDRINCL", SPOOF),
    plain(SOL_IP, 4, "IP_OPTIONS", ROUTE),
    plain(SOL_IP, 15, "IP_FREEBIND", SPOOF),
    plain(SOL_IP, 16, "IP_IPSEC_POLICY", ROUTE),
    plain(SOL_IP, 17, "IP_XFRM_POLICY", ROUTE),
    plain(SOL_IP, 19, "IP_TRANSPARENT", SPOOF),
    plain(SOL_IP, 64, "IPT_SO_SET_REPLACE", FIREWALL),
    plain(SOL_IP, 65, "IPT_SO_SET_ADD_COUNTERS", FIREWALL),
    plain(SOL_IP, 96, "ARPT_SO_SET_REPLACE", FIREWALL),
    plain(SOL_IP, 97, "ARPT_SO_SET_ADD_COUNTERS", FIREWALL),
    plain(SOL_IP, 128, "EBT_SO_SET_ENTRIES", FIREWALL),
    plain(SOL_IP, 129, "EBT_SO_SET_COUNTERS", FIREWALL),
    plain(SOL_IP, 200, "MRT_INIT", ROUTE),
    plain(SOL_IP, 1154, "IP_VS_SO_SET_ADD", STEAL),
    plain(SOL_IP, 1155, "IP_VS_SO_SET_EDIT", STEAL),
    plain(SOL_IP, 1159, "IP_VS_SO_SET_ADDDEST", STEAL),
    plain(SOL_IP, 1161, "IP_VS_SO_SET_EDITDEST", STEAL),
    plain(SOL_SOCKET, 15, "SO_REUSEPORT", STEAL),
    plain(SOL_SOCKET, 25, "SO_BINDTODEVICE", ROUTE),
    plain(SOL_SOCKET, 26, "SO_ATTACH_FILTER", HIDE),
    plain(SOL_SOCKET, 27, "SO_DETACH_FILTER", HIDE),
    plain(SOL_SOCKET, 32, "SO_SNDBUFFORCE", CODE),
    plain(SOL_SOCKET, 33, "SO_RCVBUFFORCE", CODE),
    plain(SOL_SOCKET, 36, "SO_MARK", ROUTE),
    plain(SOL_SOCKET, 44, "SO_LOCK_FILTER", HIDE),
    plain(SOL_SOCKET, 50, "SO_ATTACH_BPF", HIDE),
    plain(SOL_SOCKET, 51, "SO_ATTACH_REUSEPORT_CBPF", STEAL),
    plain(SOL_SOCKET, 52, "SO_ATTACH_REUSEPORT_EBPF", STEAL),
    plain(SOL_SOCKET, 62, "SO_BINDTOIFINDEX", ROUTE),
    plain(SOL_SOCKET, 68, "SO_DETACH_REUSEPORT_BPF", STEAL),
    plain(SOL_TCP, 13, "TCP_CONGESTION", CODE),
    secret(SOL_TCP, 14, "TCP_MD5SIG", KEY),
    plain(SOL_TCP, 19, "TCP_REPAIR", STEAL),
    plain(SOL_TCP, 31, "TCP_ULP", CODE),
    secret(SOL_TCP, 32, "TCP_MD5SIG_EXT", KEY),
    secret(SOL_TCP, 33, "TCP_FASTOPEN_KEY", KEY),
    secret(SOL_TCP, 38, "TCP_AO_ADD_KEY", KEY),
    plain(SOL_TCP, 39, "TCP_AO_DEL_KEY", KEY),
    plain(SOL_UDP, 100, "UDP_ENCAP", CODE),
    plain(SOL_IPV6, 34, "IPV6_IPSEC_POLICY", ROUTE),
    plain(SOL_IPV6, 35, "IPV6_XFRM_POLICY", ROUTE),
    plain(SOL_IPV6, 36, "IPV6_HDRINCL", SPOOF),
    plain(SOL_IPV6, 57, "IPV6_RTHDR", ROUTE),
    plain(SOL_IPV6, 64, "IP6T_SO_SET_REPLACE", FIREWALL),
    plain(SOL_IPV6, 65, "IP6T_SO_SET_ADD_COUNTERS", FIREWALL),
    plain(SOL_IPV6, 75, "IPV6_TRANSPARENT", SPOOF),
    plain(SOL_IPV6, 78, "IPV6_FREEBIND", SPOOF),
    plain(SOL_IPV6, 200, "MRT6_INIT", ROUTE),
    plain(SOL_PACKET, 1, "PACKET_ADD_MEMBERSHIP", SNIFF),
    plain(SOL_PACKET, 5, "PACKET_RX_RING", CODE),
    plain(SOL_PACKET, 10, "PACKET_VERSION", CODE),
    plain(SOL_PACKET, 13, "PACKET_TX_RING", CODE),
    plain(SOL_PACKET, 18, "PACKET_FANOUT", SNIFF),
    plain(SOL_PACKET, 20, "PACKET_QDISC_BYPASS", ROUTE),
    plain(SOL_PACKET, 22, "PACKET_FANOUT_DATA", CODE),
    plain(SOL_NETLINK, 8, "NETLINK_LISTEN_ALL_NSID", SNIFF),
    secret(SOL_ALG, 1, "ALG_SET_KEY", KEY),
    plain(SOL_ALG, 7, "ALG_SET_KEY_BY_KEY_SERIAL", KEY),
    secret(SOL_TLS, 1, "TLS_TX", KEY),
    secret(SOL_TLS, 2, "TLS_RX", KEY),
    plain(SOL_XDP, 2, "XDP_RX_RING", SNIFF),
    plain(SOL_XDP, 3, "XDP_TX_RING", ROUTE),
    plain(SOL_XDP, 4, "XDP_UMEM_REG", CODE),
];
