//! The command line.

use std::process::{Command, Output};

use crate::{
    host::turn,
    recorder::{Recorder, directory, record, run, verb},
};

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_recorded_command_gives_its_exit_status() {
    let Some(_turn) = turn("record_command") else { return };
    let dir = directory();
    let output = record(dir.path())
        .args(["--listen", "127.0.0.1:0", "--", "/bin/sh", "-c", "/bin/true child; exit 7"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    let store = dir.path().join("store");
    let events =
        verb("events").arg("--store").arg(&store).args(["--name", "exec", "-o", "ndjson"]).output().unwrap();
    assert!(text(&events).contains("\"child\""), "{}", text(&events));
    let tree = verb("tree").arg("--store").arg(&store).args(["--comm", "sh"]).output().unwrap();
    assert!(text(&tree).contains("status 7"), "{}", text(&tree));
}

#[test]
fn read_verbs_use_the_socket_and_exit_statuses_tell_wrong_usage_from_failure() {
    let Some(_turn) = turn("read_verbs") else { return };
    let recorder = Recorder::start(&[]);
    let (pid, _) = run("/bin/true", ["one", "two words"]);
    recorder.settle();
    let on_socket = |name: &str, args: &[&str]| {
        let mut command: Command = verb(name);
        command.args(args).arg("--socket").arg(recorder.socket()).output().unwrap()
    };
    let pid = pid.to_string();

    let table = on_socket("events", &["--pid", &pid]);
    assert!(table.status.success(), "{}", text(&table));
    let table = text(&table);
    assert!(table.contains("one 'two words'") && table.contains("status 0"), "{table}");
    let rows: Vec<_> = table.lines().filter(|line| line.contains("fork") || line.contains("exit")).collect();
    assert!(rows[0].contains("fork") && rows.last().unwrap().contains("exit"), "newest last: {table}");

    let tree = on_socket("tree", &["--pid", &pid]);
    assert!(text(&tree).contains(&pid) && tree.status.success(), "{}", text(&tree));
    let stats = on_socket("stats", &[]);
    assert!(stats.status.success(), "{}", text(&stats));

    assert_eq!(on_socket("events", &["--name", "bogus"]).status.code(), Some(2));
    assert_eq!(on_socket("events", &["--pid", "x"]).status.code(), Some(2));
    assert_eq!(on_socket("events", &["--bogus"]).status.code(), Some(2));
    let nobody = verb("events").args(["--socket", "/nonexistent/sock"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody).contains("tacho record"), "{}", text(&nobody));
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let Some(_turn) = turn("broken_pipe") else { return };
    let recorder = Recorder::start(&[]);
    recorder.settle();
    let tacho = crate::host::tacho();
    let script =
        "\"$0\" events --limit 1000 --socket \"$1\" -o json | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}";
    let socket = recorder.socket();
    let (_, output) = run("bash", ["-c", script, tacho.to_str().unwrap(), socket.to_str().unwrap()]);
    assert_eq!(text(&output).trim(), "0");
}

#[test]
fn schemas_are_printed_and_unknown_ones_refused() {
    for version in ["v1", "v5"] {
        let output = verb("schema").arg(version).output().unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(schema.is_object());
    }
    assert_eq!(verb("schema").arg("v6").output().unwrap().status.code(), Some(2));
}

#[test]
fn the_doctor_names_every_probe() {
    let Some(_turn) = turn("doctor") else { return };
    let output = verb("doctor").output().unwrap();
    let text = text(&output);
    for name in ["sched_process_fork", "sched_process_exec", "sys_exit", "openat"] {
        assert!(text.contains(name), "{name} is missing in:\n{text}");
    }
}
