//! What recording costs: CPU an event, the slowest commits and whether they waited or worked, and what each table takes.
//!
//! `TACHO_STREAM=FILE` replays a recorded stream, `TACHO_ROUNDS` (default 5) times; figures are of the best round, commits
//! of all. `TACHO_SEGMENT=BYTES` sets the size of segments. `TACHO_GROUP=N` joins batches until each has N events at least, as a recorder does that commits each quarter of a
//! second whatever the rate is. `TACHO_PACK=0` leaves the packing out. Times of the thread alone: /proc/thread-self/schedstat.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use store::{Batch, Options, Writer, measure};

/// Commits slower than this are told one by one.
const SLOW: Duration = Duration::from_millis(50);

fn main() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<usize>().ok());
    let (batches, source) = benches::stream().unwrap();
    let batches = grouped(batches, number("TACHO_GROUP").unwrap_or(0));
    let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
    let contexts: usize = batches.iter().map(|batch| batch.contexts.len()).sum();
    println!("stream: {source}, {events} events and {contexts} contexts in {} batches", batches.len());
    let rounds = number("TACHO_ROUNDS").unwrap_or(5);
    let refs: Vec<&event::Context> =
        batches.iter().flat_map(|batch| &batch.contexts).map(|context| &**context).collect();
    for (size, level) in [(512, None), (512, Some(19)), (1024, Some(19)), (4096, Some(19))] {
        columns(&refs, size, level);
    }
    let mut best = f64::MAX;
    let mut commits = Vec::new();
    for round in 0..rounds {
        let dir = tempfile::tempdir().unwrap();
        let used = ingest(dir.path(), &batches, &mut commits, (round + 1 == rounds).then_some(events));
        best = best.min(used.as_secs_f64());
        if round + 1 == rounds && number("TACHO_PACK") != Some(0) {
            told_tables(dir.path(), events, "closed, not packed");
            let writer = Writer::open(dir.path(), Options::default()).unwrap();
            writer.settle();
            writer.close().unwrap();
            told_tables(dir.path(), events, "packed");
        }
    }
    println!(
        "ingest: {:.3} M events/s of CPU, {:.0} ns an event",
        events as f64 / best / 1e6,
        best * 1e9 / events as f64
    );
    commits.sort_unstable();
    let at = |percent: usize| commits[(commits.len() - 1) * percent / 100];
    println!(
        "commits: p50 {:.1?}, p99 {:.1?}, worst {:.1?} (of it CPU {:.1?})",
        at(50).0,
        at(99).0,
        at(100).0,
        at(100).1
    );
    let worked = commits.iter().map(|commit| commit.1).max().unwrap_or_default();
    println!("most CPU of a commit: {worked:.1?}");
}

/// Batches joined until each has so many events.
fn grouped(batches: Vec<Batch>, least: usize) -> Vec<Batch> {
    let mut out: Vec<Batch> = Vec::new();
    for batch in batches {
        match out.last_mut() {
            Some(last) if last.events.len() < least => {
                last.contexts.extend(batch.contexts);
                last.events.extend(batch.events);
                last.exits.extend(batch.exits);
                last.gaps.extend(batch.gaps);
                last.provenance.extend(batch.provenance);
            }
            _ => out.push(batch),
        }
    }
    out
}

/// What each column of contexts takes.
fn columns(contexts: &[&event::Context], size: usize, level: Option<i32>) {
    let mut sums: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for contexts in contexts.chunks(size) {
        for (name, unpacked, stored) in measure::context_columns(contexts, level) {
            let sum = sums.entry(name).or_default();
            *sum = (sum.0 + unpacked, sum.1 + stored);
        }
    }
    let each = |bytes: usize| bytes as f64 / contexts.len().max(1) as f64;
    let all: usize = sums.values().map(|sum| sum.1).sum();
    println!("chunks of {size} contexts, {level:?}: {:.2} bytes a context", each(all));
    let mut sums: Vec<_> = sums.into_iter().filter(|(_, (_, stored))| each(*stored) > 0.1).collect();
    sums.sort_by_key(|(_, (_, stored))| std::cmp::Reverse(*stored));
    for (name, (unpacked, stored)) in sums {
        println!("  {name:24} {:8.3} of {:8.3}", each(stored), unpacked as f64 / contexts.len() as f64);
    }
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// Replays the batches. `told`: their events, if what the files take is to be told before the last segment is closed.
fn ingest(
    dir: &Path,
    batches: &[Batch],
    commits: &mut Vec<(Duration, Duration)>,
    told: Option<usize>,
) -> Duration {
    let size = std::env::var("TACHO_SEGMENT").ok().and_then(|size| size.parse().ok());
    let options = Options { pack: false, ..Options::default() };
    let segment_size = size.unwrap_or(options.segment_size);
    let mut writer = Writer::open(dir, Options { segment_size, ..options }).unwrap();
    let mut used = Duration::ZERO;
    for batch in batches {
        let (begun, before) = (Instant::now(), cpu());
        let rotated = writer.append(batch).unwrap().rotated;
        let (wall, worked) = (begun.elapsed(), cpu().saturating_sub(before));
        used += worked;
        if wall > SLOW || rotated {
            let events = batch.events.len();
            println!("commit: {wall:.1?}, of it CPU {worked:.1?}, {events} events, new segment: {rotated}");
        }
        commits.push((wall, worked));
    }
    if let Some(events) = told {
        told_tables(dir, events, "while it is open");
    }
    writer.close().unwrap();
    used
}

fn told_tables(dir: &Path, events: usize, form: &str) {
    let mut sums: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    let (mut files, mut known, mut on_disk) = (0, 0, 0);
    for entry in std::fs::read_dir(dir.join("segments")).unwrap() {
        let path = entry.unwrap().path();
        let metadata = std::fs::metadata(&path).unwrap();
        files += metadata.len();
        on_disk += metadata.blocks() * 512;
        for table in measure::tables(&path).unwrap() {
            known += table.stored + table.around;
            let sum = sums.entry(table.name).or_default();
            *sum = (sum.0 + table.rows, sum.1 + table.stored, sum.2 + table.around);
        }
    }
    let each = |bytes: u64| bytes as f64 / events as f64;
    println!("{form}: {files} bytes, {:.2} an event ({:.2} of them on the disk)", each(files), each(on_disk));
    for (name, (rows, stored, around)) in sums {
        println!(
            "  {name:12} {rows:6} rows, {stored:9} bytes, {:6.3} an event; redb around it {:6.3}",
            each(stored),
            each(around)
        );
    }
    println!("  {:12} redb's own and free: {:.3} an event", "", each(files.saturating_sub(known)));
}
