//! What a store that is written takes of memory at worst: a segment whose every event is of another file (a backup, a
//! search through all of a disk), and one of processes that do nothing but begin and end.
//!
//! Each is written, and then packed, in a process of its own, whose memory is told: `VmHWM` of /proc/PID/status.
//! `TACHO_EVENTS` (default 4,000,000) events each; the segment is closed where it would be by default.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use event::{
    Context, Credentials, Detail, Event, Exit, File, FileFacts, Image, ImageRef, Kind, ProcessKey, Source,
};
use store::{Batch, Options, Store, Writer};

/// Events of a batch.
const BATCH: u64 = 10_000;
/// Time of the first event.
const BEGIN: i64 = 1_790_000_000_000_000_000;
/// The boot of all of them.
const BOOT: u128 = 1 << 90;

fn main() {
    let events = std::env::var("TACHO_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000_000);
    if let Ok(part) = std::env::var("TACHO_PART") {
        let dir = PathBuf::from(std::env::var_os("TACHO_DIR").unwrap());
        match part.as_str() {
            "files" => write(&dir, events, files),
            "processes" => write(&dir, events, processes),
            _ => {
                let writer = Writer::open(&dir, options(true)).unwrap();
                writer.settle();
                writer.close().unwrap();
            }
        }
        let stats = Store::open(&dir).unwrap().stats();
        let (segments, bytes) = (stats.segments.len(), stats.bytes as f64 / stats.events as f64);
        println!(
            "peak memory {:.0} MB; {segments} segments, {bytes:.2} B an event",
            benches::peak_memory() as f64 / 1e6
        );
        return;
    }
    for kind in ["files", "processes"] {
        let made = tempfile::tempdir().unwrap();
        for part in [kind, "pack"] {
            let run = Command::new(std::env::current_exe().unwrap())
                .env("TACHO_PART", part)
                .env("TACHO_DIR", made.path())
                .output()
                .unwrap();
            let doing = if part == kind { "written" } else { "packed" };
            print!("{kind}, {doing}: {}", String::from_utf8_lossy(&run.stdout));
        }
    }
}

fn options(pack: bool) -> Options {
    Options { max_size: 1 << 40, boot: BOOT, pack, ..Options::default() }
}

fn write(dir: &Path, events: u64, batch: impl Fn(u64) -> Batch) {
    let mut writer = Writer::open(dir, options(false)).unwrap();
    for first in (0..events).step_by(usize::try_from(BATCH).unwrap()) {
        writer.append(&batch(first)).unwrap();
    }
    writer.close().unwrap();
}

fn time(event: u64) -> i64 {
    BEGIN + i64::try_from(event).unwrap() * 10_007
}

fn file(path: String, number: u64) -> File {
    let facts = FileFacts {
        inode: 100_000 + number,
        mode: 0o100_644,
        mtime: BEGIN - i64::try_from(number).unwrap() * 3_000_017,
        ctime: BEGIN - i64::try_from(number).unwrap() * 3_000_017,
        filesystem: "ext4".into(),
        ..FileFacts::default()
    };
    File { path, facts: Some(facts), ..File::default() }
}

fn event(number: u64, kind: Kind, context: u64, pid: u32, file: Option<File>) -> Event {
    Event {
        time: time(number),
        kind,
        context,
        tid: pid,
        retval: 3,
        flags: 0,
        file,
        destination: None,
        detail: Detail::None,
    }
}

fn context(id: u64, process: ProcessKey, lineage: Option<u64>, image: ImageRef) -> Arc<Context> {
    let since = BEGIN + i64::try_from(process.start).unwrap();
    Arc::new(Context {
        id,
        process,
        lineage,
        creator: lineage.map(|_| shell()),
        ppid: 900,
        since,
        fork_time: since,
        exec_time: since,
        comm: "sh".to_owned(),
        tty: String::new(),
        image,
        credentials: Credentials::default(),
        container: None,
        cgroup: String::new(),
        source: Source::Event,
        flags: 0,
    })
}

fn shell() -> ProcessKey {
    ProcessKey { boot: BOOT, start: 0, pid: 900 }
}

/// Who begins all others.
fn first() -> Arc<Context> {
    context(1, shell(), None, ImageRef::Own(image(0)))
}

fn image(number: u64) -> Arc<Image> {
    let args = vec!["-c".to_owned(), format!("step {number}")];
    Arc::new(Image {
        executable: file("/usr/bin/sh".to_owned(), 7),
        argv0: "sh".to_owned(),
        args,
        ..Image::default()
    })
}

/// Each event of another file.
fn files(begin: u64) -> Batch {
    let path = |number: u64| {
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("/srv/data/{:02x}/{:03x}/object-{hash:016x}.bin", number >> 15 & 0xff, number >> 6 & 0x1ff)
    };
    let open = |number| event(number, Kind::Open, 1, 900, Some(file(path(number), number)));
    let contexts = if begin == 0 { vec![first()] } else { Vec::new() };
    Batch { contexts, events: (begin..begin + BATCH).map(open).collect(), ..Batch::default() }
}

/// Each three events a process: it is forked, executes, ends.
fn processes(begin: u64) -> Batch {
    let mut batch = Batch::default();
    if begin == 0 {
        batch.contexts.push(first());
    }
    for number in begin..begin + BATCH {
        let (life, id) = (number / 3, 2 + number / 3 * 2);
        let pid = 1000 + u32::try_from(life % 4_000_000).unwrap();
        let process = ProcessKey { boot: BOOT, start: 1 + life * 30_021, pid };
        let (kind, id) = match number % 3 {
            0 => {
                batch.contexts.push(context(id, process, Some(1), ImageRef::Shared(1)));
                (Kind::Fork, id)
            }
            1 => {
                batch.contexts.push(context(id + 1, process, Some(id), ImageRef::Own(image(life))));
                (Kind::Exec, id + 1)
            }
            _ => {
                batch.exits.push(Exit { process, time: time(number), status: None });
                (Kind::Exit, id + 1)
            }
        };
        batch.events.push(event(number, kind, id, pid, None));
    }
    batch
}
