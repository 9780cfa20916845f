//! Sockets and what goes through them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use event::{AwsCredentials, Detail, Dns, Flow, ImageRef, Imds, Kind, SocketAddress, context_flags};

use super::{Case, case};

fn socket(ip: Option<IpAddr>, port: u16) -> SocketAddress {
    let family = match ip {
        Some(IpAddr::V4(_)) => 2,
        Some(IpAddr::V6(_)) => 10,
        None => 1,
    };
    SocketAddress { family, kind: 1, protocol: 6, ip, port, netns: 4_026_531_840, ..SocketAddress::default() }
}

pub(super) fn cases() -> Vec<Case> {
    let four = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    let six = Some(IpAddr::V6(Ipv6Addr::LOCALHOST));
    let mut connected = socket(four, 443);
    connected.local = Some((Ipv4Addr::new(192, 0, 2, 9).into(), 40_000));
    let unix = SocketAddress { path: "/run/app.sock".to_owned(), protocol: 0, ..socket(None, 0) };
    let mut thread = case("connect_kernel_thread", Kind::Connect, Detail::Socket(connected.clone().into()));
    thread.context.flags = context_flags::KERNEL_THREAD;
    (thread.image, thread.context.image) = (None, ImageRef::Unknown);
    (thread.context.exec_time, thread.context.tty) = (0, String::new());
    thread.ancestors.clear();
    let mut cases = vec![
        case("bind", Kind::Bind, Detail::Socket(socket(six, 8080).into())),
        case("bind_unix", Kind::Bind, Detail::Socket(unix.clone().into())),
        case("connect", Kind::Connect, Detail::Socket(connected.into())).returning(-115),
        case("connect_unix", Kind::Connect, Detail::Socket(unix.into())).returning(-111),
        case("connect_unspecified_source", Kind::Connect, Detail::Socket(socket(six, 53).into())),
        thread,
    ];
    cases.extend(accepts());
    cases.extend(packets());
    cases
}

fn accepts() -> Vec<Case> {
    let peer = Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)));
    let mut accepted = socket(peer, 51_000);
    accepted.local = Some((Ipv4Addr::new(192, 0, 2, 9).into(), 443));
    let unix = SocketAddress { protocol: 0, ..socket(None, 0) };
    let nobody = SocketAddress { family: 0, ..unix.clone() };
    let bound = SocketAddress {
        family: 2,
        local: Some((Ipv4Addr::UNSPECIFIED.into(), 8080)),
        netns: 4_026_531_840,
        ..SocketAddress::default()
    };
    let option = |level, option, value: &[u8], socket: SocketAddress| Detail::Setsockopt {
        level,
        option,
        value: value.to_vec(),
        length: 16,
        socket: socket.into(),
    };
    vec![
        case("accept", Kind::Accept, Detail::Socket(accepted.into())).returning(5),
        case("accept_unix", Kind::Accept, Detail::Socket(unix.clone().into())).returning(5),
        case("accept_none", Kind::Accept, Detail::Socket(nobody.into())).returning(-11),
        case("setsockopt", Kind::Setsockopt, option(1, 26, &[1, 0, 0xff], bound)),
        case("setsockopt_refused", Kind::Setsockopt, option(0, 64, &[], unix.clone())).returning(-1),
        case("setsockopt_unknown", Kind::Setsockopt, option(999, 7, &[], unix)).returning(-92),
    ]
}

fn flow(source: (IpAddr, u16), destination: (IpAddr, u16), protocol: u16) -> Flow {
    let (netns, ifindex, ifname) = (4_026_531_840, 2, "eth0".to_owned());
    Flow { source, destination, protocol, size: 85, netns, ifindex, ifname }
}

fn packets() -> Vec<Case> {
    let local = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 40_000);
    let resolver = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 53)), 53);
    let dns = |name: &str, kind, class, flow| {
        Detail::Dns(Box::new(Dns {
            id: 0xbeef,
            name: name.to_owned(),
            kind,
            class,
            size: 57,
            count: 1,
            flow,
        }))
    };
    let odd = Flow {
        netns: 0,
        ifindex: 0,
        ifname: String::new(),
        ..flow((Ipv6Addr::LOCALHOST.into(), 1), (Ipv6Addr::LOCALHOST.into(), 53), 6)
    };
    let service = (IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);
    let request = Imds {
        response: false,
        provider: "aws".to_owned(),
        url: "/latest/meta-data/iam/security-credentials/web".to_owned(),
        host: "169.254.169.254".to_owned(),
        user_agent: "curl/8.5.0".to_owned(),
        server: String::new(),
        v2: true,
        credentials: None,
        flow: flow(local, service, 6),
    };
    let answer = Imds {
        response: true,
        url: String::new(),
        host: String::new(),
        user_agent: String::new(),
        server: "EC2ws".to_owned(),
        v2: false,
        credentials: Some(AwsCredentials {
            code: "Success".to_owned(),
            kind: "AWS-HMAC".to_owned(),
            access_key_id: "ASIAEXAMPLE".to_owned(),
            last_updated: "2026-01-02T03:00:00Z".to_owned(),
            expiration: "2026-01-02T09:00:00Z".to_owned(),
        }),
        flow: flow(service, local, 6),
        ..request.clone()
    };
    let mut elsewhere = request.clone();
    "gcp".clone_into(&mut elsewhere.provider);
    "/computeMetadata/v1/".clone_into(&mut elsewhere.url);
    let imds = |name, imds| case(name, Kind::Imds, Detail::Imds(Box::new(imds)));
    vec![
        case("dns", Kind::Dns, dns("example.com", 28, 1, flow(local, resolver, 17))),
        case("dns_odd", Kind::Dns, dns("", 66, 9, odd)),
        imds("imds_request", request),
        imds("imds_answer", answer),
        imds("imds_elsewhere", elsewhere),
    ]
}
