//! Bad days: killed, started twice, full.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    host::{turn, until},
    recorder::{Recorder, directory, python, record, run, signal, spawn, verb},
};

/// Bytes of the files of a directory.
fn size(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    // A segment may go while we look.
    files.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// An event without what is found out about its files after it: the next run of the same program adds to that.
fn as_committed(mut event: Value) -> Value {
    match &mut event {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("hash") && !name.starts_with("package_"));
            members.values_mut().for_each(|member| *member = as_committed(member.take()));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|one| *one = as_committed(one.take())),
        _ => {}
    }
    event
}

#[test]
fn what_was_committed_survives_a_kill_and_the_hole_is_told() {
    let Some(_turn) = turn("kill_9") else { return };
    let recorder = Recorder::start(&[]);
    let (before, _) = run("/bin/true", ["before"]);
    recorder.settle();
    let committed = |recorder: &Recorder| -> Vec<Value> {
        let events = recorder.events(&format!("pid={before}"));
        events.into_iter().map(as_committed).collect()
    };
    let seen = committed(&recorder);
    assert!(seen.len() >= 3, "{seen:?}");
    let recorder = Recorder::over(recorder.kill(), &[]);
    let (after, _) = run("/bin/true", ["after"]);
    recorder.settle();
    assert_eq!(committed(&recorder), seen);
    assert!(!recorder.events(&format!("pid={after}")).is_empty());
    let page = recorder.get("/events?since=-10m&limit=1");
    assert_eq!(page["complete"], false);
    let gaps = page["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["class"] == "all" && gap["lost"].is_null()), "{gaps:?}");

    let (status, dir) = recorder.stop();
    assert!(status.success(), "{status}");
    let output = verb("verify").arg("--store").arg(dir.path().join("store")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_second_recorder_is_refused_with_the_pid_of_the_first() {
    let Some(_turn) = turn("second_recorder") else { return };
    let recorder = Recorder::start(&[]);
    let mut second = record(recorder.store().parent().unwrap());
    let output = second.args(["--listen", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&recorder.pid().to_string()), "{error}");
    // The first one is unharmed, its socket too.
    recorder.settle();
}

#[test]
fn sigterm_ends_within_five_seconds_with_everything_committed() {
    let Some(_turn) = turn("sigterm") else { return };
    let recorder = Recorder::start(&[]);
    let (pid, _) = run("/bin/true", ["last"]);
    let begun = Instant::now();
    let (status, dir) = recorder.stop();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(status.success(), "{status}");
    let output = verb("events")
        .arg("--store")
        .arg(dir.path().join("store"))
        .args(["--pid", &pid.to_string(), "--name", "exit", "-o", "ndjson"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 1, "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_recorder_told_to_stop_while_it_starts_does() {
    let Some(_turn) = turn("early_sigterm") else { return };
    let dir = directory();
    let mut child = spawn(dir.path(), &[]);
    until("the store to appear", || dir.path().join("store").exists().then_some(()));
    signal(&child, Signal::TERM);
    until("the recorder to end", || child.try_wait().unwrap());
}

#[test]
fn the_store_stays_under_its_cap_and_says_what_it_let_go() {
    const CAP: u64 = 8 << 20;
    let Some(_turn) = turn("retention") else { return };
    let recorder = Recorder::start(&["--max-size", "8MiB", "--segment-size", "1MiB"]);
    let scratch = recorder.scratch();
    let (first, _) = run("/bin/true", ["first"]);
    recorder.settle();
    let evicted = || recorder.events(&format!("pid={first}")).is_empty();
    let mut largest = 0;
    for _ in 0..60 {
        // Names without a pattern, so that compression has little to gain.
        python(
            "
import os, sys
for number in range(20000):
    try:
        os.open(f'{sys.argv[1]}/{os.urandom(40).hex()}', os.O_RDONLY)
    except OSError:
        pass
",
            &[&scratch],
        );
        recorder.settle();
        largest = largest.max(size(&recorder.store()));
        if evicted() {
            break;
        }
    }
    assert!(evicted(), "nothing was let go; the store has {largest} bytes");
    assert!(largest <= CAP, "{largest} bytes");
    let page = recorder.get("/events?since=-1h&limit=1");
    assert_eq!(page["complete"], false, "{}", page["gaps"]);
}
