//! One event of each kind, and the cases in which something is not known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use event::{
    Container, Context, Credentials, Detail, Event, File, FileFacts, Image, ImageRef, Kind, Nanos,
    ProcessKey, SocketAddress, Source, context_flags, event_flags, file_flags,
};

/// 2026-01-02T03:04:05.678Z.
const NOW: Nanos = 1_767_323_045_678_000_000;
const SECOND: Nanos = 1_000_000_000;

/// An event and who did it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) event: Event,
    pub(crate) context: Context,
    pub(crate) image: Option<Arc<Image>>,
    pub(crate) ancestors: Vec<(Context, Option<Arc<Image>>)>,
    pub(crate) truncated: bool,
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey { boot: 0xb007, start: u64::from(pid) * 1000, pid }
}

fn alice() -> Credentials {
    Credentials {
        uid: 1000,
        gid: 1000,
        euid: 1000,
        egid: 1000,
        fsuid: 1000,
        fsgid: 1000,
        user: "alice".to_owned(),
        group: "staff".to_owned(),
        euser: "alice".to_owned(),
        egroup: "staff".to_owned(),
        fsuser: "alice".to_owned(),
        fsgroup: "staff".to_owned(),
        cap_effective: 0,
        cap_permitted: 1 << 10 | 1 << 39 | 1 << 50,
        auid: 1000,
        session: 7,
    }
}

fn facts(inode: u64, mode: u32) -> FileFacts {
    FileFacts {
        inode,
        mode,
        uid: 1000,
        gid: 50,
        mtime: NOW - 60 * SECOND,
        ctime: NOW - 60 * SECOND + 1,
        mount_id: 29,
        filesystem: "ext4".to_owned(),
        mount_path: "/".into(),
    }
}

fn file(path: &str, inode: u64) -> File {
    let facts = Some(facts(inode, 0o100_644));
    File { path: path.to_owned(), facts, flags: file_flags::FROM_KERNEL, ..File::default() }
}

fn unknown(path: &str) -> File {
    File { path: path.to_owned(), ..File::default() }
}

fn image(path: &str, args: &[&str]) -> Arc<Image> {
    Arc::new(Image {
        executable: file(path, 1001),
        argv0: path.rsplit('/').next().unwrap().to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        envs: vec!["HOME".to_owned(), "LD_PRELOAD=/tmp/x.so".to_owned()],
        ..Image::default()
    })
}

fn context(id: u64, pid: u32, parent: u32, comm: &str) -> Context {
    Context {
        id,
        process: key(pid),
        lineage: None,
        creator: Some(key(parent)),
        ppid: parent,
        since: NOW - 10 * SECOND,
        fork_time: NOW - 20 * SECOND,
        exec_time: NOW - 10 * SECOND,
        comm: comm.to_owned(),
        tty: "pts0".to_owned(),
        image: ImageRef::Unknown,
        credentials: alice(),
        container: None,
        cgroup: "/user.slice".to_owned(),
        source: Source::Event,
        flags: 0,
    }
}

/// `sh script` (exec'd over `bash`, pid 70), forked by a shell (pid 60) that shares its image with its own parent.
fn case(name: &'static str, kind: Kind, detail: Detail) -> Case {
    let own = image("/usr/bin/python3", &["script.py", "--flag"]);
    let before = image("/usr/bin/bash", &["-c", "script.py"]);
    let shell = image("/usr/bin/bash", &["-i"]);
    let mut acting = context(5, 70, 60, "python3");
    acting.image = ImageRef::Own(own.clone());
    acting.flags = context_flags::EXEC_CHILD;
    let mut replaced = context(4, 70, 60, "bash");
    replaced.image = ImageRef::Own(before.clone());
    replaced.exec_time = NOW - 15 * SECOND;
    let mut subshell = context(3, 60, 50, "bash");
    subshell.image = ImageRef::Shared(2);
    subshell.flags = context_flags::FORKED;
    let mut login = context(2, 50, 1, "bash");
    login.image = ImageRef::Own(shell.clone());
    login.source = Source::Snapshot;
    let event = Event {
        time: NOW,
        kind,
        context: 5,
        tid: 71,
        retval: 0,
        flags: 0,
        file: None,
        destination: None,
        detail,
    };
    Case {
        name,
        event,
        context: acting,
        image: Some(own),
        ancestors: vec![(replaced, Some(before)), (subshell, Some(shell.clone())), (login, Some(shell))],
        truncated: false,
    }
}

impl Case {
    fn on(mut self, file: File) -> Self {
        self.event.file = Some(file);
        self
    }

    fn to(mut self, file: File) -> Self {
        self.event.destination = Some(file);
        self
    }

    fn returning(mut self, retval: i64) -> Self {
        self.event.retval = retval;
        self
    }

    fn by(mut self, change: impl FnOnce(&mut Context)) -> Self {
        change(&mut self.context);
        self
    }
}

fn socket(ip: Option<IpAddr>, port: u16) -> SocketAddress {
    let family = match ip {
        Some(IpAddr::V4(_)) => 2,
        Some(IpAddr::V6(_)) => 10,
        None => 1,
    };
    SocketAddress { family, kind: 1, protocol: 6, ip, port, netns: 4_026_531_840, ..SocketAddress::default() }
}

fn processes() -> Vec<Case> {
    let mut root = alice();
    (root.uid, root.user, root.euid, root.euser) = (0, "root".to_owned(), 0, "root".to_owned());
    let mut lesser = alice();
    lesser.cap_permitted = 0;
    let mut forked = case("fork", Kind::Fork, Detail::None);
    forked.context.flags = context_flags::FORKED;
    forked.context.image = ImageRef::Shared(4);
    forked.image.clone_from(&forked.ancestors[0].1);
    let mut script = case("exec_script", Kind::Exec, Detail::Exec { path: "./script.py".to_owned() });
    let mut with_interpreter = image("/home/alice/script.py", &["a"]).as_ref().clone();
    with_interpreter.interpreter = Some(file("/usr/bin/python3", 1001));
    with_interpreter.args_truncated = true;
    let with_interpreter = Arc::new(with_interpreter);
    script.context.image = ImageRef::Own(with_interpreter.clone());
    script.image = Some(with_interpreter);
    let mut lost = case("exit_unknown", Kind::Exit, Detail::Exit { status: 9 | 0x80 });
    (lost.image, lost.context.image) = (None, ImageRef::Unknown);
    lost.ancestors.clear();
    lost.truncated = true;
    lost.context.flags = context_flags::LINEAGE_UNKNOWN;
    lost.context.creator = None;
    lost.context.source = Source::Placeholder;
    vec![
        forked,
        case("exec", Kind::Exec, Detail::Exec { path: "python3".to_owned() }),
        script,
        case("exit", Kind::Exit, Detail::Exit { status: 3 << 8 }),
        lost,
        case("setuid", Kind::Setuid, Detail::Credentials(Box::new(root.clone()))),
        case("setgid", Kind::Setgid, Detail::Credentials(Box::new(root))),
        case("capset", Kind::Capset, Detail::Credentials(Box::new(lesser))).returning(-1),
    ]
}

fn files() -> Vec<Case> {
    let mut bytes = file("/tmp/caf\\xe9", 12);
    bytes.raw = Some(b"/tmp/caf\xe9".to_vec());
    let mut missing = unknown("/etc/none");
    missing.error = Some("no such file".to_owned());
    let directory = |path: &str| {
        let mut directory = file(path, 7);
        directory.facts = Some(facts(7, 0o040_755));
        directory
    };
    let mut open = case("open_create", Kind::Open, Detail::Open { flags: 0o101 | 0o2_000_000, mode: 0o600 });
    open.event.retval = 3;
    open.event.flags = event_flags::ASYNC;
    let container = Container { id: "c".repeat(64), created_at: NOW - 3600 * SECOND };
    let chmod = |path: &str| Detail::Chmod { mode: 0o755, path: path.to_owned() };
    vec![
        case("open", Kind::Open, Detail::Open { flags: 0, mode: 0 }).on(bytes).returning(3),
        open.on(file("/tmp/new", 11)),
        case("open_missing", Kind::Open, Detail::Open { flags: 0, mode: 0 }).on(missing).returning(-2),
        case("open_refused", Kind::Open, Detail::Open { flags: 0x42, mode: 0o644 })
            .on(unknown("/etc/shadow"))
            .returning(-13)
            .by(|context| context.container = Some(container)),
        case("open_lost", Kind::Open, Detail::Open { flags: 0, mode: 0 }).returning(3),
        case("mkdir", Kind::Mkdir, Detail::Mkdir { mode: 0o777 }).on(directory("/tmp/dir")),
        case("rmdir", Kind::Rmdir, Detail::Unlink { flags: 0x200 }).on(directory("/tmp/dir")),
        case("unlink", Kind::Unlink, Detail::Unlink { flags: 0 }).on(unknown("/tmp/gone")),
        case("rename", Kind::Rename, Detail::Rename { flags: 1 })
            .on(unknown("/tmp/a"))
            .to(file("/tmp/b", 21)),
        case("rename_failed", Kind::Rename, Detail::Rename { flags: 0 })
            .on(file("/tmp/a", 20))
            .to(unknown("/proc/b"))
            .returning(-18),
        case("link", Kind::Link, Detail::None).on(file("/tmp/a", 22)).to(unknown("/tmp/c")),
        case("chmod", Kind::Chmod, chmod("../a")).on(file("/tmp/a", 22)),
        case("chmod_unknown", Kind::Chmod, chmod("")).on(unknown("/tmp/a")),
        case("chown", Kind::Chown, Detail::Chown { uid: 0, gid: -1 }).on(file("/tmp/a", 22)),
        case("chdir", Kind::Chdir, Detail::Chdir { path: "..".to_owned() }).on(directory("/home/alice")),
    ]
}

fn sockets() -> Vec<Case> {
    let four = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    let six = Some(IpAddr::V6(Ipv6Addr::LOCALHOST));
    let mut connected = socket(four, 443);
    connected.local = Some((Ipv4Addr::new(192, 0, 2, 9).into(), 40_000));
    let unix = SocketAddress { path: "/run/app.sock".to_owned(), protocol: 0, ..socket(None, 0) };
    let mut thread = case("connect_kernel_thread", Kind::Connect, Detail::Socket(connected.clone()));
    thread.context.flags = context_flags::KERNEL_THREAD;
    (thread.image, thread.context.image) = (None, ImageRef::Unknown);
    (thread.context.exec_time, thread.context.tty) = (0, String::new());
    thread.ancestors.clear();
    vec![
        case("bind", Kind::Bind, Detail::Socket(socket(six, 8080))),
        case("bind_unix", Kind::Bind, Detail::Socket(unix.clone())),
        case("connect", Kind::Connect, Detail::Socket(connected)).returning(-115),
        case("connect_unix", Kind::Connect, Detail::Socket(unix)).returning(-111),
        case("connect_unspecified_source", Kind::Connect, Detail::Socket(socket(six, 53))),
        thread,
    ]
}

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = processes();
    cases.extend(files());
    cases.extend(sockets());
    cases
}
