//! What an event says of causes: which process did what with which file, program, process or address.

use std::net::IpAddr;

use event::{Category, Detail, Kind, Outcome, SocketAddress, file_flags};
use store::Found;

use super::graph::{Key, Relation, Step};

/// Kinds that tell what became of a file.
pub(crate) const OF_FILES: [Kind; 12] = [
    Kind::Open,
    Kind::Mkdir,
    Kind::Rmdir,
    Kind::Unlink,
    Kind::Rename,
    Kind::Link,
    Kind::Chmod,
    Kind::Chown,
    Kind::Utimes,
    Kind::Setxattr,
    Kind::Removexattr,
    Kind::Mount,
];

/// Kinds that tell of connections.
pub(crate) const OF_CONNECTIONS: [Kind; 2] = [Kind::Connect, Kind::Accept];

/// Of open(2): the access mode, `O_CREAT`, `O_TRUNC`.
const ACCESS: u32 = 3;
const O_CREAT: u32 = 0o100;
const O_TRUNC: u32 = 0o1000;
/// Both files of a rename change places.
const RENAME_EXCHANGE: u32 = 2;
/// A connection that is being made, and of which no end is seen.
const EINPROGRESS: i64 = -115;

/// The steps that an event shows.
pub(crate) fn of(found: &Found) -> Vec<Step> {
    let event = &found.event;
    let process = || Key::Process(found.context.process);
    let step = |from: Key, relation, how, to: Key| Step {
        from,
        relation,
        how,
        to,
        time: Some(event.time),
        event: Some(found.id),
    };
    let path = |file: Option<&event::File>| {
        file.as_ref().filter(|file| !file.path.is_empty()).map(|file| file.path.clone())
    };
    if let (Detail::Socket(address), Kind::Connect | Kind::Accept) = (&event.detail, event.kind) {
        let (relation, how) = match (event.kind, event.retval) {
            (Kind::Accept, 0..) => (Relation::Accepted, ""),
            (Kind::Connect, EINPROGRESS) => (Relation::Connected, "in_progress"),
            (Kind::Connect, 0..) => (Relation::Connected, "established"),
            _ => return Vec::new(),
        };
        let Some((ip, port)) = remote(address) else { return Vec::new() };
        return vec![step(process(), relation, how, Key::Endpoint(ip, port))];
    }
    if event.outcome() != Outcome::Success {
        return Vec::new();
    }
    if event.kind == Kind::Exec {
        let Some(image) = found.lineage.image() else { return Vec::new() };
        let mut steps = Vec::new();
        for (file, how) in [(Some(&image.executable), "program"), (image.interpreter.as_ref(), "interpreter")]
        {
            if let Some(file) = file.filter(|file| !file.path.is_empty()) {
                steps.push(step(process(), Relation::Executed, how, Key::File(file.path.clone())));
            }
        }
        return steps;
    }
    let Some(file) = path(event.file.as_ref()) else { return Vec::new() };
    let by_process = |relation, how, path: &str| step(process(), relation, how, Key::File(path.to_owned()));
    match (event.kind, path(event.destination.as_deref())) {
        (Kind::Open, _) => {
            let (relation, how) = opened(found);
            vec![by_process(relation, how, &file)]
        }
        (Kind::Mkdir, _) => vec![by_process(Relation::Wrote, "made", &file)],
        (Kind::Unlink | Kind::Rmdir, _) => vec![by_process(Relation::Removed, "", &file)],
        (Kind::Rename, Some(to)) => {
            let exchange = matches!(event.detail, Detail::Rename { flags } if flags & RENAME_EXCHANGE != 0);
            let (one, other) = (Key::File(file.clone()), Key::File(to.clone()));
            let mut steps = vec![
                by_process(Relation::Renamed, "", &to),
                step(one.clone(), Relation::Became, "", other.clone()),
            ];
            if exchange {
                steps.push(by_process(Relation::Renamed, "", &file));
                steps.push(step(other, Relation::Became, "", one));
            }
            steps
        }
        (Kind::Link, Some(to)) => vec![
            by_process(Relation::Linked, "", &to),
            step(Key::File(file), Relation::SameFile, "", Key::File(to)),
        ],
        (kind, None) if kind.category() == Category::File => {
            vec![by_process(Relation::Changed, kind.name(), &file)]
        }
        _ => Vec::new(),
    }
}

/// What an open was for. What went through the descriptor is not recorded.
fn opened(found: &Found) -> (Relation, &'static str) {
    let created = (found.event.file.as_ref()).is_some_and(|file| file.flags & file_flags::CREATED != 0);
    match found.event.detail {
        _ if created => (Relation::Wrote, "created"),
        Detail::Open { flags, .. } if flags & O_TRUNC != 0 => (Relation::Wrote, "truncated"),
        Detail::Open { flags, .. } if flags & ACCESS != 0 => (Relation::Wrote, "opened"),
        // Whether it was there already is not known.
        Detail::Open { flags, .. } if flags & O_CREAT != 0 => (Relation::Read, "created_or_read"),
        _ => (Relation::Read, ""),
    }
}

/// The other end.
fn remote(address: &SocketAddress) -> Option<(IpAddr, u16)> {
    address.ip.map(|ip| (ip, address.port))
}
