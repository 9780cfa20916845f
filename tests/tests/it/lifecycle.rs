//! Processes: none is missed, and each knows where it came from.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    host::{skip, turn},
    recorder::{Recorder, python, run},
};

/// Forks (of processes and threads) since boot.
fn forks() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    stat.lines().find_map(|line| line.strip_prefix("processes ")).unwrap().trim().parse().unwrap()
}

fn name(event: &Value) -> &str {
    event["evt"]["name"].as_str().unwrap()
}

fn only(recorder: &Recorder, pid: &Value) -> Value {
    let found = recorder.get(&format!("/processes?pid={pid}"));
    let found = found["processes"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn two_thousand_short_lived_processes_are_all_recorded() {
    const COUNT: usize = 2_000;
    let Some(_turn) = turn("two_thousand_short_lived_processes") else { return };
    let recorder = Recorder::start(&[]);
    let before = forks();
    let script = format!("i=0; while [ $i -lt {COUNT} ]; do /bin/true $i; i=$((i+1)); done");
    let (shell, _) = run("/bin/sh", ["-c", &script]);
    let delta = forks() - before;
    recorder.settle();

    let events = recorder.events(&format!("pid={shell}&descendants=true&name=fork,exec,exit"));
    let of = |wanted: &str| {
        events
            .iter()
            .filter(|event| name(event) == wanted && event["process"]["pid"] != shell)
            .map(|event| event["process"]["pid"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("fork").len(), COUNT);
    assert_eq!(of("exec").len(), COUNT);
    assert_eq!(of("exit").len(), COUNT);
    let numbers: BTreeSet<usize> = events
        .iter()
        .filter(|event| name(event) == "exec" && event["process"]["pid"] != shell)
        .map(|event| event["process"]["args"][0].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (0..COUNT).collect());
    // The shell itself was one as well; whatever else ran on the host makes the delta larger, never smaller.
    assert!(delta > u64::try_from(COUNT).unwrap(), "{delta}");

    let children = recorder.get(&format!("/processes?ppid={shell}&limit=10000"));
    let children = children["processes"].as_array().unwrap();
    assert_eq!(children.len(), COUNT);
    let ids: BTreeSet<&str> = children.iter().map(|child| child["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), COUNT);
    assert!(children.iter().all(|child| child["exit"]["cause"] == "EXITED" && child["exit"]["code"] == 0));
}

#[test]
fn the_lineage_of_a_daemon_survives_reparenting() {
    let Some(_turn) = turn("reparenting") else { return };
    let recorder = Recorder::start(&[]);
    let (_, pids) = python(
        "
import json, os, sys, time
r, w = os.pipe()
child = os.fork()
if child == 0:
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent:
            time.sleep(0.001)
        open(sys.argv[1], 'w').close()
        os.write(w, str(os.getpid()).encode())
        os._exit(7)
    os._exit(0)
os.close(w)
os.waitpid(child, 0)
print(json.dumps([os.getpid(), child, int(os.read(r, 20))]))
# The end of the pipe is the end of the daemon.
os.read(r, 1)
",
        &[&recorder.scratch().join("daemon")],
    );
    recorder.settle();
    let [script, child, daemon] = [0, 1, 2].map(|index| only(&recorder, &pids[index]));
    assert_eq!(daemon["parent_id"], child["id"]);
    assert_eq!(child["parent_id"], script["id"]);
    assert_eq!(daemon["exit"]["code"], 7);
    let events = recorder.events(&format!("pid={}&name=open&path=**/daemon", pids[2]));
    let ancestors = events[0]["process"]["ancestors"].as_array().unwrap();
    let lineage: Vec<_> = ancestors.iter().take(2).map(|ancestor| ancestor["pid"].clone()).collect();
    assert_eq!(lineage, [pids[1].clone(), pids[0].clone()]);
}

#[test]
fn an_exec_from_another_thread_belongs_to_the_process() {
    let Some(_turn) = turn("exec_from_thread") else { return };
    let recorder = Recorder::start(&[]);
    let (pid, _) = python(
        "
import os, threading
threading.Thread(target=lambda: os.execv('/bin/true', ['true', 'from-thread'])).start()
threading.Event().wait()
",
        &[],
    );
    recorder.settle();
    let process = only(&recorder, &pid.into());
    let images = process["images"].as_array().unwrap();
    assert_eq!(images.last().unwrap()["args"][0], "from-thread", "{images:?}");
    assert_eq!(process["exit"]["code"], 0);
    let events = recorder.events(&format!("pid={pid}&name=fork,exec,exit"));
    let names: Vec<_> = events.iter().map(name).collect();
    assert_eq!(names, ["fork", "exec", "exec", "exit"]);
}

#[test]
fn two_processes_of_one_pid_stay_apart() {
    let Some(_turn) = turn("pid_reuse") else { return };
    if !fs::exists("/proc/sys/kernel/ns_last_pid").unwrap() {
        skip("pid_reuse", "this kernel has no ns_last_pid");
        return;
    }
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (_, pid) = python(
        "
import json, os, sys
def child(path):
    pid = os.fork()
    if pid == 0:
        open(path, 'w').close()
        os._exit(0)
    os.waitpid(pid, 0)
    return pid
# Others fork too: try until nobody came between.
for attempt in range(1000):
    first = child(f'{sys.argv[1]}/first-{attempt}')
    with open('/proc/sys/kernel/ns_last_pid', 'w') as last:
        last.write(str(first - 1))
    if child(f'{sys.argv[1]}/second-{attempt}') == first:
        print(json.dumps([first, attempt]))
        break
",
        &[&scratch],
    );
    assert!(pid.is_array(), "no pid was reused in 1000 attempts");
    recorder.settle();
    let opened = |which: &str| {
        let path = format!("{}/{which}-{}", scratch.display(), pid[1]);
        let events = recorder.events(&format!("pid={}&name=open&path={path}", pid[0]));
        assert_eq!(events.len(), 1, "{events:?}");
        events[0]["tacho"]["process_id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (opened("first"), opened("second"));
    assert_ne!(first, second);
    for id in [first, second] {
        let events = recorder.events(&format!("process={id}&name=fork,open,exit&path=**"));
        assert!(events.iter().all(|event| event["tacho"]["process_id"] == id.as_str()));
        let process = recorder.get(&format!("/processes/{id}"));
        let process = if process["process"].is_object() { &process["process"] } else { &process };
        assert_eq!(process["pid"], pid[0]);
        assert_eq!(process["exit"]["code"], 0);
    }
}
