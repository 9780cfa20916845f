//! `cgroup_skb/egress` and `ingress`: questions to name servers and talk with a metadata service; all else passes at
//! once. These programs run in tasks and in softirqs, and may interrupt each other and the tracepoints' programs: they
//! share nothing with them, and build their records in the ring itself.

use abi::{
    Class, Header, PacketBody, PartHeader, PartTag, RecordKind, limits, metadata, offsets as o, packet_flags,
    part_flags,
};
use aya_ebpf::{
    bindings::{__sk_buff, BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP},
    helpers::{
        bpf_get_smp_processor_id, bpf_ktime_get_boot_ns,
        generated::{bpf_get_socket_cookie, bpf_skb_load_bytes},
    },
    macros::cgroup_skb,
    programs::SkBuffContext,
};

use crate::{
    counters,
    kernel::{Address, current, field},
    maps::{OWNERS, RING_PACKET, has, wake_at},
    sockets,
};

/// The program allows what it looks at.
const ALLOW: i32 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Extension headers of IPv6 that are stepped over.
const EXTENSIONS: usize = 4;

/// What the headers say.
struct Headers {
    version: u8,
    protocol: u8,
    /// Where the transport header begins.
    transport: u32,
    source_port: u16,
    destination_port: u16,
}

#[cgroup_skb(egress)]
fn packet_egress(ctx: SkBuffContext) -> i32 {
    let Some(headers) = headers(&ctx) else { return ALLOW };
    match headers.destination_port {
        metadata::DNS_PORT => {}
        metadata::PORT if headers.protocol == TCP && is_metadata(&ctx, &headers, false) => {}
        _ => return ALLOW,
    }
    tell(&ctx, &headers, false);
    ALLOW
}

#[cgroup_skb(ingress)]
fn packet_ingress(ctx: SkBuffContext) -> i32 {
    let Some(headers) = headers(&ctx) else { return ALLOW };
    if headers.protocol == TCP && headers.source_port == metadata::PORT && is_metadata(&ctx, &headers, true) {
        tell(&ctx, &headers, true);
    }
    ALLOW
}

/// Copies bytes of the packet; false if it has fewer.
#[inline(always)]
fn load<T>(skb: *mut __sk_buff, at: u32, to: &mut T) -> bool {
    // SAFETY: `to` has as many bytes as are asked for, and may hold any.
    unsafe { bpf_skb_load_bytes(skb.cast(), at, core::ptr::from_mut(to).cast(), size_of::<T>() as u32) == 0 }
}

/// What the headers of nearly all packets say, read in place; `Err` if they are not as short as usual.
#[inline(always)]
fn plain_headers(ctx: &SkBuffContext) -> Result<Option<Headers>, ()> {
    let skb = ctx.skb.skb;
    // SAFETY: the context is valid while the program runs; the verifier knows both fields as bounds of the packet, and
    // checks each read against them.
    unsafe {
        let (data, end) = ((*skb).data as usize, (*skb).data_end as usize);
        let byte = |at: usize| (data as *const u8).add(at).read_volatile();
        let port = |at: usize| u16::from_be((data as *const u16).byte_add(at).read_volatile());
        if data + 24 > end {
            return Err(());
        }
        match byte(0) {
            // IPv4 without options.
            0x45 => {
                let protocol = byte(9);
                if protocol != TCP && protocol != UDP {
                    return Ok(None);
                }
                // A fragment, or one of several.
                if byte(6) & 0x3f != 0 || byte(7) != 0 {
                    return Err(());
                }
                Ok(Some(Headers {
                    version: 4,
                    protocol,
                    transport: 20,
                    source_port: port(20),
                    destination_port: port(22),
                }))
            }
            0x60..=0x6f if data + 44 <= end => {
                let protocol = byte(6);
                if protocol != TCP && protocol != UDP {
                    return Err(());
                }
                Ok(Some(Headers {
                    version: 6,
                    protocol,
                    transport: 40,
                    source_port: port(40),
                    destination_port: port(42),
                }))
            }
            _ => Err(()),
        }
    }
}

/// Protocol and ports; `None` if there are none (fragments behind the first have none).
#[inline(always)]
fn headers(ctx: &SkBuffContext) -> Option<Headers> {
    match plain_headers(ctx) {
        Ok(headers) => headers,
        Err(()) => any_headers(ctx),
    }
}

/// The same for packets with options and extensions, and for those whose headers do not lie in one piece.
#[inline(always)]
fn any_headers(ctx: &SkBuffContext) -> Option<Headers> {
    let skb = ctx.skb.skb;
    // Version, and what follows up to the protocol of IPv4 and the next header of IPv6.
    let mut first = [0u8; 10];
    if !load(skb, 0, &mut first) {
        return None;
    }
    let (version, mut protocol, mut transport);
    if first[0] >> 4 == 4 {
        const OFFSET: u8 = 0x1f;
        version = 4;
        protocol = first[9];
        transport = u32::from(first[0] & 15) * 4;
        if first[6] & OFFSET != 0 || first[7] != 0 {
            return None;
        }
    } else {
        version = 6;
        protocol = first[6];
        transport = 40;
        let mut step = 0;
        while step < EXTENSIONS && protocol != TCP && protocol != UDP {
            // Hop-by-hop options, routing, destination options (RFC 8200): next header and length in units of 8 bytes
            // beyond the first. The fragment header has 8 and an offset.
            let mut extension = [0u8; 4];
            if !matches!(protocol, 0 | 43 | 44 | 60) || !load(skb, transport, &mut extension) {
                return None;
            }
            if protocol == 44 && (extension[2] != 0 || extension[3] & 0xf8 != 0) {
                return None;
            }
            transport += if protocol == 44 { 8 } else { (u32::from(extension[1]) + 1) * 8 };
            protocol = extension[0];
            step += 1;
        }
    }
    if protocol != TCP && protocol != UDP {
        return None;
    }
    let mut ports = [0u8; 4];
    if !load(skb, transport, &mut ports) {
        return None;
    }
    Some(Headers {
        version,
        protocol,
        transport,
        source_port: u16::from_be_bytes([ports[0], ports[1]]),
        destination_port: u16::from_be_bytes([ports[2], ports[3]]),
    })
}

/// Is the other end a metadata service?
#[inline(always)]
fn is_metadata(ctx: &SkBuffContext, headers: &Headers, ingress: bool) -> bool {
    let skb = ctx.skb.skb;
    if headers.version == 4 {
        let mut address = [0u8; 4];
        return load(skb, if ingress { 12 } else { 16 }, &mut address) && address == metadata::IPV4;
    }
    let mut address = [0u8; 16];
    load(skb, if ingress { 8 } else { 24 }, &mut address) && address == metadata::IPV6
}

/// Sends a record if there is a payload.
#[inline(always)]
fn tell(ctx: &SkBuffContext, headers: &Headers, ingress: bool) {
    let skb = ctx.skb.skb;
    let (mut body, mut sequence) = (headers.transport + 8, 0);
    if headers.protocol == TCP {
        // Sequence number at 4; the header's length in words is the upper half of byte 12 (RFC 9293).
        let mut tcp = [0u8; 13];
        if !load(skb, headers.transport, &mut tcp) {
            return;
        }
        sequence = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
        body = headers.transport + u32::from(tcp[12] >> 4) * 4;
    }
    let length = ctx.len();
    if length <= body {
        return;
    }
    let told = Told { body, sequence, length, payload: length - body, ingress };
    if told.payload <= limits::PAYLOAD as u32 {
        send::<{ limits::PAYLOAD }>(skb, headers, &told);
    } else {
        send::<{ limits::LARGE_PAYLOAD }>(skb, headers, &told);
    }
}

/// What a record is made of, beside the headers.
struct Told {
    body: u32,
    sequence: u32,
    length: u32,
    payload: u32,
    ingress: bool,
}

/// A record with room for `N` bytes of payload.
#[repr(C, align(8))]
struct Record<const N: usize> {
    header: Header,
    body: PacketBody,
    part: PartHeader,
    payload: [u8; N],
}

#[inline(always)]
fn send<const N: usize>(skb: *mut __sk_buff, headers: &Headers, told: &Told) {
    let Some(mut entry) = RING_PACKET.reserve::<Record<N>>(0) else {
        counters::packet(true);
        return;
    };
    counters::packet(false);
    let record = entry.as_mut_ptr();
    // SAFETY: the ring's bytes are as many as the record has; all of them are written before they are read or sent, but
    // for those of the payload behind what the part's length says, which the reader does not look at.
    unsafe {
        // A pointer becomes a number in memory: the verifier allows no reading through it otherwise.
        (&raw mut (*record).header.start).write_volatile(skb as u64);
        let buffer: Address = (&raw const (*record).header.start).read_volatile();
        let device: Address = if has(o::SKB_DEV) { field(buffer, o::SKB_DEV) } else { 0 };
        let cookie = bpf_get_socket_cookie(skb.cast());
        let mut flags = if told.ingress { packet_flags::INGRESS } else { 0 };
        let header = &raw mut (*record).header;
        header.write(sender(headers, told, cookie, &mut flags));
        let body = &raw mut (*record).body;
        body.write(PacketBody {
            cookie,
            length: told.length,
            payload: told.payload,
            sequence: told.sequence,
            source_port: headers.source_port,
            destination_port: headers.destination_port,
            protocol: headers.protocol,
            version: headers.version,
            flags,
            ..PacketBody::default()
        });
        addresses(skb, headers, &mut (*body).source, &mut (*body).destination);
        if device != 0 && has(o::NETDEV_NAME) && has(o::NETDEV_IFINDEX) && has(o::NETDEV_NET) {
            (*body).ifindex = field(device, o::NETDEV_IFINDEX);
            sockets::device_name(&mut (*body).ifname, device);
            if has(o::NET_INUM) {
                (*body).netns = field(field(device, o::NETDEV_NET), o::NET_INUM);
            }
        }
        let cut = told.payload > N as u32;
        // Volatile, so that the verifier sees the bounds that follow. One less, because that of 6.1 does not learn from a
        // comparison with zero that a length is none.
        (&raw mut (*record).part.reserved).write_volatile(told.payload - 1);
        let mut last = (&raw const (*record).part.reserved).read_volatile();
        if last > N as u32 - 1 {
            last = N as u32 - 1;
        }
        let bytes = last + 1;
        let result = bpf_skb_load_bytes(skb.cast(), told.body, (&raw mut (*record).payload).cast(), bytes);
        let part_flags = if result != 0 {
            part_flags::FAULT
        } else if cut {
            part_flags::TRUNCATED
        } else {
            0
        };
        (&raw mut (*record).part).write(PartHeader {
            tag: PartTag::Payload as u8,
            flags: part_flags,
            len: if result == 0 { bytes as u16 } else { 0 },
            reserved: 0,
        });
    }
    let wake = if RING_PACKET.query(u64::from(BPF_RB_AVAIL_DATA)) >= wake_at(Class::Packet) {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    };
    entry.submit(u64::from(wake));
}

#[inline(always)]
fn addresses(skb: *mut __sk_buff, headers: &Headers, source: &mut [u8; 16], destination: &mut [u8; 16]) {
    if headers.version == 4 {
        let mut both = [[0u8; 4]; 2];
        load(skb, 12, &mut both);
        source[..4].copy_from_slice(&both[0]);
        destination[..4].copy_from_slice(&both[1]);
    } else {
        load(skb, 8, source);
        load(skb, 24, destination);
    }
}

/// The header of a record: the task that runs if it sends (UDP does so at once, in the sender's own call), else who
/// connected the socket, else nobody.
#[inline(always)]
fn sender(headers: &Headers, told: &Told, cookie: u64, flags: &mut u8) -> Header {
    let mut header = Header {
        // SAFETY: takes no argument.
        time: unsafe { bpf_ktime_get_boot_ns() },
        // SAFETY: takes no argument.
        cpu: unsafe { bpf_get_smp_processor_id() } as u16,
        kind: RecordKind::Packet as u16,
        nr: u32::MAX,
        ..Header::default()
    };
    let task = current();
    let tgid: u32 = field(task, o::TASK_TGID);
    if headers.protocol == UDP && !told.ingress && tgid != 0 {
        let leader: Address = field(task, o::TASK_LEADER);
        let parent: Address = field(task, o::TASK_REAL_PARENT);
        header.start = field(leader, o::TASK_START);
        header.tgid = tgid;
        header.tid = field(task, o::TASK_PID);
        header.ppid = field(parent, o::TASK_TGID);
        *flags |= packet_flags::CURRENT;
        return header;
    }
    // SAFETY: the value is copied at once.
    if let Some(owner) = unsafe { OWNERS.get(&cookie) } {
        header.start = owner.start;
        header.cgroup = owner.cgroup;
        header.tgid = owner.tgid;
        header.tid = owner.tid;
        header.ppid = owner.ppid;
        *flags |= packet_flags::CONNECTED;
    }
    header
}
