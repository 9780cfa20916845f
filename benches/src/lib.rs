//! What the benchmarks run over: a recorded stream, or one made up to be like a build of a C project.

pub mod repeat;

use std::fs::File;
use std::sync::Arc;

use event::{
    Context, Credentials, Detail, Event, Exit, File as EventFile, FileFacts, Image, ImageRef, Kind, Nanos,
    ProcessKey, Source, event_flags, file_flags,
};
use store::Batch;
use store::stream::StreamReader;

/// Variable that names a stream saved by `tacho record --save`.
pub const STREAM: &str = "TACHO_STREAM";
/// Events of the made-up stream.
pub const EVENTS: usize = 1_000_000;
/// Events of one of its batches: a group commit at 50,000 events a second.
pub const BATCH: usize = 12_500;

/// The stream to run over, and where it is from.
///
/// # Errors
/// If the recorded stream cannot be read.
pub fn stream() -> std::io::Result<(Vec<Batch>, String)> {
    match std::env::var(STREAM) {
        Ok(path) => Ok((StreamReader::new(File::open(&path)?)?.collect::<Result<_, _>>()?, path)),
        Err(_) => Ok((made_up(EVENTS), "made up".to_owned())),
    }
}

/// Peak of this process's resident memory in bytes: `VmHWM` of /proc/PID/status; 0 if it is not told.
#[must_use]
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Random numbers (splitmix64): the same in each run.
#[derive(Clone, Copy, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What a build does: compilers that are forked, run, look for headers in many places, and end.
struct Build {
    random: Random,
    now: Nanos,
    next_context: u64,
    next_pid: u32,
    headers: Vec<EventFile>,
    libraries: Vec<EventFile>,
    make: Arc<Context>,
    batch: Batch,
}

fn file(path: String, inode: u64, mtime: Nanos) -> EventFile {
    let facts = FileFacts {
        inode,
        mode: 0o100_644,
        mtime,
        ctime: mtime + 1_000_000,
        mount_id: 29,
        filesystem: "ext4".into(),
        ..FileFacts::default()
    };
    EventFile { path, facts: Some(facts), flags: file_flags::FROM_KERNEL, ..EventFile::default() }
}

fn image(path: &str, args: Vec<String>) -> Arc<Image> {
    Arc::new(Image {
        executable: file(path.to_owned(), 4711 + path.len() as u64, 1_700_000_000_000_000_000),
        argv0: path.to_owned(),
        args,
        envs: ["PATH", "HOME", "LANG", "PWD", "MAKEFLAGS", "SHLVL"].map(str::to_owned).to_vec(),
        ..Image::default()
    })
}

impl Build {
    fn new() -> Self {
        let start = 1_790_000_000_000_000_000;
        let mut random = Random(1);
        let mut files = |count: u64, place: &str, end: &str| -> Vec<EventFile> {
            (0..count)
                .map(|n| {
                    let path = format!("{place}/d{}/f{:x}{end}", random.below(40), random.below(1 << 40));
                    file(path, 100_000 + n * 7, start - i64::try_from(random.below(1 << 50)).unwrap_or(0))
                })
                .collect()
        };
        let headers = files(3000, "/home/u/src/project/include", ".h");
        let libraries = files(40, "/usr/lib/x86_64-linux-gnu", ".so.1");
        let make = Arc::new(Context {
            id: 1,
            process: ProcessKey { boot: 1 << 90, start: 1_000_000, pid: 900 },
            lineage: None,
            creator: None,
            ppid: 1,
            since: start,
            fork_time: start,
            exec_time: start,
            comm: "make".to_owned(),
            tty: "pts/0".to_owned(),
            image: ImageRef::Own(image("/usr/bin/make", vec!["-j8".to_owned()])),
            credentials: Credentials {
                user: "root".to_owned(),
                group: "root".to_owned(),
                ..Credentials::default()
            },
            container: None,
            cgroup: "/user.slice/user-1000.slice/session-2.scope".to_owned(),
            source: Source::Snapshot,
            flags: 0,
        });
        let batch = Batch { contexts: vec![Arc::clone(&make)], ..Batch::default() };
        Self { random, now: start, next_context: 2, next_pid: 1000, headers, libraries, make, batch }
    }

    fn push(&mut self, kind: Kind, context: &Context, retval: i64, file: Option<EventFile>, detail: Detail) {
        self.now += i64::try_from(2_000 + self.random.below(30_000)).unwrap_or(0);
        self.batch.events.push(Event {
            time: self.now,
            kind,
            context: context.id,
            tid: context.process.pid,
            retval,
            flags: if self.random.below(10_000) == 0 { event_flags::ASYNC } else { 0 },
            file,
            destination: None,
            detail,
        });
    }

    fn begin(&mut self, from: &Arc<Context>, exec: Option<Vec<String>>) -> Arc<Context> {
        let id = self.next_context;
        self.next_context += 1;
        let mut context = Context { id, lineage: Some(from.id), since: self.now, ..(**from).clone() };
        match exec {
            Some(args) => {
                "cc1".clone_into(&mut context.comm);
                context.exec_time = self.now;
                context.image = ImageRef::Own(image("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", args));
            }
            None => {
                self.next_pid = self.next_pid % 4_000_000 + 1;
                let start = u64::try_from(self.now - self.make.since).unwrap_or(0);
                context.process = ProcessKey { boot: self.make.process.boot, start, pid: self.next_pid };
                context.creator = Some(from.process);
                context.ppid = from.process.pid;
                context.image = ImageRef::Shared(from.id);
            }
        }
        let context = Arc::new(context);
        self.batch.contexts.push(Arc::clone(&context));
        context
    }

    /// One compiler's life: about 300 events.
    fn compile(&mut self, number: u64) {
        let make = Arc::clone(&self.make);
        let forked = self.begin(&make, None);
        self.push(Kind::Fork, &forked, 0, None, Detail::None);
        let source = format!("/home/u/src/project/drivers/d{}/part{number}.c", number % 97);
        let args = ["-O2", "-Iinclude", "-o", "-", &source].map(str::to_owned).to_vec();
        let compiler = self.begin(&forked, Some(args));
        let path = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1".to_owned();
        self.push(Kind::Exec, &compiler, 0, None, Detail::Exec { path });
        let open = |flags| Detail::Open { flags, mode: 0 };
        for library in 0..12 {
            let library = self.libraries[library].clone();
            self.push(Kind::Open, &compiler, 3, Some(library), open(0o2_000_000));
        }
        let made = file(source, 900_000 + number, 1_780_000_000_000_000_000);
        self.push(Kind::Open, &compiler, 3, Some(made), open(0o400));
        let first = usize::try_from(self.random.below(2700)).unwrap_or(0);
        for _ in 0..140 {
            let skew = usize::try_from(self.random.below(300)).unwrap_or(0);
            let header = self.headers[first + skew].clone();
            if self.random.below(2) == 0 {
                let path = header.path.replace("include", "arch/x86/include");
                let missing = EventFile { path, ..EventFile::default() };
                self.push(Kind::Open, &compiler, -2, Some(missing), open(0o400));
            }
            self.push(Kind::Open, &compiler, 4, Some(header), open(0o400));
        }
        let temporary = format!("/tmp/cc{:06x}.s", self.random.below(1 << 24));
        let mut output = file(temporary, 2_000_000 + number, self.now);
        output.flags |= file_flags::CREATED;
        self.push(
            Kind::Open,
            &compiler,
            4,
            Some(output.clone()),
            Detail::Open { flags: 0o1102, mode: 0o600 },
        );
        self.push(
            Kind::Chmod,
            &compiler,
            0,
            Some(output.clone()),
            Detail::Chmod { mode: 0o644, path: String::new() },
        );
        self.push(Kind::Unlink, &compiler, 0, Some(output), Detail::Unlink { flags: 0 });
        self.push(Kind::Exit, &compiler, 0, None, Detail::Exit { status: 0 });
        self.batch.exits.push(Exit { process: compiler.process, time: self.now, status: Some(0) });
    }
}

/// About so many events of a build, in batches as a recorder would commit them.
#[must_use]
pub fn made_up(events: usize) -> Vec<Batch> {
    let mut build = Build::new();
    let (mut batches, mut total, mut number) = (Vec::new(), 0, 0);
    while total < events {
        build.compile(number);
        number += 1;
        if build.batch.events.len() >= BATCH {
            total += build.batch.events.len();
            batches.push(std::mem::take(&mut build.batch));
        }
    }
    batches
}
