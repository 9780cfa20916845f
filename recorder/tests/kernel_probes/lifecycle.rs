//! Processes: beginnings, images, ends; and that nothing is missing between them.

use std::{
    collections::HashMap,
    fs,
    os::unix::{
        fs::PermissionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Command, Stdio},
};

use abi::{Class, PartTag, RecordKind, exec_flags, header_flags};
use recorder::decode::{Body, Record};

use crate::harness::{Recorded, directory, path_of, record, text};

/// Sequence numbers of each CPU are whole, and the counters agree.
fn assert_whole(recorded: &Recorded) {
    for class in Class::ALL {
        let mut last: HashMap<u16, u64> = HashMap::new();
        // Those of kernel parameters have no numbers.
        for record in recorded.class(class).filter(|record| record.header.seq != 0) {
            let before = last.insert(record.header.cpu, record.header.seq).unwrap_or(0);
            assert_eq!(record.header.seq, before + 1, "{class:?} on CPU {}", record.header.cpu);
        }
        for (cpu, counters) in (0..).zip(&recorded.counters) {
            assert_eq!(counters.lost[class as usize], 0);
            assert_eq!(counters.unhandled, 0);
            // Others go on after the counters were read.
            assert!(last.get(&cpu).copied().unwrap_or(0) >= counters.tried[class as usize]);
        }
    }
}

fn true_program() -> &'static str {
    "/bin/true"
}

#[test]
fn two_hundred_short_processes_are_all_seen_from_fork_to_exit() {
    const COUNT: usize = 200;
    let mut pids = Vec::new();
    let Some(recorded) = record(|| {
        for _ in 0..COUNT {
            let mut child = Command::new(true_program()).spawn().unwrap();
            pids.push(child.id());
            assert!(child.wait().unwrap().success());
        }
    }) else {
        return;
    };
    let by_pid = |kind| {
        let mut found: HashMap<u32, Vec<_>> = HashMap::new();
        for record in recorded.kind(kind) {
            found.entry(record.header.tgid).or_default().push(record);
        }
        found
    };
    let (forks, execs, exits) =
        (by_pid(RecordKind::Fork), by_pid(RecordKind::Exec), by_pid(RecordKind::Exit));
    let exe = fs::canonicalize(true_program()).unwrap();
    for pid in &pids {
        let [fork] = &forks[pid][..] else { panic!("forks of {pid}: {}", forks[pid].len()) };
        let [exec] = &execs[pid][..] else { panic!("execs of {pid}: {}", execs[pid].len()) };
        let [exit] = &exits[pid][..] else { panic!("exits of {pid}: {}", exits[pid].len()) };
        let (Body::Fork(fork_body), Body::Exit(exit_body)) = (fork.body, exit.body) else {
            panic!("wrong bodies")
        };
        assert_eq!((fork_body.creator_tgid, fork_body.creator_tid), (std::process::id(), recorded.tid));
        assert_eq!((fork_body.parent_tgid, exec.header.ppid), (std::process::id(), std::process::id()));
        assert_eq!((fork.header.start, exec.header.start), (exec.header.start, exit.header.start));
        assert!(fork.header.time <= exec.header.time && exec.header.time <= exit.header.time);
        assert_eq!(exit_body.status, 0);
        assert_eq!(path_of(exec, PartTag::Path), exe);
        assert_eq!(text(exec, PartTag::Filename), true_program().as_bytes());
        assert_eq!(text(exec, PartTag::Args), format!("{}\0", true_program()).as_bytes());
        assert_eq!(text(exec, PartTag::Comm), b"true");
    }
    assert_whole(&recorded);
}

#[test]
fn an_exec_tells_arguments_environment_and_credentials() {
    let mut pid = 0;
    let Some(recorded) = record(|| {
        let mut child = Command::new(true_program());
        child.env_clear().env("ONE", "1").env("TWO", "zwei").arg("").arg("b c").arg0("argv zero");
        let mut child = child.uid(1234).gid(4321).spawn().unwrap();
        pid = child.id();
        child.wait().unwrap();
    }) else {
        return;
    };
    let exec = recorded.kind(RecordKind::Exec).find(|record| record.header.tgid == pid).unwrap();
    let Body::Exec(body) = exec.body else { panic!("no exec") };
    assert_eq!(text(&exec, PartTag::Args), b"argv zero\0\0b c\0");
    assert_eq!(text(&exec, PartTag::Envs), b"ONE=1\0TWO=zwei\0");
    assert_eq!((body.argc, body.envc, body.args_len, body.envs_len), (3, 2, 15, 15));
    assert_eq!(body.flags, 0);
    let credentials = exec.credentials().unwrap();
    assert_eq!(
        (credentials.uid, credentials.euid, credentials.gid, credentials.egid),
        (1234, 1234, 4321, 4321)
    );
    assert!(exec.facts().unwrap().mode & 0o111 != 0);
}

#[test]
fn arguments_beyond_the_limit_are_cut_and_said_to_be() {
    let mut pid = 0;
    let Some(recorded) = record(|| {
        let mut child = Command::new(true_program()).args((0..500).map(|_| "a".repeat(99))).spawn().unwrap();
        pid = child.id();
        child.wait().unwrap();
    }) else {
        return;
    };
    let exec = recorded.kind(RecordKind::Exec).find(|record| record.header.tgid == pid).unwrap();
    let (bytes, flags) = exec.part(PartTag::Args).unwrap();
    assert_eq!((bytes.len(), flags), (abi::limits::ARGS, abi::part_flags::TRUNCATED));
    let Body::Exec(body) = exec.body else { panic!("no exec") };
    assert_eq!((body.args_len, body.argc), (50_010, 501));
    assert!(exec.part(PartTag::Envs).is_some());
}

#[test]
fn an_exec_that_grows_credentials_says_so() {
    let (_dir, path) = directory();
    let program = path.join("grows");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(true_program(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let mut pid = 0;
    let Some(recorded) = record(|| {
        let mut child = Command::new(&program).uid(1234).gid(4321).spawn().unwrap();
        pid = child.id();
        child.wait().unwrap();
    }) else {
        return;
    };
    let exec = recorded.kind(RecordKind::Exec).find(|record| record.header.tgid == pid).unwrap();
    let credentials = exec.credentials().unwrap();
    if credentials.euid != 0 {
        eprintln!("the temporary directory is mounted nosuid: left out");
        return;
    }
    let Body::Exec(body) = exec.body else { panic!("no exec") };
    assert_eq!(body.flags, exec_flags::SECURE);
    assert_eq!((credentials.uid, credentials.suid, credentials.egid), (1234, 0, 4321));
}

#[test]
fn a_script_tells_itself_its_interpreter_and_where_it_was_started() {
    let (_dir, path) = directory();
    fs::write(path.join("script"), "#!/bin/sh\nexit 3\n").unwrap();
    fs::set_permissions(path.join("script"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut pid = 0;
    let Some(recorded) = record(|| {
        let mut child = Command::new("./script").current_dir(&path).spawn().unwrap();
        pid = child.id();
        assert_eq!(child.wait().unwrap().code(), Some(3));
    }) else {
        return;
    };
    let exec = recorded.kind(RecordKind::Exec).find(|record| record.header.tgid == pid).unwrap();
    let Body::Exec(body) = exec.body else { panic!("no exec") };
    assert_eq!(body.flags & exec_flags::INTERPRETED, exec_flags::INTERPRETED);
    assert_eq!(text(&exec, PartTag::Filename), b"./script");
    assert_eq!(text(&exec, PartTag::Interp), b"/bin/sh");
    assert_eq!(path_of(&exec, PartTag::Base), path);
    assert_eq!(path_of(&exec, PartTag::Path), fs::canonicalize("/bin/sh").unwrap());
    let exit = recorded.kind(RecordKind::Exit).find(|record| record.header.tgid == pid).unwrap();
    let Body::Exit(body) = exit.body else { panic!("no exit") };
    assert_eq!(body.status, 3 << 8);
}

#[test]
fn a_death_by_signal_tells_the_signal() {
    let mut pid = 0;
    let Some(recorded) = record(|| {
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
        pid = child.id();
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }) else {
        return;
    };
    let exit = recorded.kind(RecordKind::Exit).find(|record| record.header.tgid == pid).unwrap();
    let Body::Exit(body) = exit.body else { panic!("no exit") };
    assert_eq!(body.status & 0x7f, 9);
}

/// Runs a Python program; `None` where there is no Python.
fn python(program: &str) -> Option<(Recorded, u32)> {
    let python =
        ["/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|path| Path::new(path).exists());
    let Some(python) = python else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "python3 is needed");
        eprintln!("skipped: python3 is needed");
        return None;
    };
    let mut pid = 0;
    let recorded = record(|| {
        let mut child = Command::new(python).arg("-c").arg(program).spawn().unwrap();
        pid = child.id();
        child.wait().unwrap();
    })?;
    Some((recorded, pid))
}

#[test]
fn an_exec_from_a_thread_goes_on_under_the_pid_of_the_process() {
    let program = "import os, threading\nthreading.Thread(target=lambda: os.execv('/bin/true', ['true'])).start()\nthreading.Event().wait()";
    let Some((recorded, pid)) = python(program) else { return };
    let execs: Vec<_> = recorded.kind(RecordKind::Exec).filter(|record| record.header.tgid == pid).collect();
    let last = execs.last().unwrap();
    let Body::Exec(body) = last.body else { panic!("no exec") };
    assert_eq!(path_of(last, PartTag::Path), fs::canonicalize(true_program()).unwrap());
    assert_ne!(body.old_tid, pid);
    assert_eq!((last.header.tid, last.header.start), (pid, execs[0].header.start));
    assert_eq!(recorded.kind(RecordKind::Exit).filter(|record| record.header.tgid == pid).count(), 1);
    assert!(recorded.kind(RecordKind::Fork).all(|record| record.header.tgid == record.header.tid));
}

#[test]
fn a_process_ends_once_with_its_last_thread_and_the_status_of_the_process() {
    // The leader ends first; the other thread then ends the process.
    let program = "import ctypes, os, threading, time\n\
        def later():\n while len(os.listdir('/proc/self/task')) and open('/proc/%d/stat' % os.getpid()).read().split()[2] != 'Z': pass\n os._exit(5)\n\
        threading.Thread(target=later).start()\n\
        ctypes.CDLL(None).syscall(60, 0)";
    let Some((recorded, pid)) = python(program) else { return };
    let exits: Vec<_> = recorded.kind(RecordKind::Exit).filter(|record| record.header.tgid == pid).collect();
    let [exit] = &exits[..] else { panic!("{} exits", exits.len()) };
    let Body::Exit(body) = exit.body else { panic!("no exit") };
    assert_eq!(body.status, 5 << 8);
    assert_ne!(exit.header.tid, pid);
}

#[test]
fn many_threads_that_die_at_once_are_one_exit() {
    let program = "import os, threading\n\
        for _ in range(40):\n \
         pid = os.fork()\n \
         if pid: os.waitpid(pid, 0)\n \
         else:\n  \
          for _ in range(24): threading.Thread(target=threading.Event().wait, daemon=True).start()\n  \
          os._exit(6)";
    let Some((recorded, pid)) = python(program) else { return };
    let mut exits: HashMap<u32, Vec<u32>> = HashMap::new();
    for record in recorded.kind(RecordKind::Exit).filter(|record| record.header.ppid == pid) {
        let Body::Exit(body) = record.body else { panic!("no exit") };
        exits.entry(record.header.tgid).or_default().push(body.status);
    }
    assert_eq!(exits.len(), 40);
    assert!(exits.values().all(|statuses| statuses == &[6 << 8]), "{exits:?}");
}

#[test]
fn calls_through_the_32_bit_table_are_recorded_as_the_native_ones() {
    // mov eax, 10 (unlink); xor ebx, ebx; int 0x80; ret
    let program = "import ctypes, mmap\n\
        m = mmap.mmap(-1, 4096, prot=7)\n\
        m.write(b'\\x53\\xb8\\x0a\\x00\\x00\\x00\\x31\\xdb\\xcd\\x80\\x5b\\xc3')\n\
        f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n\
        [f() for _ in range(7)]";
    let Some((recorded, pid)) = python(program) else { return };
    let own = |record: &Record<'_>| record.header.tgid == pid && record.header.nr == 87;
    let calls: Vec<_> = recorded.kind(RecordKind::File).filter(own).collect();
    assert_eq!(calls.len(), 7);
    for call in calls {
        assert_eq!((call.header.flags, call.header.ret), (header_flags::COMPAT, -14));
    }
}
