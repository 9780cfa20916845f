//! The pipeline over records made by hand.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicBool, mpsc::sync_channel},
    time::Duration,
};

use abi::{ALIGN, Class, Counters, ExitBody, ForkBody, Header, PartHeader, PartTag, RecordKind, SyscallBody};
use event::{Detail, GapReason, Kind, Outcome};
use store::Batch;
use zerocopy::IntoBytes as _;

use super::{Pipeline, Source};
use crate::{clock, process::ProcessTable, stats::Stats};

/// Rings filled beforehand.
#[derive(Default)]
struct Prepared {
    rings: [VecDeque<Vec<u8>>; Class::COUNT],
    counters: Counters,
}

impl Source for Prepared {
    fn wait(&mut self, _most: Duration) {}

    fn drain(&mut self, class: Class, most: usize, take: &mut dyn FnMut(&[u8])) -> usize {
        let ring = &mut self.rings[class as usize];
        let count = ring.len().min(most);
        ring.drain(..count).for_each(|record| take(&record));
        count
    }

    fn counters(&self) -> Vec<Counters> {
        vec![self.counters]
    }
}

const CHILD: u32 = u32::MAX - 5;
const START: u64 = 77_000_000_000;

fn header(kind: RecordKind, time: u64, seq: u64) -> Header {
    Header {
        time,
        start: START,
        seq,
        tgid: CHILD,
        tid: CHILD,
        kind: kind as u16,
        nr: u32::MAX,
        ..Header::default()
    }
}

fn part(record: &mut Vec<u8>, tag: PartTag, bytes: &[u8]) {
    let len = u16::try_from(bytes.len()).unwrap();
    record.extend(PartHeader { tag: tag as u8, flags: 0, len, reserved: 0 }.as_bytes());
    record.extend(bytes);
    record.resize(record.len().next_multiple_of(ALIGN), 0);
}

fn record(header: Header, body: &[u8]) -> Vec<u8> {
    [header.as_bytes(), body].concat()
}

fn failed_open(time: u64, seq: u64, path: &[u8], ret: i64) -> Vec<u8> {
    const OPENAT: u32 = 257;
    let header = Header { ret, nr: OPENAT, ..header(RecordKind::File, time, seq) };
    let mut bytes = record(header, SyscallBody { args: [0, 0, 0o2, 0, 0, 0] }.as_bytes());
    part(&mut bytes, PartTag::Base, b"");
    part(&mut bytes, PartTag::Arg, path);
    bytes
}

fn fork(time: u64, seq: u64) -> Vec<u8> {
    let pid = std::process::id();
    record(
        header(RecordKind::Fork, time, seq),
        ForkBody { creator_tgid: pid, ..ForkBody::default() }.as_bytes(),
    )
}

fn exit(time: u64, seq: u64, status: u32) -> Vec<u8> {
    record(header(RecordKind::Exit, time, seq), ExitBody { status, reserved: 0 }.as_bytes())
}

/// Runs what the rings hold to its end; returns everything that went to the store.
fn run(source: Prepared) -> Batch {
    let (sink, batches) = sync_channel(1024);
    let stats = Arc::new(Stats::default());
    let table = ProcessTable::new(1, 1);
    let pipeline = Pipeline::new(source, table, 0, Vec::new(), sink, stats, Duration::from_secs(1));
    pipeline.run(&AtomicBool::new(true));
    batches.into_iter().fold(Batch::default(), |mut all, batch| {
        all.contexts.extend(batch.contexts);
        all.events.extend(batch.events);
        all.exits.extend(batch.exits);
        all.gaps.extend(batch.gaps);
        all
    })
}

#[test]
fn records_of_different_rings_become_events_in_the_order_of_time() {
    let now = clock::since_boot();
    let mut source = Prepared::default();
    source.rings[Class::Process as usize].extend([fork(now + 1, 1), exit(now + 9, 2, 3 << 8)]);
    source.rings[Class::File as usize].push_back(failed_open(now + 5, 1, b"/etc//shadow", -13));
    let all = run(source);
    let kinds: Vec<Kind> = all.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::Fork, Kind::Open, Kind::Exit]);
    assert!(all.gaps.is_empty());
    let context = all.events[0].context;
    assert!(all.events.iter().all(|event| event.context == context), "one process, one context");
    let open = &all.events[1];
    assert_eq!(open.outcome(), Outcome::Refused);
    assert_eq!(open.file.as_ref().map(|file| file.path.as_str()), Some("/etc/shadow"));
    assert_eq!(open.detail, Detail::Open { flags: 0o2, mode: 0 });
    assert_eq!(all.exits.iter().filter(|exit| exit.process.pid == CHILD).count(), 1);
    assert_eq!(all.events[2].detail, Detail::Exit { status: 3 << 8 });
}

#[test]
fn holes_tail_losses_and_junk_are_gaps_with_exact_counts() {
    let now = clock::since_boot();
    let mut source = Prepared::default();
    let ring = &mut source.rings[Class::File as usize];
    ring.extend([failed_open(now, 1, b"/a", -2), failed_open(now + 1, 4, b"/b", -2), vec![1, 2, 3]]);
    source.counters =
        Counters { tried: [0, 9, 0, 0, 0], lost: [0, 7, 0, 0, 0], compat: 5, ..Counters::default() };
    let all = run(source);
    let lost = |reason| -> u64 {
        all.gaps.iter().filter(|gap| gap.reason == reason).filter_map(|gap| gap.lost).sum()
    };
    assert_eq!(lost(GapReason::RingFull), 7, "two in the hole, five after the last record");
    assert_eq!(lost(GapReason::Undecodable), 1);
    assert_eq!(lost(GapReason::Compat), 5);
    assert_eq!(all.events.len(), 2);
}

#[test]
fn a_syscall_that_this_release_does_not_know_is_counted_not_guessed() {
    let now = clock::since_boot();
    let mut source = Prepared::default();
    let header = Header { nr: 9999, ..header(RecordKind::File, now, 1) };
    source.rings[Class::File as usize].push_back(record(header, SyscallBody::default().as_bytes()));
    let all = run(source);
    assert!(all.events.is_empty());
    assert_eq!(
        all.gaps.iter().map(|gap| (gap.reason, gap.lost)).collect::<Vec<_>>(),
        [(GapReason::Undecodable, Some(1))]
    );
}

#[test]
fn a_record_that_cannot_be_read_is_counted_once() {
    let now = clock::since_boot();
    let mut source = Prepared::default();
    let mut broken = failed_open(now + 1, 2, b"/b", -2);
    broken.truncate(broken.len() - ALIGN);
    source.rings[Class::File as usize].extend([
        failed_open(now, 1, b"/a", -2),
        broken,
        failed_open(now + 2, 3, b"/c", -2),
    ]);
    let all = run(source);
    assert_eq!(
        all.gaps.iter().map(|gap| (gap.reason, gap.lost)).collect::<Vec<_>>(),
        [(GapReason::Undecodable, Some(1))]
    );
}

/// A host on which something happens all the time.
struct Endless(u64);

impl Source for Endless {
    fn wait(&mut self, _most: Duration) {}

    fn drain(&mut self, class: Class, _most: usize, take: &mut dyn FnMut(&[u8])) -> usize {
        if class != Class::File {
            return 0;
        }
        self.0 += 1;
        assert!(self.0 < 1000, "the pipeline does not end");
        take(&failed_open(clock::since_boot(), self.0, b"/a", -2));
        1
    }

    fn counters(&self) -> Vec<Counters> {
        Vec::new()
    }
}

#[test]
fn a_host_that_is_never_quiet_does_not_keep_the_recorder_from_ending() {
    let (sink, batches) = sync_channel(1024);
    let table = ProcessTable::new(1, 1);
    let stats = Arc::new(Stats::default());
    Pipeline::new(Endless(0), table, 0, Vec::new(), sink, stats, Duration::from_secs(1))
        .run(&AtomicBool::new(true));
    assert!(batches.into_iter().any(|batch| !batch.events.is_empty()));
}

#[test]
fn a_clock_that_is_set_leaves_a_gap_over_the_times_that_it_skipped_or_shows_again() {
    for (step, from, to) in [(400, 600, 1_000), (-400, 1_000, 1_400)] {
        let gap = super::stepped(1_000, step);
        assert_eq!((gap.from, gap.to, gap.lost, gap.reason), (from, to, Some(0), GapReason::ClockStep));
    }
}
