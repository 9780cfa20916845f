//! Files that fail, and power cuts at every moment: what was acknowledged is there, what was refused is not.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event::{Context, Credentials, Detail, Event, File, ImageRef, Kind, ProcessKey, Source};

use crate::segment::backend::{Operation, Watch};
use crate::{AppendError, Batch, Options, Query, Store, Writer, verify};

/// The one state of a process of which nothing else is known; its id is its start and its pid.
pub(crate) fn context(id: u64) -> Context {
    Context {
        id,
        process: ProcessKey { boot: 7, start: id, pid: u32::try_from(id).unwrap() },
        lineage: None,
        creator: None,
        ppid: 1,
        since: 1,
        fork_time: 1,
        exec_time: 0,
        comm: "a".to_owned(),
        tty: String::new(),
        image: ImageRef::Unknown,
        credentials: Credentials::default(),
        container: None,
        cgroup: String::new(),
        source: Source::Event,
        flags: 0,
    }
}

fn batch(first: u64, count: u64) -> Batch {
    let context = context(first);
    let events = (0..count).map(|place| Event {
        time: 1,
        kind: Kind::Open,
        context: first,
        tid: 1,
        retval: 3,
        flags: 0,
        file: Some(File {
            path: format!(
                "/{}/{}",
                first.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                place.wrapping_mul(0x94d0_49bb_1331_11eb)
            ),
            ..File::default()
        }),
        destination: None,
        detail: Detail::Open { flags: 0, mode: 0 },
    });
    Batch { contexts: vec![Arc::new(context)], events: events.collect(), ..Batch::default() }
}

fn options() -> Options {
    Options { boot: 7, pack: false, segment_age: Duration::from_hours(1), ..Options::default() }
}

/// Lets so many operations through, then the disk is full.
#[derive(Debug)]
struct Filling(AtomicI64);

impl Watch for Filling {
    fn before(&self, _: &Path, operation: Operation<'_>) -> io::Result<()> {
        if matches!(operation, Operation::Sync) || self.0.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

#[test]
fn a_full_disk_refuses_whole_batches_and_loses_nothing() {
    for allowed in (0..60).step_by(3) {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let disk = Arc::new(Filling(AtomicI64::new(i64::MAX)));
        let mut writer =
            Writer::open(dir.path(), Options { watch: Some(Arc::clone(&disk) as _), ..options() }).unwrap();
        let mut accepted = 0;
        writer.append(&batch(1, 50)).unwrap();
        disk.0.store(allowed, Ordering::Relaxed);
        let mut refused = None;
        for number in 2..12 {
            match writer.append(&batch(number, 50)) {
                Ok(_) => accepted += 1,
                Err(AppendError::Full { .. } | AppendError::Io { .. }) => {
                    refused = Some(number);
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        let visible = writer.reader().stats().events;
        if let Some(number) = refused {
            assert_eq!(visible, (1 + accepted) * 50);
            assert!(writer.append(&batch(number, 50)).is_err(), "still full");
            disk.0.store(i64::MAX, Ordering::Relaxed);
            let appended = writer.append(&batch(number, 50)).unwrap();
            assert_eq!(appended.first_event, (1 + accepted) * 50 + 1);
            writer.append(&batch(number + 1, 50)).unwrap();
            accepted += 2;
        }
        assert_eq!(writer.reader().stats().events, (1 + accepted) * 50);
        writer.close().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let all = store.events(&Query { limit: 10_000, ..Query::default() }).unwrap();
        let ids: Vec<u64> = all.events.iter().map(|found| found.id).collect();
        assert_eq!(ids, (1..=(1 + accepted) * 50).collect::<Vec<_>>());
        assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
    }
}

enum Done {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    Rename(PathBuf),
    /// So many events were acknowledged.
    Acknowledged(u64),
}

/// Remembers everything that was done to every file.
#[derive(Default)]
struct Log(Mutex<Vec<(PathBuf, Done)>>);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    fn add(&self, path: &Path, done: Done) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), done));
    }
}

impl Watch for Log {
    fn before(&self, path: &Path, operation: Operation<'_>) -> io::Result<()> {
        let done = match operation {
            Operation::Write(offset, data) => Done::Write(offset, data.to_vec()),
            Operation::SetLen(len) => Done::SetLen(len),
            Operation::Sync => Done::Sync,
            Operation::Rename(to) => Done::Rename(to.to_owned()),
            _ => return Ok(()),
        };
        self.add(path, done);
        Ok(())
    }
}

fn apply(file: &mut Vec<u8>, done: &Done) {
    match done {
        Done::Write(offset, data) => {
            let start = usize::try_from(*offset).unwrap();
            if file.len() < start + data.len() {
                file.resize(start + data.len(), 0);
            }
            file[start..start + data.len()].copy_from_slice(data);
        }
        Done::SetLen(len) => file.resize(usize::try_from(*len).unwrap(), 0),
        Done::Sync | Done::Rename(_) | Done::Acknowledged(_) => {}
    }
}

/// At each operation the power is cut: what was synced is there, of the rest of that file only a part.
#[test]
fn a_power_cut_at_any_moment_costs_nothing_acknowledged() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let log = Arc::new(Log::default());
    let mut writer =
        Writer::open(dir.path(), Options { watch: Some(Arc::clone(&log) as _), ..options() }).unwrap();
    let mut events = 0;
    for number in 1..9 {
        let count = [1, 40, 3, 300][usize::try_from(number).unwrap() % 4];
        writer.append(&batch(number, count)).unwrap();
        events += count;
        log.add(Path::new(""), Done::Acknowledged(events));
        if number == 5 {
            writer.rotate().unwrap();
        }
    }
    drop(writer);
    let log = std::mem::take(&mut *log.0.lock().unwrap());

    let mut durable: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut floating: Vec<(usize, PathBuf)> = Vec::new();
    let mut names: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    let mut acknowledged = 0;
    let mut random = 1_u64;
    for (at, (path, done)) in log.iter().enumerate() {
        match done {
            Done::Acknowledged(events) => acknowledged = *events,
            Done::Rename(to) => {
                names.insert(path.clone(), to.clone());
            }
            Done::Sync => {
                let file = durable.entry(path.clone()).or_default();
                for (at, _) in floating.iter().filter(|(_, other)| other == path) {
                    apply(file, &log[*at].1);
                }
                floating.retain(|(_, other)| other != path);
            }
            _ => floating.push((at, path.clone())),
        }
        let interesting = matches!(done, Done::Sync | Done::Acknowledged(_)) || at % 7 == 0;
        if !interesting {
            continue;
        }
        let mut files = durable.clone();
        for (at, path) in &floating {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if random >> 63 == 0 {
                apply(files.entry(path.clone()).or_default(), &log[*at].1);
            }
        }
        let copy = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let segments = copy.path().join("segments");
        std::fs::create_dir(&segments).unwrap();
        for (path, bytes) in &files {
            let path = names.get(path).unwrap_or(path);
            std::fs::write(segments.join(path.file_name().unwrap()), bytes).unwrap();
        }
        let whole = |store: &Store, step: &str| {
            let all = store.events(&Query { limit: 10_000, ..Query::default() }).unwrap();
            let ids: Vec<u64> = all.events.iter().map(|found| found.id).collect();
            assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "{step} after operation {at}");
            assert!(
                ids.len() as u64 >= acknowledged,
                "{step}: {} of {acknowledged} after operation {at}",
                ids.len()
            );
        };
        whole(&Store::open(copy.path()).unwrap(), "reading");
        let writer = Writer::open(copy.path(), options()).unwrap();
        whole(&writer.reader(), "recovering");
        drop(writer);
    }
}

#[test]
fn a_segment_is_closed_with_so_many_contexts_of_its_own() {
    use crate::limits::SEGMENT_CONTEXTS;

    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    let each = SEGMENT_CONTEXTS / 2;
    // None of these ends, so that each segment begins with all that were before: they do not count.
    let mut rotated = Vec::new();
    for first in (0..7).map(|batch| 1 + batch * each) {
        let contexts = (first..first + each).map(|id| Arc::new(context(id))).collect();
        rotated.push(writer.append(&Batch { contexts, ..Batch::default() }).unwrap().rotated);
    }
    assert_eq!(rotated, [true, false, true, false, true, false, true]);
    writer.close().unwrap();
    assert_eq!(Store::open(dir.path()).unwrap().stats().segments.len(), 4);
}
