//! Facts of processes, and what is seen when calls begin.

use std::{collections::BTreeMap, fs, process::Command};

use abi::{PartTag, RecordKind, before_flags};
use recorder::{decode::Body, kernel::ProbeConfig};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process, test_kill_process};

use crate::harness::{record, record_as, text};

#[test]
fn a_fork_and_an_exit_are_in_the_same_cgroup() {
    let mut pid = 0;
    let Some(recorded) = record(|| {
        let mut child = Command::new("/bin/true").spawn().unwrap();
        pid = child.id();
        child.wait().unwrap();
    }) else {
        return;
    };
    let groups: Vec<_> = [RecordKind::Fork, RecordKind::Exec, RecordKind::Exit]
        .into_iter()
        .map(|kind| recorded.kind(kind).find(|record| record.header.tgid == pid).unwrap().header.cgroup)
        .collect();
    assert_ne!(groups[0], 0);
    assert!(groups.iter().all(|group| *group == groups[0]), "{groups:?}");
}

#[test]
fn a_name_set_through_proc_is_told_and_an_exec_s_is_not() {
    let mut child = Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let Some(recorded) = record(|| {
        fs::write(format!("/proc/{}/comm", child.id()), "a-name-that-is-too-long").unwrap_err();
        Command::new("/bin/true").status().unwrap();
    }) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    };
    // Only threads of the process itself may: the write was refused.
    let own = |record: &recorder::decode::Record<'_>| {
        record.header.tgid == child.id() || text(record, PartTag::Comm) == b"true"
    };
    assert_eq!(recorded.kind(RecordKind::Rename).filter(own).count(), 0);
    let Some(recorded) = record(|| {
        // The scenario runs in a thread; the leader's name is the process's.
        let before = fs::read("/proc/self/comm").unwrap();
        fs::write(format!("/proc/self/task/{}/comm", std::process::id()), "a-name-that-is-too-long").unwrap();
        fs::write(format!("/proc/self/task/{}/comm", std::process::id()), before).unwrap();
    }) else {
        return;
    };
    let own = recorded.kind(RecordKind::Rename).filter(|record| record.header.tgid == std::process::id());
    let names: Vec<_> = own.map(|record| text(&record, PartTag::Comm)).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], b"a-name-that-is-");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_signal_names_its_target_by_pid_and_start() {
    let mut child = Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let Some(recorded) = record(|| {
        test_kill_process(pid).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        child.wait().unwrap();
    }) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    };
    let exit = recorded.kind(RecordKind::Exit).find(|record| record.header.tgid == child.id()).unwrap();
    let sent: Vec<_> = recorded
        .calls(62)
        .iter()
        .map(|record| match record.body {
            Body::Signal(body) => body,
            other => panic!("{other:?}"),
        })
        .collect();
    let told: Vec<_> =
        sent.iter().map(|body| (body.signal, body.target_start, body.target_tgid, body.passed)).collect();
    let passed = child.id().cast_signed();
    assert_eq!(told, [(0, 0, 0, passed), (15, exit.header.start, child.id(), passed)]);
}

#[test]
fn what_splice_found_is_looked_at_only_if_asked_for() {
    for before in [true, false] {
        let config = ProbeConfig { own_tgid: 0, before, ..ProbeConfig::default() };
        let Some(recorded) = record_as(config, || {
            let (read, write) = rustix::pipe::pipe().unwrap();
            rustix::io::write(&write, b"abc").unwrap();
            let file = tempfile::tempfile().unwrap();
            let flags = rustix::pipe::SpliceFlags::empty();
            rustix::pipe::splice(&read, None, &file, None, 3, flags).unwrap();
        }) else {
            return;
        };
        let call = &recorded.calls(275)[0];
        let seen = call.before().unwrap();
        assert_eq!(seen.flags & before_flags::SEEN != 0, before);
        assert_ne!(seen.flags & before_flags::AFTER, 0);
        // PIPE_BUF_FLAG_CAN_MERGE.
        assert_eq!(seen.value, if before { 0x10_0000_0010 } else { 0x10_0000_0000 });
    }
}

#[test]
fn a_syscall_is_told_once_for_each_process() {
    let config = ProbeConfig { own_tgid: 0, first_uses: true, ..ProbeConfig::default() };
    let Some(recorded) = record_as(config, || {
        for _ in 0..10 {
            let _ = getppid();
            let _ = getpid();
        }
        Command::new("/bin/true").status().unwrap();
    }) else {
        return;
    };
    let mut uses: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for record in recorded.kind(RecordKind::FirstUse) {
        let Body::FirstUse(number) = record.body else { panic!("{:?}", record.body) };
        if record.header.tgid == std::process::id() {
            *uses.entry((record.header.tgid, number)).or_default() += 1;
        }
    }
    assert_eq!(uses.get(&(std::process::id(), 110)), Some(&1), "getppid");
    // Threads of the test program that race may tell one twice, never often.
    assert!(uses.values().all(|count| *count <= 2), "{uses:?}");
}
