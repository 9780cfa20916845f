//! How fast a store is checked, beside reading its files and beside `sha256sum` of them, in the same run.
//!
//! `TACHO_EVENTS` (default 4,000,000) events of the stream of the other benchmarks, repeated, are written and packed. Cold means
//! that the system was asked to forget the files before.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use benches::repeat::Repeat;
use store::{Options, Verification, Writer, verify_with};

fn main() {
    let events: u64 = std::env::var("TACHO_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000_000);
    let dir = tempfile::tempdir().unwrap();
    build(dir.path(), events);
    let files = files(dir.path());
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    println!("{events} events, {} segments, {:.1} MB", files.len(), bytes as f64 / 1e6);
    for cold in [true, false] {
        for round in 0..2 {
            let told = |what: &str, (time, cpu): (Duration, f64)| {
                let state = if cold { "cold" } else { "warm" };
                let rate = bytes as f64 / 1e6 / time.as_secs_f64();
                println!("{state} {round}: {what:<28} {rate:>7.0} MB/s, {cpu:.2} s of CPU");
            };
            let prepare = || {
                if cold {
                    forget(&files);
                }
            };
            prepare();
            told("reading alone", timed(|| read(&files)));
            prepare();
            told("sha256sum", timed(|| sum(&files)));
            prepare();
            told("verify", timed(|| check(dir.path(), false)));
            prepare();
            told("verify --deep", timed(|| check(dir.path(), true)));
        }
    }
}

fn build(dir: &Path, events: u64) {
    let repeat = Repeat::new(benches::stream().unwrap().0);
    let mut writer = Writer::open(dir, Options { max_size: 1 << 40, ..Options::default() }).unwrap();
    for round in 0.. {
        for batch in repeat.round(round) {
            writer.append(&batch).unwrap();
        }
        if writer.next_event_id() > events {
            break;
        }
    }
    writer.close().unwrap();
    let writer = Writer::open(dir, Options { max_size: 1 << 40, ..Options::default() }).unwrap();
    writer.settle();
    writer.close().unwrap();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir.join("segments")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// `dd` can ask the system to forget a file, without being root.
fn forget(files: &[PathBuf]) {
    for file in files {
        File::open(file).unwrap().sync_all().unwrap();
        let input = format!("if={}", file.display());
        let done =
            Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status().unwrap();
        assert!(done.success());
    }
}

/// Wall time and CPU time, that of children included.
fn timed(work: impl FnOnce()) -> (Duration, f64) {
    let (begun, before) = (Instant::now(), cpu());
    work();
    (begun.elapsed(), cpu() - before)
}

/// Seconds of CPU of this process and its children (proc(5): fields 14 to 17 of stat, in hundredths).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..15].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn read(files: &[PathBuf]) {
    let mut chunk = vec![0; 1 << 20];
    for file in files {
        let mut file = File::open(file).unwrap();
        while file.read(&mut chunk).unwrap() > 0 {}
    }
}

fn sum(files: &[PathBuf]) {
    assert!(Command::new("sha256sum").args(files).output().unwrap().status.success());
}

fn check(dir: &Path, deep: bool) {
    let how = Verification { deep, ..Verification::default() };
    let report = verify_with(dir, &how, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.whole, "{report:?}");
}
