//! Tests of the process table.

use std::collections::HashSet;

use super::*;

const BOOT: BootId = 7;

fn table() -> (ProcessTable, Output) {
    let mut table = ProcessTable::new(BOOT, 1);
    let mut out = Output::default();
    let entry = ProcEntry { pid: 10, start_ticks: 5, comm: "sh".to_owned(), ..ProcEntry::default() };
    table.begin(vec![entry], &HashSet::new(), Vec::new(), Clock::now(), &mut out);
    (table, out)
}

fn id(tgid: u32, start: u64) -> Identity {
    Identity { tgid, tid: tgid, start, ppid: 10, time: 1000 }
}

fn fork(creator: (u32, u64)) -> ForkFacts {
    ForkFacts { creator, comm: "sh".to_owned(), credentials: None, cgroup: None }
}

fn exec(path: &str) -> ExecFacts {
    let executable = event::File { path: path.to_owned(), ..event::File::default() };
    ExecFacts {
        image: Image { executable, ..Image::default() },
        comm: "x".to_owned(),
        tty: String::new(),
        credentials: None,
        cgroup: None,
        mount_namespace: 0,
    }
}

#[test]
fn a_child_leads_to_its_creator_and_shares_its_image_until_it_executes() {
    let (mut table, mut out) = table();
    let start = 5 * TICK + 3;
    let child = table.fork(id(11, 900_000_000), fork((10, start)), &mut out);
    let image = table.exec(id(11, 900_000_000), exec("/bin/x"), &mut out);
    assert_eq!(out.contexts.len(), 3, "the creator was known by its tick");
    assert_eq!(out.contexts[1].lineage, Some(out.contexts[0].id));
    assert_eq!(out.contexts[1].image, ImageRef::Shared(out.contexts[0].id));
    assert_eq!(out.contexts[2].lineage, Some(child));
    assert_eq!(out.contexts[2].flags & context_flags::EXEC_CHILD, 0);
    assert_eq!(table.acting(id(11, 900_000_000), &mut out).0, image);
    let again = table.exec(id(11, 900_000_000), exec("/bin/y"), &mut out);
    assert_eq!(out.contexts[3].id, again);
    assert_ne!(out.contexts[3].flags & context_flags::EXEC_CHILD, 0);
}

#[test]
fn a_moved_process_acts_in_a_new_state_with_its_container_and_leaves_it_behind_again() {
    let hex = "0123456789abcdef".repeat(4);
    let (mut table, mut out) = table();
    let child = table.fork(id(11, 900_000_000), fork((10, 5 * TICK)), &mut out);
    assert_eq!(table.regrouped(id(11, 900_000_000), format!("/docker/{hex}"), &mut out), Some(child));
    let moved = Arc::clone(out.contexts.last().unwrap());
    assert_eq!(table.acting(id(11, 900_000_000), &mut out).0, moved.id);
    assert_eq!(moved.container.as_ref().unwrap().id, hex);
    assert_eq!(moved.lineage, out.contexts[1].lineage);
    assert_ne!(moved.flags & context_flags::FORKED, 0);
    assert_eq!(table.regrouped(id(11, 900_000_000), format!("/docker/{hex}"), &mut out), Some(moved.id));
    assert_eq!(out.contexts.last().unwrap().id, moved.id, "nothing new begins");
    table.regrouped(id(11, 900_000_000), "/user.slice".to_owned(), &mut out);
    let back = Arc::clone(out.contexts.last().unwrap());
    assert_eq!((back.container.clone(), back.cgroup.as_str()), (None, "/user.slice"));
    assert_eq!(table.regrouped(id(12, 1), "/nobody".to_owned(), &mut out), None);
}

#[test]
fn a_child_may_begin_in_another_cgroup_than_its_creator() {
    let (mut table, mut out) = table();
    let apart = ForkFacts { cgroup: Some("/lxc/box".to_owned()), ..fork((10, 5 * TICK)) };
    table.fork(id(11, 900_000_000), apart, &mut out);
    table.fork(id(12, 900_000_001), fork((11, 900_000_000)), &mut out);
    assert!(out.contexts[1..].iter().all(|context| context.cgroup == "/lxc/box"));
}

#[test]
fn a_reused_pid_is_another_process_and_the_old_one_ends_unseen() {
    let (mut table, mut out) = table();
    table.fork(id(11, 900_000_000), fork((10, 5 * TICK)), &mut out);
    table.fork(id(11, 950_000_000), fork((10, 5 * TICK)), &mut out);
    assert_eq!(out.exits.len(), 1);
    assert_eq!((out.exits[0].process.start, out.exits[0].status), (900_000_000, None));
    assert_ne!(out.contexts[1].process, out.contexts[2].process);
}

#[test]
fn a_late_record_of_an_ended_process_keeps_its_context() {
    let (mut table, mut out) = table();
    let child = table.fork(id(11, 900_000_000), fork((10, 5 * TICK)), &mut out);
    assert_eq!(table.exit(id(11, 900_000_000), 0, &mut out), child);
    assert_eq!(table.acting(id(11, 900_000_000), &mut out).0, child);
    assert_eq!(table.counts().unknown, 0);
}

#[test]
fn a_process_that_nothing_introduced_is_said_to_be_unknown() {
    let (mut table, mut out) = table();
    let pid = u32::MAX - 1;
    let (context, _) = table.acting(id(pid, 1), &mut out);
    assert_eq!(out.contexts[1].id, context);
    assert_eq!(out.contexts[1].source, Source::Placeholder);
    assert_ne!(out.contexts[1].flags & context_flags::LINEAGE_UNKNOWN, 0);
    assert_eq!(out.exits.len(), 1, "nothing else would ever end it");
    table.acting(id(pid, 1), &mut out);
    assert_eq!(out.contexts.len(), 2, "one placeholder serves all its records");
}

#[test]
fn a_change_of_credentials_counts_from_the_next_record_on() {
    let (mut table, mut out) = table();
    let before = table.fork(id(11, 900_000_000), fork((10, 5 * TICK)), &mut out);
    let mut after = Credentials { uid: 1, euid: 1, ..Credentials::default() };
    assert_eq!(table.credentials(id(11, 900_000_000), &mut after, &mut out), before);
    let (now, _) = table.acting(id(11, 900_000_000), &mut out);
    assert_ne!(now, before);
    assert_eq!(out.contexts.last().map(|context| context.credentials.uid), Some(1));
}

#[test]
fn a_process_missing_twice_in_proc_has_ended() {
    let (mut table, mut out) = table();
    table.reconcile(1, |_| false, &mut out);
    assert!(out.exits.is_empty());
    table.reconcile(2, |_| false, &mut out);
    assert_eq!(out.exits.len(), 1);
    assert_eq!(table.counts().live, 0);
}

#[test]
fn a_restart_keeps_who_lives_on_and_ends_who_is_gone() {
    let (mut first, mut out) = table();
    first.fork(id(11, 90 * TICK + 1), fork((10, 5 * TICK)), &mut out);
    first.fork(id(12, 91 * TICK + 1), fork((10, 5 * TICK)), &mut out);
    let before = out.contexts.clone();
    let (mut second, mut again) = (ProcessTable::new(BOOT, 100), Output::default());
    let entry = |pid, start_ticks| ProcEntry { pid, start_ticks, ..ProcEntry::default() };
    // 12 is gone, and its pid went to another.
    let entries = vec![entry(10, 5), entry(11, 90), entry(12, 500)];
    second.begin(entries, &HashSet::new(), before.clone(), Clock::now(), &mut again);
    let of = |pid: u32| again.contexts.iter().find(|context| context.process.pid == pid).unwrap();
    assert_eq!(of(11).process, before[1].process);
    assert_eq!((of(11).creator, of(11).lineage), (before[1].creator, before[1].lineage));
    assert_eq!(of(12).process.start, 500 * TICK);
    assert_eq!(again.exits.len(), 1);
    assert_eq!((again.exits[0].process, again.exits[0].status), (before[2].process, None));
    let acting = second.acting(id(11, 90 * TICK + 1), &mut again).0;
    assert!(again.contexts.iter().any(|context| context.id == acting), "known by its exact start");
    assert_eq!(second.counts().unknown, 0);
}
