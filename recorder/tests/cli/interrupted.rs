//! Long work that Ctrl-C ends, and that is gone on with. So that it is met in the midst of its work, it is held by what it
//! writes to: a terminal that was stopped, a pipe that nobody reads.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
};

use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{Action, tcflow},
};
use serde_json::Value;
use store::{Query, Store, stream::StreamWriter};

use crate::{
    terminal::{shown, terminal},
    world::{BEGIN, SECOND, World, both, opens, tacho},
};

/// A field of a file in `/proc` that has lines of `Name: value`.
fn field(file: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// Sends SIGINT, and waits until the process has taken note of it.
fn interrupt(child: &mut Child) {
    let process = Path::new("/proc").join(child.id().to_string());
    let pid = Pid::from_child(child);
    let mut see = |what: &dyn Fn() -> Option<bool>| {
        while !what().unwrap_or(false) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
            thread::yield_now();
        }
    };
    let caught = |signal: Signal| {
        let mask = u64::from_str_radix(&field(&process.join("status"), "SigCgt")?, 16).ok()?;
        Some(mask >> (signal.as_raw() - 1) & 1 == 1)
    };
    see(&|| Some(caught(Signal::INT)? && caught(Signal::TERM)?));
    let waiter = || {
        let threads = fs::read_dir(process.join("task")).ok()?;
        let is_it = |thread: &std::path::PathBuf| {
            fs::read_to_string(thread.join("comm")).is_ok_and(|name| name.trim() == "tacho-signals")
        };
        threads.filter_map(|thread| Some(thread.ok()?.path())).find(is_it)
    };
    let sleeps = || Some(field(&waiter()?.join("status"), "State")?.starts_with('S'));
    let woken = || field(&waiter()?.join("status"), "voluntary_ctxt_switches")?.parse::<u64>().ok();
    see(&sleeps);
    let before = woken().unwrap();
    kill_process(pid, Signal::INT).unwrap();
    see(&|| Some(woken()? > before && sleeps()?));
}

/// Runs a command and interrupts it at the first sign of progress. What it said, and what the terminal showed.
fn interrupted(mut command: Command) -> (Output, String) {
    let (master, slave) = terminal(200);
    tcflow(&slave, Action::OOff).unwrap();
    command.env("TERM", "xterm").stderr(slave.try_clone().unwrap()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(command);
    interrupt(&mut child);
    tcflow(&slave, Action::OOn).unwrap();
    drop(slave);
    let reader = shown(master);
    let output = child.wait_with_output().unwrap();
    (output, String::from_utf8(reader.join().unwrap()).unwrap())
}

/// There was a bar, and it was taken away.
fn assert_bar(shown: &str) {
    assert!(shown.contains("\r[") && shown.contains(" % of "), "{shown:?}");
    assert!(shown.contains("\r\u{1b}[K"), "{shown:?}");
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A world of many segments.
fn segments() -> World {
    let world = World::new();
    for _ in 0..20 {
        world.append(&|id| opens(id, 1));
    }
    world
}

#[test]
fn a_check_that_is_interrupted_goes_on_and_finds_the_same() {
    let world = segments();
    let report = |output: &Output| serde_json::from_slice::<Value>(&output.stdout).unwrap();
    let verify = |args: &[&str]| {
        let mut command = world.verb("verify");
        command.args(["--deep", "--json"]).args(args);
        command
    };
    let (first, bar) = interrupted(verify(&[]));
    assert_eq!(first.status.code(), Some(1), "{}", both(&first));
    assert_bar(&bar);
    let first = report(&first);
    assert_eq!((&first["interrupted"], &first["whole"]), (&Value::Bool(true), &Value::Bool(false)));
    let next = first["next"].to_string();
    let second = verify(&["--from-segment", &next]).output().unwrap();
    assert!(second.status.success(), "{}", both(&second));
    let whole = verify(&[]).output().unwrap();
    assert!(whole.status.success());
    let segments = |report: &Value| report["segments"].as_array().unwrap().clone();
    let joined = [segments(&first), segments(&report(&second))].concat();
    assert_eq!(joined, segments(&report(&whole)));
    assert_eq!(joined.len(), 21);
    // For people, it is said in words.
    let mut command = world.verb("verify");
    command.arg("--deep");
    let (output, _) = interrupted(command);
    assert!(said(&output).contains("go on with --from-segment "), "{}", both(&output));
}

#[test]
fn a_migration_that_is_interrupted_goes_on_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("segments");
    fs::create_dir(&to).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/fixtures/v1/store");
    for file in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        if file.to_str().unwrap().ends_with(".redb.zst") {
            let bytes = zstd::decode_all(File::open(&file).unwrap()).unwrap();
            fs::write(to.join(file.file_stem().unwrap()), bytes).unwrap();
        }
    }
    let answers = || {
        let store = Store::open(dir.path()).unwrap();
        let page = store.events(&Query { limit: 100_000, ..Query::default() }).unwrap();
        page.events.into_iter().map(|found| (found.id, found.event)).collect::<Vec<_>>()
    };
    let before = answers();
    assert!(before.len() > 100);
    let migrate = || {
        let mut command = tacho();
        command.arg("migrate").arg("--json").arg("--store").arg(dir.path());
        command
    };
    let (first, bar) = interrupted(migrate());
    assert_eq!(first.status.code(), Some(1), "{}", both(&first));
    assert_bar(&bar);
    let first: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(first["interrupted"], true);
    assert_eq!(answers(), before);
    let second = migrate().output().unwrap();
    assert!(second.status.success(), "{}", both(&second));
    let second: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(second["interrupted"], false);
    assert_eq!(first["done"].as_u64().unwrap() + second["done"].as_u64().unwrap(), 4);
    assert_eq!(answers(), before);
    let mut verify = tacho();
    assert!(verify.arg("verify").arg("--store").arg(dir.path()).output().unwrap().status.success());
}

#[test]
fn a_replay_that_is_interrupted_goes_on_to_the_same_store() {
    let dir = tempfile::tempdir().unwrap();
    let stream = dir.path().join("stream");
    let mut writer = StreamWriter::new(File::create(&stream).unwrap()).unwrap();
    for id in 1..=200 {
        writer.write(&opens(id, 20)).unwrap();
    }
    writer.finish().unwrap();
    let replay = |store: &str, args: &[&str]| {
        let mut command = tacho();
        command.arg("replay").arg(&stream).arg("--store").arg(dir.path().join(store)).args(args);
        command
    };
    let answers = |store: &str| {
        let store = Store::open(&dir.path().join(store)).unwrap();
        let page = store.events(&Query { limit: 100_000, ..Query::default() }).unwrap();
        let told = |found: store::Found| (found.id, found.event, found.context);
        page.events.into_iter().map(told).collect::<Vec<_>>()
    };
    let whole = replay("whole", &[]).output().unwrap();
    assert!(whole.status.success(), "{}", both(&whole));
    let (first, bar) = interrupted(replay("parts", &[]));
    assert_eq!(first.status.code(), Some(1), "{}", both(&first));
    assert_bar(&bar);
    let told = said(&first);
    let (_, batch) = told.split_once("--from-batch ").unwrap_or_else(|| panic!("{told}"));
    let (part, all) = (answers("parts"), answers("whole"));
    assert!(part.len() < all.len(), "{told}");
    let second = replay("parts", &["--from-batch", batch.trim()]).output().unwrap();
    assert!(second.status.success(), "{}", both(&second));
    assert_eq!(answers("parts"), all);
    let wrong = replay("empty", &["--from-batch", "9"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(1), "{}", both(&wrong));
}

#[test]
fn an_export_that_is_interrupted_goes_on_behind_its_last_event() {
    let world = World::new();
    world.append(&|id| opens(id, 10_000));
    let until = event::render::Date(BEGIN + 100_000 * SECOND).to_string();
    let export = |args: &[&str]| {
        let mut command = world.verb("events");
        command.args(["--all", "-o", "ndjson", "--until", &until]).args(args);
        command
    };
    let mut child = export(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It is held by its pipe: the first page does not fit.
    let mut first_byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut first_byte).unwrap();
    interrupt(&mut child);
    let first = child.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(1), "{}", String::from_utf8_lossy(&first.stderr));
    let told = String::from_utf8(first.stderr).unwrap();
    assert!(told.contains("interrupted"), "{told}");
    let (_, rest) = told.split_once("--cursor ").unwrap_or_else(|| panic!("{told}"));
    let second = export(&["--cursor", rest.split_whitespace().next().unwrap()]).output().unwrap();
    assert!(second.status.success(), "{}", both(&second));
    let whole = export(&[]).output().unwrap().stdout;
    assert!(first.stdout.len() + 1 < whole.len());
    assert!([&first_byte[..], &first.stdout, &second.stdout].concat() == whole);
}
