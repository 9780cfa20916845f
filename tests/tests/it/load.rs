//! The pace that the recorder must hold.

use std::{
    fs,
    os::unix::net::UnixStream,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::{
    host::turn,
    recorder::{Recorder, ask, python},
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

/// Opens of a hundred files at [`RATE`] for [`SPAN`]: how many, and what the seconds were that it took.
fn opens(prefix: &Path) -> (u64, serde_json::Value) {
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
        &[Path::new(&RATE.to_string()), Path::new(&SPAN.to_string()), prefix],
    );
    (RATE / 100 * 100 * SPAN + 100, took)
}

#[test]
fn fifty_thousand_opens_a_second_are_recorded_or_counted_as_lost() {
    let Some(_turn) = turn("load") else { return };
    let recorder = Recorder::start(&[]);
    let prefix = recorder.scratch().join("load-");
    let (made, took) = opens(&prefix);
    // Before anything is asked: what an answer costs is another matter.
    let memory = peak_memory(recorder.pid());
    recorder.settle();
    let (found, lost) = (recorded(&recorder, &prefix), lost(&recorder));
    let after = peak_memory(recorder.pid());
    println!(
        "{made} opens in {took} s: {found} recorded, {lost} told as lost, peak memory {memory}, {after} after the questions"
    );
    // What was lost may have been others' too, so it can only be more than what lacks.
    assert!(found <= made && found + lost >= made, "{made} made, {found} recorded, {lost} told as lost");
    assert!(memory < MEMORY, "{memory} bytes");
}

/// Connections that ask all the time.
const READERS: usize = 64;
/// What they ask, the long ones too.
const QUESTIONS: [&str; 8] = [
    "/events?limit=1000",
    "/events?name=open&limit=100&order=asc",
    "/events?path=/tmp/**&limit=100",
    "/events?tid=4000000000",
    "/processes?limit=100",
    "/tree",
    "/timeline?buckets=60",
    "/stats",
];

#[test]
fn sixty_four_connections_that_ask_all_the_time_cost_no_event() {
    let Some(_turn) = turn("load") else { return };
    let recorder = Recorder::start(&[]);
    let prefix = recorder.scratch().join("load-");
    let (socket, over) = (recorder.socket(), AtomicBool::new(false));
    let (answered, busy, (made, took)) = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|number| {
                let (socket, over) = (&socket, &over);
                scope.spawn(move || {
                    let (mut answered, mut busy) = (0_u64, 0_u64);
                    for question in QUESTIONS.iter().cycle().skip(number) {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        let (status, body) = ask(UnixStream::connect(socket).unwrap(), question, "").unwrap();
                        match status {
                            200 => answered += 1,
                            429 => busy += 1,
                            _ => panic!("{question}: {status}: {body}"),
                        }
                    }
                    (answered, busy)
                })
            })
            .collect();
        let made = opens(&prefix);
        over.store(true, Ordering::Relaxed);
        let sums = readers.into_iter().map(|reader| reader.join().unwrap());
        let (answered, busy) = sums.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        (answered, busy, made)
    });
    recorder.settle();
    let (found, lost) = (recorded(&recorder, &prefix), lost(&recorder));
    println!(
        "{made} opens in {took} s beside {READERS} readers: {found} recorded, {lost} told as lost; {answered} questions answered, {busy} told to come again"
    );
    assert!(answered > 0);
    assert_eq!((found, lost), (made, 0), "events were lost");
}
