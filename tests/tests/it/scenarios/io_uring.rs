//! Requests through `io_uring`: each leaves the event of the syscall that does the same, marked as asynchronous.

use std::fs;

use serde_json::Value;

use super::harness::{Scenario, run};
use crate::host::until;

const RING: &str = include_str!("io_uring.py");

/// The kinds of event that these requests become.
const KINDS: [&str; 10] =
    ["open", "mkdir", "rmdir", "link", "rename", "unlink", "setxattr", "bind", "connect", "accept"];

/// Runs a script with rings; `None` where this kernel has none.
fn rings(test: &str, script: &str) -> Option<Scenario> {
    let disabled = fs::read_to_string("/proc/sys/kernel/io_uring_disabled");
    if !disabled.is_ok_and(|text| text.trim() == "0") {
        eprintln!("skipped: this kernel has no io_uring, or does not allow it");
        return None;
    }
    let mut scenario = run(test, &format!("{RING}\n{script}"), false)?;
    scenario.events.retain(|event| event["evt"]["async"] == Value::Bool(true));
    Some(scenario)
}

fn check(test: &str, script: &str) {
    let Some(scenario) = rings(test, script) else { return };
    scenario.compare(&KINDS);
}

#[test]
fn requests_that_complete_at_once_leave_the_events_of_their_syscalls() {
    check("io_uring_inline", "every(Ring(), 0, 'inline')");
}

#[test]
fn requests_that_workers_complete_are_told_of_the_thread_that_submitted_them() {
    check("io_uring_workers", "every(Ring(), SQE_ASYNC, 'worker')");
}

#[test]
fn requests_that_the_kernel_polls_for_are_told_of_the_process_that_owns_the_ring() {
    check("io_uring_sqpoll", "every(Ring(SETUP_SQPOLL), 0, 'polled')");
}

#[test]
fn sockets_are_bound_connected_and_accepted_through_rings() {
    let script = "
for number, (setup, flags) in enumerate([(0, 0), (0, SQE_ASYNC), (SETUP_SQPOLL, 0)]):
    network(Ring(setup), flags, number)
";
    check("io_uring_sockets", script);
}

#[test]
fn refused_requests_tell_who_was_refused_what() {
    let script = "
os.mkdir('closed', 0o700)
ring = Ring()
with nobody():
    ret = ring.one(OPENAT, AT_FDCWD, b'closed/x', op=os.O_RDONLY)
    told(ring, 'open', ret, {'file.path': f'{DIR}/closed/x', 'tacho.errno': 'EACCES'})
    ret = ring.one(UNLINKAT, AT_FDCWD, b'closed', op=AT_REMOVEDIR)
    told(ring, 'rmdir', ret, {'file.path': f'{DIR}/closed', 'tacho.errno': 'EACCES', 'evt.outcome': 'Refused'})
";
    check("io_uring_refused", script);
}

#[test]
fn a_file_opened_into_a_ring_s_own_table_is_told_by_its_name() {
    let script = "
ring = Ring()
files = struct.pack('4i', -1, -1, -1, -1)
assert call(REGISTER, ring.fd, 2, files, 4) == 0
open_ = ring.queue(OPENAT, AT_FDCWD, b'direct', 0o640, op=os.O_CREAT | os.O_RDWR, flags=SQE_LINK, slot=1)
cut = ring.queue(FTRUNCATE, 0, off=10, flags=SQE_FIXED_FILE)
results = ring.run()
told(ring, 'open', results[open_], {
    **seen(path('direct'), times=False), 'tacho.file.facts': 'lookup', 'file.flags': ['O_RDWR', 'O_CREAT']})
told(ring, 'open', results[cut], {
    **seen(path('direct'), times=False), 'tacho.file.facts': 'kernel', 'file.flags': ['O_WRONLY', 'O_TRUNC']})
";
    check("io_uring_direct", script);
}

#[test]
fn what_a_failed_link_cancels_is_told_as_cancelled() {
    let script = "
ring = Ring()
first = ring.queue(OPENAT, AT_FDCWD, b'absent', op=os.O_RDONLY, flags=SQE_LINK)
second = ring.queue(MKDIRAT, AT_FDCWD, b'never', 0o700)
results = ring.run()
told(ring, 'open', results[first], {'file.path': f'{DIR}/absent', 'tacho.errno': 'ENOENT'})
told(ring, 'mkdir', results[second], {'file.path': f'{DIR}/never', 'tacho.errno': 'ECANCELED'})
";
    check("io_uring_cancelled", script);
}

#[test]
fn a_request_that_completes_silently_is_told_as_well() {
    let script = "
ring = Ring()
ring.queue(MKDIRAT, AT_FDCWD, b'silent', 0o700, flags=SQE_SILENT)
ring.run(0)
deadline = time.monotonic() + 20
while not os.path.isdir('silent'):
    assert time.monotonic() < deadline
";
    let Some(scenario) = rings("io_uring_silent", script) else { return };
    let path = scenario.dir.join("silent");
    let filters = format!("pid={}&name=mkdir&path={}", scenario.pid, path.display());
    let event = until("the silent request to be told", || scenario.recorder.events(&filters).pop());
    assert_eq!(event["evt"]["async"], true);
    assert_eq!((&event["tacho"]["retval"], &event["evt"]["outcome"]), (&0.into(), &"Success".into()));
}
