//! The other watched calls: names, credentials, sockets.

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::{ffi::OsStrExt as _, net::UnixListener},
};

use abi::{Class, PartTag, RecordKind};
use rustix::{
    fs::{self as sys, AtFlags, CWD, Gid, Mode, Uid},
    io::Errno,
};

use crate::harness::{SMALL, args, directory, path_of, record, record_with, text};

#[test]
fn calls_with_names_tell_each_name_and_its_base() {
    let (_dir, path) = directory();
    let at = |name: &str| path.join(name);
    let Some(recorded) = record(|| {
        let dirfd = sys::open(&path, sys::OFlags::PATH, Mode::empty()).unwrap();
        sys::mkdirat(&dirfd, "made", Mode::from(0o700)).unwrap();
        fs::write(at("file"), "").unwrap();
        sys::linkat(&dirfd, "file", CWD, at("link"), AtFlags::empty()).unwrap();
        sys::renameat(&dirfd, "file", &dirfd, "moved").unwrap();
        sys::chmod(at("moved"), Mode::from(0o400)).unwrap();
        sys::chown(at("moved"), Some(Uid::from_raw(7)), Some(Gid::from_raw(8))).unwrap();
        sys::unlink(at("link")).unwrap();
        sys::rmdir(at("made")).unwrap();
        assert_eq!(sys::unlink(at("link")).unwrap_err(), Errno::NOENT);
    }) else {
        return;
    };
    let own = |record: &abi::Header| record.tid == recorded.tid && record.ret <= 0;
    let seen: Vec<_> = recorded
        .kind(RecordKind::File)
        .filter(|record| own(&record.header) && record.part(PartTag::Arg).is_some())
        .map(|record| {
            let name = String::from_utf8(text(&record, PartTag::Arg)).unwrap();
            let name = name.rsplit('/').next().unwrap().to_owned();
            (name, record.header.ret, record)
        })
        .collect();
    let names: Vec<_> = seen.iter().map(|(name, ret, _)| (name.as_str(), *ret)).collect();
    assert_eq!(
        names,
        [
            ("made", 0),
            ("file", 0),
            ("file", 0),
            ("moved", 0),
            ("moved", 0),
            ("link", 0),
            ("made", 0),
            ("link", -2)
        ]
    );
    let link = &seen[1].2;
    assert_eq!(path_of(link, PartTag::Base), path);
    assert_eq!(path_of(link, PartTag::Base2), std::path::Path::new("/"));
    assert_eq!(text(link, PartTag::Arg2), at("link").as_os_str().as_bytes());
    let rename = &seen[2].2;
    assert_eq!(
        (path_of(rename, PartTag::Base), path_of(rename, PartTag::Base2)),
        (path.clone(), path.clone())
    );
    assert_eq!(
        (text(rename, PartTag::Arg), text(rename, PartTag::Arg2)),
        (b"file".to_vec(), b"moved".to_vec())
    );
}

#[test]
fn an_unreadable_name_is_marked_and_nothing_else_is_lost() {
    let Some(recorded) = record(|| {
        let name = "a".repeat(5000);
        assert_eq!(sys::unlink(&name).unwrap_err(), Errno::NAMETOOLONG);
    }) else {
        return;
    };
    let long = recorded
        .kind(RecordKind::File)
        .find(|record| record.header.tid == recorded.tid && record.header.ret == -36)
        .unwrap();
    let (bytes, flags) = long.part(PartTag::Arg).unwrap();
    assert_eq!((bytes.len(), flags), (4095, abi::part_flags::TRUNCATED));
}

#[test]
fn what_found_no_room_is_counted_exactly_and_leaves_a_hole() {
    let Some(recorded) = record_with([SMALL; Class::COUNT], || {
        for _ in 0..1000 {
            sys::unlink("/nothing").unwrap_err();
        }
    }) else {
        return;
    };
    let sum = |count: fn(&abi::Counters) -> u64| recorded.counters.iter().map(count).sum::<u64>();
    let (tried, lost) = (sum(|c| c.tried[Class::File as usize]), sum(|c| c.lost[Class::File as usize]));
    // What came after the counts were read is left out.
    let counted = |record: &recorder::decode::Record<'_>| {
        record.header.seq <= recorded.counters[usize::from(record.header.cpu)].tried[Class::File as usize]
    };
    let seen = recorded.class(Class::File).filter(counted).count() as u64;
    assert!(lost > 900 && seen > 5, "{tried} tried, {lost} lost, {seen} seen");
    assert_eq!(tried, lost + seen);
}

#[test]
fn a_change_of_credentials_tells_all_of_them_afterwards() {
    let Some(recorded) = record(|| {
        let (user, group) = (Uid::from_raw(1234), Gid::from_raw(4321));
        rustix::thread::set_thread_gid(group).unwrap();
        rustix::thread::set_thread_res_uid(Uid::from_raw(5), user, Uid::from_raw(6)).unwrap();
        rustix::thread::set_thread_uid(Uid::from_raw(77)).unwrap_err();
    }) else {
        return;
    };
    let own: Vec<_> =
        recorded.kind(RecordKind::Credentials).filter(|record| record.header.tid == recorded.tid).collect();
    assert_eq!(
        own.iter().map(|record| (record.header.nr, record.header.ret)).collect::<Vec<_>>(),
        [(106, 0), (117, 0), (105, -1)]
    );
    let after = own[1].credentials().unwrap();
    assert_eq!((after.uid, after.euid, after.suid, after.fsuid), (5, 1234, 6, 1234));
    assert_eq!((after.gid, after.egid, after.sgid, after.fsgid), (4321, 4321, 4321, 4321));
    assert_eq!(after.cap_effective, 0);
    assert_ne!(own[0].credentials().unwrap().cap_effective, 0);
    assert_eq!(args(&own[1])[..3], [5, 1234, 6]);
}

#[test]
fn connections_tell_the_address_asked_for_and_both_ends() {
    let (_dir, path) = directory();
    let mut ports = [0; 2];
    let Some(recorded) = record(|| {
        for (index, address) in
            [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))]
                .into_iter()
                .enumerate()
        {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let to = listener.local_addr().unwrap();
            TcpStream::connect(to).unwrap();
            ports[index] = to.port();
        }
        UnixListener::bind(path.join("socket")).unwrap();
    }) else {
        return;
    };
    let (bind, connect) = (recorded.calls(49), recorded.calls(42));
    assert_eq!(connect.len(), ports.iter().filter(|port| **port != 0).count());
    for (call, port) in connect.iter().zip(ports) {
        let facts = call.socket().unwrap();
        assert_eq!((facts.remote_port, facts.kind, facts.protocol), (port, 1, 6));
        assert_ne!(facts.local_port, 0);
        let asked = text(call, PartTag::Sockaddr);
        assert_eq!(asked[2..4], port.to_be_bytes());
    }
    let facts = connect[0].socket().unwrap();
    assert_eq!((facts.family, facts.remote[..4].to_vec()), (2, vec![127, 0, 0, 1]));
    assert_eq!(bind[0].socket().unwrap().local_port, ports[0]);
    let unix = text(bind.last().unwrap(), PartTag::Sockaddr);
    assert!(unix.windows(6).any(|part| part == b"socket"));
    assert!(recorded.class(Class::Network).all(|record| record.header.kind == RecordKind::Socket as u16));
}

#[test]
fn a_return_from_a_signal_handler_is_no_call_of_another_table() {
    let Some(recorded) = record(|| {
        let script = "trap : USR1; kill -USR1 $$; kill -USR1 $$";
        assert!(std::process::Command::new("/bin/sh").args(["-c", script]).status().unwrap().success());
    }) else {
        return;
    };
    assert_eq!(recorded.counters.iter().map(|cpu| cpu.compat).sum::<u64>(), 0);
}
