//! What a packet program tells: a question to a name server, or talk with a cloud's instance metadata service.

use crate::record;

record! {
    /// A packet with a payload. The part `Payload` has its first bytes.
    pub struct PacketBody = 96 {
        /// Sender; 4 bytes used for IPv4, network byte order.
        pub source: [u8; 16],
        /// Receiver likewise.
        pub destination: [u8; 16],
        /// `bpf_get_socket_cookie`: the socket on this host.
        pub cookie: u64,
        /// Bytes from the IP header on.
        pub length: u32,
        /// Bytes behind the transport header.
        pub payload: u32,
        /// TCP sequence number of the first of them; 0 for UDP.
        pub sequence: u32,
        /// Inode number of the device's network namespace, 0 if unknown.
        pub netns: u32,
        /// Interface, 0 if unknown.
        pub ifindex: u32,
        /// Host byte order.
        pub source_port: u16,
        /// Host byte order.
        pub destination_port: u16,
        /// `IPPROTO_TCP` or `IPPROTO_UDP`.
        pub protocol: u8,
        /// 4 or 6.
        pub version: u8,
        /// [`packet_flags`].
        pub flags: u8,
        /// Zero.
        pub reserved: u8,
        /// Name of the interface, NUL padded; empty if unknown.
        pub ifname: [u8; 16],
        /// Zero.
        pub reserved2: [u8; 12],
    }
}

/// Bits of [`PacketBody::flags`].
pub mod packet_flags {
    /// Received, not sent.
    pub const INGRESS: u8 = 1;
    /// The header names the task that ran: it sent the packet itself.
    pub const CURRENT: u8 = 2;
    /// The header names who connected the socket; somebody else may have it by now. With neither bit the header names
    /// nobody.
    pub const CONNECTED: u8 = 4;
}

record! {
    /// Who connected a socket: value of the `OWNERS` map.
    pub struct Owner = 32 {
        /// `start_boottime` of the thread group's leader.
        pub start: u64,
        /// `bpf_get_current_cgroup_id`.
        pub cgroup: u64,
        /// Process.
        pub tgid: u32,
        /// Thread.
        pub tid: u32,
        /// `real_parent->tgid`.
        pub ppid: u32,
        /// Zero.
        pub reserved: u32,
    }
}

/// Where clouds answer questions about the instance: the same link-local address with all of them.
pub mod metadata {
    /// AWS, GCP, Azure, IBM, Oracle.
    pub const IPV4: [u8; 4] = [169, 254, 169, 254];
    /// AWS, `fd00:ec2::254`.
    pub const IPV6: [u8; 16] = [0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54];
    /// HTTP.
    pub const PORT: u16 = 80;
    /// DNS (RFC 1035).
    pub const DNS_PORT: u16 = 53;
}
