//! The pace that the recorder must hold.

use std::{fs, path::Path};

use crate::{
    host::turn,
    recorder::{Recorder, python},
};

/// Opens a second.
const RATE: u64 = 50_000;
/// For how long, in seconds.
const SPAN: u64 = 60;
/// The recorder's peak memory, bytes.
const MEMORY: u64 = 150_000_000;

/// `VmHWM` of /proc/PID/status, bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

/// How many times the files that begin with `prefix` were recorded.
fn recorded(recorder: &Recorder, prefix: &Path) -> u64 {
    let paths = recorder.get(&format!("/paths?prefix={}&limit=10000", prefix.display()));
    paths["paths"].as_array().unwrap().iter().map(|path| path["count"].as_u64().unwrap()).sum()
}

/// File events that gaps say were lost.
fn lost(recorder: &Recorder) -> u64 {
    let page = recorder.get("/events?since=-1h&limit=1&category=File Activity");
    page["gaps"].as_array().unwrap().iter().filter_map(|gap| gap["lost"].as_u64()).sum()
}

#[test]
fn fifty_thousand_opens_a_second_are_recorded_or_counted_as_lost() {
    let Some(_turn) = turn("load") else { return };
    let recorder = Recorder::start(&[]);
    let prefix = recorder.scratch().join("load-");
    let (_, took) = python(
        "
import os, sys, time
rate, span, prefix = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
names = [f'{prefix}{n}' for n in range(100)]
for name in names:
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
step = rate // 100
begin = time.monotonic()
for tick in range(span * 100):
    for n in range(step):
        os.close(os.open(names[n % 100], os.O_RDONLY))
    ahead = begin + (tick + 1) / 100 - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)
print(time.monotonic() - begin)
",
        &[Path::new(&RATE.to_string()), Path::new(&SPAN.to_string()), &prefix],
    );
    // Before anything is asked: what an answer costs is another matter.
    let memory = peak_memory(recorder.pid());
    recorder.settle();
    let made = RATE / 100 * 100 * SPAN + 100;
    let (found, lost) = (recorded(&recorder, &prefix), lost(&recorder));
    let after = peak_memory(recorder.pid());
    println!(
        "{made} opens in {took} s: {found} recorded, {lost} told as lost, peak memory {memory}, {after} after the questions"
    );
    // What was lost may have been others' too, so it can only be more than what lacks.
    assert!(found <= made && found + lost >= made, "{made} made, {found} recorded, {lost} told as lost");
    assert!(memory < MEMORY, "{memory} bytes");
}
