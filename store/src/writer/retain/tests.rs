//! Age and free room, with a clock that jumps and a disk that others fill.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event::{Detail, Event, Kind, Nanos};

use super::super::host::{Host, Space};
use super::Retainer;
use crate::faults::Operation;
use crate::{Batch, Options, Writer};

const HOUR: Nanos = 3_600_000_000_000;
/// A moment of 2026.
const START: Nanos = 1_780_000_000_000_000_000;

#[derive(Clone, Copy, Debug)]
struct State {
    wall: Nanos,
    boot: Duration,
    space: Space,
}

#[derive(Clone, Debug)]
struct MadeUp(Arc<Mutex<State>>);

impl MadeUp {
    fn new() -> Self {
        let space = Space { total: 1 << 30, free: 1 << 29 };
        Self(Arc::new(Mutex::new(State { wall: START, boot: Duration::from_secs(100), space })))
    }

    /// Time passes, on both clocks.
    fn pass(&self, time: Duration) {
        let mut state = self.0.lock().unwrap();
        state.boot += time;
        state.wall += Nanos::try_from(time.as_nanos()).unwrap();
    }

    /// Somebody sets the clock.
    fn set(&self, wall: Nanos) {
        self.0.lock().unwrap().wall = wall;
    }

    fn wall(&self) -> Nanos {
        self.0.lock().unwrap().wall
    }
}

impl Host for MadeUp {
    fn wall(&self) -> Nanos {
        Self::wall(self)
    }

    fn since_boot(&self) -> Duration {
        self.0.lock().unwrap().boot
    }

    fn space(&self, _: &Path) -> Option<Space> {
        Some(self.0.lock().unwrap().space)
    }
}

fn writer(dir: &Path, host: &MadeUp, options: Options) -> Writer {
    let mut writer = Writer::open(dir, Options { boot: 7, pack: false, ..options }).unwrap();
    writer.retainer = Retainer::new(Arc::new(host.clone()));
    writer
}

/// One event of the present.
fn batch(host: &MadeUp) -> Batch {
    let event = Event {
        time: host.wall(),
        kind: Kind::Open,
        context: 0,
        tid: 1,
        retval: 0,
        flags: 0,
        file: None,
        destination: None,
        detail: Detail::Open { flags: 0, mode: 0 },
    };
    Batch { events: vec![event], ..Batch::default() }
}

/// One segment with one event.
fn segment(writer: &mut Writer, host: &MadeUp) {
    writer.append(&batch(host)).unwrap();
    writer.rotate().unwrap();
}

fn numbers(writer: &Writer) -> Vec<u64> {
    writer.reader().stats().segments.iter().map(|segment| segment.number).collect()
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn aged() -> Options {
    Options { max_age: Some(Duration::from_hours(2)), ..Options::default() }
}

#[test]
fn what_is_too_old_goes_and_the_rest_stays() {
    let (dir, host) = (dir(), MadeUp::new());
    let mut writer = writer(dir.path(), &host, aged());
    for _ in 0..6 {
        segment(&mut writer, &host);
        host.pass(Duration::from_mins(30));
    }
    // The sixth is of two and a half hours after the first.
    assert_eq!(numbers(&writer), [1, 2, 3, 4, 5, 6]);
    segment(&mut writer, &host);
    assert_eq!(numbers(&writer), [2, 3, 4, 5, 6, 7]);
    let stats = writer.reader().stats();
    assert_eq!(stats.retention.unwrap().removed_for_age, 1);
    assert_eq!(stats.gaps, 1);
}

#[test]
fn a_clock_that_jumps_a_year_ahead_makes_nothing_old() {
    let (dir, host) = (dir(), MadeUp::new());
    let mut writer = writer(dir.path(), &host, aged());
    for _ in 0..4 {
        segment(&mut writer, &host);
    }
    host.set(START + 365 * 24 * HOUR);
    for _ in 0..4 {
        host.pass(Duration::from_mins(1));
        segment(&mut writer, &host);
    }
    assert_eq!(numbers(&writer), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_writer_that_begins_with_a_clock_a_year_ahead_loses_one_segment_a_pause() {
    let (dir, host) = (dir(), MadeUp::new());
    let mut first = writer(dir.path(), &host, aged());
    for _ in 0..8 {
        segment(&mut first, &host);
    }
    first.close().unwrap();
    host.set(START + 365 * 24 * HOUR);
    let mut second = writer(dir.path(), &host, aged());
    for _ in 0..20 {
        segment(&mut second, &host);
    }
    assert_eq!(numbers(&second)[0], 2, "one at once");
    host.pass(Duration::from_secs(15));
    segment(&mut second, &host);
    assert_eq!(numbers(&second)[0], 3, "one a pause");
    // The clock is set right, and recording goes on: nothing more is lost.
    host.set(START + HOUR);
    for _ in 0..9 {
        host.pass(Duration::from_mins(1));
        segment(&mut second, &host);
    }
    assert_eq!(numbers(&second)[0], 3);
}

#[test]
fn a_clock_that_is_set_back_and_forth_costs_nothing() {
    let (dir, host) = (dir(), MadeUp::new());
    let mut writer = writer(dir.path(), &host, aged());
    for step in [0, -5, 3, -400, 800, 1, -1, 90_000, 0] {
        host.set(START + step * HOUR);
        host.pass(Duration::from_mins(1));
        segment(&mut writer, &host);
    }
    assert_eq!(numbers(&writer).len(), 9);
}

#[test]
fn room_is_left_on_the_file_system_but_others_cannot_empty_the_store() {
    let (dir, host) = (dir(), MadeUp::new());
    let options = Options { min_free: 1 << 30, max_size: 64 << 20, ..Options::default() };
    let mut writer = writer(dir.path(), &host, options);
    for _ in 0..12 {
        segment(&mut writer, &host);
    }
    assert_eq!(numbers(&writer).len(), 12);
    let bytes = writer.reader().stats().bytes;
    {
        // A small file system; the store has more than a quarter of it.
        let mut state = host.0.lock().unwrap();
        state.space = Space { total: bytes * 3 / 2, free: bytes * 3 / 20 - 1 };
    }
    segment(&mut writer, &host);
    // One for what is missing, and one for the new segment.
    let after = numbers(&writer)[0];
    assert!((2..=3).contains(&after), "{after}");
    segment(&mut writer, &host);
    assert!(
        numbers(&writer)[0] <= after + 1,
        "one for one, also if the file system is slow to give back the room"
    );
    host.0.lock().unwrap().space.free = 0;
    for _ in 0..60 {
        host.pass(Duration::from_secs(3));
        segment(&mut writer, &host);
    }
    let stats = writer.reader().stats();
    assert!(stats.bytes >= bytes * 3 / 8, "{} of {bytes}", stats.bytes);
    assert!(stats.retention.unwrap().removed_for_free > 10);
}

/// Refuses what it is about, with an error number, while it is told to.
#[derive(Debug)]
struct Refusing {
    on: AtomicBool,
    what: fn(&Path, &Operation<'_>) -> bool,
    error: i32,
}

impl Refusing {
    fn new(what: fn(&Path, &Operation<'_>) -> bool, error: i32) -> Arc<Self> {
        Arc::new(Self { on: AtomicBool::new(false), what, error })
    }
}

impl crate::faults::Watch for Refusing {
    fn before(&self, path: &Path, operation: Operation<'_>) -> std::io::Result<()> {
        if self.on.load(Relaxed) && (self.what)(path, &operation) {
            return Err(std::io::Error::from_raw_os_error(self.error));
        }
        Ok(())
    }
}

#[test]
fn a_file_that_could_not_be_deleted_counts_until_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let host = MadeUp::new();
    let stuck = Refusing::new(
        |path, operation| path.ends_with("000000000001.redb") && matches!(operation, Operation::Remove),
        1,
    );
    let age = Some(Duration::from_hours(1));
    let options = Options { max_age: age, watch: Some(stuck.clone()), ..Options::default() };
    let mut writer = writer(dir.path(), &host, options);
    segment(&mut writer, &host);
    host.pass(Duration::from_hours(2));
    segment(&mut writer, &host);
    let files = || std::fs::read_dir(dir.path().join("segments")).unwrap().count();
    let before = files();
    stuck.on.store(true, Relaxed);
    host.pass(Duration::from_mins(1));
    segment(&mut writer, &host);
    assert!(!numbers(&writer).contains(&1), "an old segment is not answered from, whatever its file does");
    assert!(files() > before, "its file is still there");
    assert!(writer.retainer.undeleted.bytes() > 0);
    stuck.on.store(false, Relaxed);
    segment(&mut writer, &host);
    assert_eq!(writer.retainer.undeleted.bytes(), 0);
    assert!(!dir.path().join("segments/000000000001.redb").exists());
}

#[test]
fn the_newest_segment_stays_until_the_next_has_begun_so_that_ids_are_given_out_once() {
    let dir = tempfile::tempdir().unwrap();
    let host = MadeUp::new();
    let broken = Refusing::new(|_, operation| matches!(operation, Operation::Create), 5);
    // So small that nothing but the open segment may stay.
    let options = Options { max_size: 4096, watch: Some(broken.clone()), ..Options::default() };
    let mut first = writer(dir.path(), &host, options.clone());
    segment(&mut first, &host);
    let next = first.next_event_id();
    broken.on.store(true, Relaxed);
    first.append(&batch(&host)).unwrap_err();
    drop(first);
    broken.on.store(false, Relaxed);
    let mut second = writer(dir.path(), &host, options);
    assert_eq!(second.next_event_id(), next);
    assert_eq!(second.append(&batch(&host)).unwrap().first_event, next);
    assert_eq!(numbers(&second), [2]);
    let lost: Vec<_> = second.reader().gaps(None, None, &[]).iter().map(|gap| gap.lost).collect();
    assert_eq!(lost, [Some(1)]);
}
