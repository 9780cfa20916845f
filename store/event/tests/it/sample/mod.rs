//! One event of each kind, and the cases in which something is not known.

mod files;
mod kernel;
mod mounts;
mod network;
mod processes;

use std::sync::Arc;

use event::{
    Context, Credentials, Detail, Event, File, FileFacts, Image, ImageRef, Kind, Nanos, ProcessKey, Source,
    context_flags, file_flags,
};

/// 2026-01-02T03:04:05.678Z.
pub(super) const NOW: Nanos = 1_767_323_045_678_000_000;
pub(super) const SECOND: Nanos = 1_000_000_000;

/// An event and who did it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) event: Event,
    pub(crate) context: Context,
    pub(crate) image: Option<Arc<Image>>,
    pub(crate) ancestors: Vec<(Context, Option<Arc<Image>>)>,
    pub(crate) truncated: bool,
    /// The other process that the event is about.
    pub(crate) other: Option<Process>,
}

/// A process and where it comes from.
pub(crate) struct Process {
    pub(crate) context: Context,
    pub(crate) image: Option<Arc<Image>>,
    pub(crate) ancestors: Vec<(Context, Option<Arc<Image>>)>,
}

/// `sleep`, run as a service by pid 1: no ancestor in common with who acts.
pub(super) fn service() -> Process {
    let own = image("/usr/bin/sleep", &["60"]);
    let mut context = context(9, 80, 1, "sleep");
    context.image = ImageRef::Own(own.clone());
    (context.credentials, context.tty) = (Credentials::default(), String::new());
    let init = image("/sbin/init", &[]);
    let mut first = self::context(1, 1, 0, "init");
    (first.image, first.source) = (ImageRef::Own(init.clone()), Source::Snapshot);
    (first.credentials, first.creator, first.tty) = (Credentials::default(), None, String::new());
    Process { context, image: Some(own), ancestors: vec![(first, Some(init))] }
}

pub(super) fn key(pid: u32) -> ProcessKey {
    ProcessKey { boot: 0xb007, start: u64::from(pid) * 1000, pid }
}

pub(super) fn alice() -> Credentials {
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

pub(super) fn facts(inode: u64, mode: u32) -> FileFacts {
    FileFacts {
        inode,
        mode,
        uid: 1000,
        gid: 50,
        mtime: NOW - 60 * SECOND,
        ctime: NOW - 60 * SECOND + 1,
        mount_id: 29,
        filesystem: "ext4".into(),
        mount_path: "/".into(),
    }
}

pub(super) fn file(path: &str, inode: u64) -> File {
    let facts = Some(facts(inode, 0o100_644));
    File { path: path.to_owned(), facts, flags: file_flags::FROM_KERNEL, ..File::default() }
}

pub(super) fn unknown(path: &str) -> File {
    File { path: path.to_owned(), ..File::default() }
}

pub(super) fn image(path: &str, args: &[&str]) -> Arc<Image> {
    Arc::new(Image {
        executable: file(path, 1001),
        argv0: path.rsplit('/').next().unwrap().to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        envs: vec!["HOME".to_owned(), "LD_PRELOAD=/tmp/x.so".to_owned()],
        ..Image::default()
    })
}

pub(super) fn context(id: u64, pid: u32, parent: u32, comm: &str) -> Context {
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
pub(super) fn case(name: &'static str, kind: Kind, detail: Detail) -> Case {
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
        other: None,
    }
}

impl Case {
    pub(super) fn on(mut self, file: File) -> Self {
        self.event.file = Some(file);
        self
    }

    pub(super) fn to(mut self, file: File) -> Self {
        self.event.destination = Some(file.into());
        self
    }

    pub(super) fn returning(mut self, retval: i64) -> Self {
        self.event.retval = retval;
        self
    }

    pub(super) fn about(mut self, other: Process) -> Self {
        if let Some(place) = self.event.detail.other_mut() {
            *place = Some(other.context.id);
        }
        self.other = Some(other);
        self
    }

    pub(super) fn by(mut self, change: impl FnOnce(&mut Context)) -> Self {
        change(&mut self.context);
        self
    }
}

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = processes::cases();
    cases.extend(files::cases());
    cases.extend(mounts::cases());
    cases.extend(network::cases());
    cases.extend(kernel::cases());
    cases
}
