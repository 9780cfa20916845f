//! A segment's whole file with some bytes changed: each step of the input is a place (3 bytes), how many bytes (1 byte), and
//! the bytes; an odd first byte cuts the file off at the first place. redb may panic inside on such a file: that must be
//! caught in the store.
#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use event::{Context, Credentials, Detail, Event, Exit, File, ImageRef, Kind, ProcessKey, Source};
use libfuzzer_sys::fuzz_target;
use store::{Batch, Options, Writer};

/// A closed segment and a packed one.
static FILES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    // The fuzzer's own hook ends the process at any panic, caught or not.
    std::panic::set_hook(Box::new(|_| {}));
    [false, true].map(|pack| {
        let dir = scratch();
        let options = Options { boot: 7, pack, ..Options::default() };
        let mut writer = Writer::open(dir.path(), options.clone()).expect("a store");
        writer.append(&batch()).expect("room");
        writer.close().expect("room");
        Writer::open(dir.path(), options).expect("a store").settle();
        std::fs::read(dir.path().join("segments/000000000001.redb")).expect("a segment")
    })
});

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

fn batch() -> Batch {
    let context = |id: u64| {
        let parent = ProcessKey { boot: 7, start: 1, pid: 1 };
        Arc::new(Context {
            id,
            process: ProcessKey { start: id, pid: id as u32, ..parent },
            lineage: (id > 1).then(|| id - 1),
            creator: (id > 1).then_some(parent),
            ppid: 1,
            since: 5,
            fork_time: 5,
            exec_time: 0,
            comm: "a".to_owned(),
            tty: String::new(),
            image: ImageRef::Unknown,
            credentials: Credentials::default(),
            container: None,
            cgroup: "/".to_owned(),
            source: Source::Event,
            flags: 0,
        })
    };
    let event = |n: u64| Event {
        time: 10 + n as i64,
        kind: Kind::Open,
        context: n % 4 + 1,
        tid: 3,
        retval: 3,
        flags: 0,
        file: Some(File { path: format!("/etc/d{}/f{n}", n % 7), ..File::default() }),
        destination: None,
        detail: Detail::Open { flags: 0, mode: 0 },
    };
    let exit = Exit { process: context(2).process, time: 99, status: Some(0) };
    Batch {
        contexts: (1..=4).map(context).collect(),
        events: (0..200).map(event).collect(),
        exits: vec![exit],
        ..Batch::default()
    }
}

fn changed(whole: &[u8], mut steps: &[u8], cut: bool) -> Vec<u8> {
    let mut file = whole.to_vec();
    let mut first = cut;
    while let [a, b, c, count, rest @ ..] = steps {
        let at = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let at = at % file.len().max(1);
        if std::mem::take(&mut first) {
            file.truncate(at);
        }
        let count = usize::from(*count).min(rest.len()).min(file.len().saturating_sub(at));
        file[at..at + count].copy_from_slice(&rest[..count]);
        steps = &rest[count.max(1).min(rest.len())..];
    }
    file
}

fn ask(dir: &Path, file: &[u8]) {
    let path = dir.join("000000000001.redb");
    std::fs::write(&path, file).expect("room");
    store::fuzzing::segment(&path);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((head, steps)) = bytes.split_first() else { return };
    let file = changed(&FILES[usize::from(head >> 1 & 1)], steps, head & 1 == 1);
    thread_local!(static DIR: tempfile::TempDir = scratch());
    DIR.with(|dir| ask(dir.path(), &file));
});
