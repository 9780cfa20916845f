//! Made-up activity of a made-up host: deterministic by its seed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use event::{
    Class, Container, Context, Credentials, Detail, Dns, Event, Exit, File, FileFacts, Flow, Gap, GapReason,
    Image, ImageRef, Kind, Mount, ProcessKey, SocketAddress, Source,
};
use store::Batch;

/// Random numbers (splitmix64).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

pub const PATHS: [&str; 10] = [
    "/etc/passwd",
    "/etc/ssh/sshd_config",
    "/usr/bin/cc",
    "/usr/bin/make",
    "/home/u/a.c",
    "/home/u/b/a.c",
    "/home/u/b/\u{fc}.h",
    "/tmp/x",
    "/",
    "",
];

/// The host.
pub struct Host {
    pub random: Random,
    pub boot: u128,
    /// The wall clock, which may be set.
    pub now: i64,
    /// The time since the boot.
    uptime: u64,
    pub next_context: u64,
    alive: Vec<Arc<Context>>,
    next_pid: u32,
    batch: Batch,
}

impl Host {
    pub fn new(seed: u64) -> Self {
        Self::booted(seed, 7, 1_000_000, 1)
    }

    /// A host that was booted just now, and whose first context gets this id.
    pub fn booted(seed: u64, boot: u128, now: i64, next_context: u64) -> Self {
        let mut host = Self {
            random: Random(seed),
            boot,
            now,
            uptime: now as u64,
            next_context,
            alive: Vec::new(),
            next_pid: 1,
            batch: Batch::default(),
        };
        host.fork(None);
        host
    }

    /// What happened since the last batch.
    pub fn take(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }

    /// The recorder begins anew: it knows nobody.
    pub fn restart(&mut self) {
        self.alive.clear();
        self.fork(None);
    }

    /// Time passes, and nothing happens.
    pub fn pass(&mut self, nanos: u64) {
        self.now += nanos as i64;
        self.uptime += nanos;
    }

    /// Nanoseconds since the boot.
    pub fn uptime(&self) -> u64 {
        self.uptime
    }

    /// A process that is alive.
    pub fn somebody(&self) -> Option<ProcessKey> {
        self.alive.first().map(|context| context.process)
    }

    pub fn step(&mut self) {
        let passed = 1 + self.random.below(50);
        self.now += passed as i64;
        self.uptime += passed;
        match self.random.below(20) {
            0 | 1 => {
                let parent = self.random.pick(&self.alive).clone();
                self.fork(Some(&parent));
            }
            2 | 3 => self.exec(),
            4 => self.exit(),
            5 => self.setuid(),
            6 => self.connect(),
            8 => self.signal(),
            9 => self.mount(),
            10 => self.packet(),
            7 => self.batch.gaps.push(Gap {
                from: self.now - 5,
                to: self.now,
                class: *self.random.pick(&[Class::File, Class::Process, Class::All]),
                lost: Some(self.random.below(9)),
                reason: GapReason::RingFull,
            }),
            _ => self.file(),
        }
    }

    fn add(&mut self, context: Context) -> Arc<Context> {
        let context = Arc::new(context);
        self.next_context += 1;
        self.batch.contexts.push(Arc::clone(&context));
        self.alive.retain(|other| other.process != context.process);
        self.alive.push(Arc::clone(&context));
        context
    }

    fn event(&mut self, kind: Kind, context: &Context, detail: Detail) -> &mut Event {
        // Events of different rings overtake each other a little.
        let late = if kind.number() < 20 { 0 } else { self.random.below(3) as i64 };
        let retval = *self.random.pick(&[0, 3, -2, -13, -1]);
        self.batch.events.push(Event {
            time: self.now - late,
            kind,
            context: context.id,
            tid: context.process.pid + self.random.below(2) as u32,
            retval,
            flags: u32::from(self.random.below(9) == 0),
            file: None,
            destination: None,
            detail,
        });
        self.batch.events.last_mut().unwrap()
    }

    fn fork(&mut self, parent: Option<&Arc<Context>>) {
        let pid = self.next_pid;
        self.next_pid = self.next_pid % 9 + 1; // Pids are used again soon.
        if self.alive.iter().any(|other| other.process.pid == pid) {
            return;
        }
        let process = ProcessKey { boot: self.boot, start: self.uptime * 10, pid };
        let container =
            (self.random.below(2) == 0).then(|| Container { id: "c0ffee".to_owned(), created_at: 5 });
        let context = self.add(Context {
            id: self.next_context,
            process,
            lineage: parent.map(|parent| parent.id),
            creator: parent.map(|parent| parent.process),
            ppid: parent.map_or(0, |parent| parent.process.pid),
            since: self.now,
            fork_time: self.now,
            exec_time: 0,
            comm: parent.map_or("init".to_owned(), |parent| parent.comm.clone()),
            tty: String::new(),
            image: parent.map_or(ImageRef::Unknown, |parent| match parent.image {
                ImageRef::Own(_) => ImageRef::Shared(parent.id),
                ref other => other.clone(),
            }),
            credentials: parent.map_or_else(Credentials::default, |parent| parent.credentials.clone()),
            container,
            cgroup: "/a".to_owned(),
            source: Source::Event,
            flags: 1,
        });
        self.event(Kind::Fork, &context, Detail::None);
    }

    fn exec(&mut self) {
        let old = self.random.pick(&self.alive).clone();
        let path = (*self.random.pick(&PATHS[2..4])).to_owned();
        let image = Image {
            executable: File { path: path.clone(), ..File::default() },
            argv0: path.clone(),
            args: vec!["-c".to_owned(), "x".repeat(self.random.below(50) as usize)],
            ..Image::default()
        };
        let context = self.add(Context {
            id: self.next_context,
            lineage: Some(old.id),
            since: self.now,
            exec_time: self.now,
            comm: path.rsplit('/').next().unwrap().to_owned(),
            image: ImageRef::Own(Arc::new(image)),
            flags: 0,
            ..(*old).clone()
        });
        self.event(Kind::Exec, &context, Detail::Exec { path });
    }

    fn setuid(&mut self) {
        let old = self.random.pick(&self.alive).clone();
        let uid = self.random.below(3) as u32 * 500;
        let credentials = Credentials { uid, user: format!("u{uid}"), ..old.credentials.clone() };
        self.event(Kind::Setuid, &old, Detail::Credentials(Box::new(credentials.clone())));
        self.add(Context {
            id: self.next_context,
            since: self.now,
            credentials,
            image: match old.image {
                ImageRef::Own(_) => ImageRef::Shared(old.id),
                ref other => other.clone(),
            },
            ..(*old).clone()
        });
    }

    fn exit(&mut self) {
        if self.alive.len() < 2 {
            return;
        }
        let place = 1 + self.random.below(self.alive.len() as u64 - 1) as usize;
        let context = self.alive.remove(place);
        self.event(Kind::Exit, &context, Detail::Exit { status: 256 });
        self.batch.exits.push(Exit { process: context.process, time: self.now, status: Some(256) });
    }

    fn some_file(&mut self) -> File {
        let path = (*self.random.pick(&PATHS)).to_owned();
        let facts = (self.random.below(4) > 0).then(|| FileFacts {
            inode: path.len() as u64 * 1000,
            mode: 0o100_644,
            mtime: 5 + self.random.below(3) as i64,
            ctime: 9,
            filesystem: "ext4".into(),
            mount_path: (*self.random.pick(&["", "/", "/home"])).into(),
            ..FileFacts::default()
        });
        let odd = self.random.below(10) == 0;
        File {
            path,
            raw: odd.then(|| vec![0xff, 0x2f]),
            error: odd.then(|| "lost".to_owned()),
            facts,
            flags: 1,
            ..File::default()
        }
    }

    fn file(&mut self) {
        let context = self.random.pick(&self.alive).clone();
        let (file, destination) = (self.some_file(), self.some_file());
        match self.random.below(4) {
            0 => {
                let event = self.event(Kind::Rename, &context, Detail::Rename { flags: 0 });
                event.file = Some(file);
                event.destination = Some(destination.into());
            }
            1 => {
                let path = file.path.clone();
                self.event(Kind::Chmod, &context, Detail::Chmod { mode: 0o600, path }).file = Some(file);
            }
            _ => {
                let flags = self.random.below(3) as u32;
                self.event(Kind::Open, &context, Detail::Open { flags, mode: 0 }).file = Some(file);
            }
        }
    }

    /// To a process that may have ended meanwhile.
    fn signal(&mut self) {
        let context = self.random.pick(&self.alive).clone();
        let last = (self.next_context - 1).max(1);
        let target = last - self.random.below(last.min(40));
        let detail = if self.random.below(2) == 0 {
            Detail::Signal { signal: 9, pid: 1, target: Some(target) }
        } else {
            Detail::Ptrace { request: 16, address: 0, pid: 1, tracee: Some(target) }
        };
        let kind = if matches!(detail, Detail::Signal { .. }) { Kind::Signal } else { Kind::Ptrace };
        self.event(kind, &context, detail);
    }

    fn mount(&mut self) {
        let context = self.random.pick(&self.alive).clone();
        let (mountpoint, root) = (self.some_file(), self.some_file());
        let file = mountpoint.clone();
        let mount = Mount { mountpoint, root, mount_id: 7, ..Mount::default() };
        self.event(Kind::Mount, &context, Detail::Mount(Box::new(mount))).file = Some(file);
    }

    fn packet(&mut self) {
        let context = self.random.pick(&self.alive).clone();
        let flow = Flow {
            source: (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), 80 + self.random.below(3) as u16),
            destination: (IpAddr::V4(Ipv4Addr::new(10, 0, 0, self.random.below(3) as u8)), 53),
            protocol: 17,
            size: 60,
            netns: 1,
            ifindex: 2,
            ifname: "eth0".to_owned(),
        };
        let dns = Dns { id: 5, name: "a.example".to_owned(), kind: 1, class: 1, size: 40, count: 1, flow };
        self.event(Kind::Dns, &context, Detail::Dns(Box::new(dns)));
    }

    fn connect(&mut self) {
        let context = self.random.pick(&self.alive).clone();
        let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, self.random.below(3) as u8));
        let port = 80 + self.random.below(2) as u16;
        let address = SocketAddress {
            family: 2,
            kind: 1,
            ip: Some(ip),
            port,
            local: Some((IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), 4000)),
            ..SocketAddress::default()
        };
        let kind = *self.random.pick(&[Kind::Bind, Kind::Connect, Kind::Accept]);
        self.event(kind, &context, Detail::Socket(address.into()));
    }
}

/// A directory that needs no disk, if there is one.
pub fn dir() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}
