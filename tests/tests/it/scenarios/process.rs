//! What is known of processes: of those that run already, and at their beginnings and ends.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    process::{Command, Stdio},
};

use super::harness::run;
use crate::{recorder::Recorder, turn::turn};

#[test]
fn a_core_dump_is_told_from_a_mere_signal() {
    let script = "
import resource, signal
notes['pattern'] = open('/proc/sys/kernel/core_pattern').read()
def end(core):
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (core, core))
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGQUIT)
    status = os.waitpid(pid, 0)[1]
    return [pid, status, os.WCOREDUMP(status)]
notes['ends'] = [end(resource.RLIM_INFINITY), end(0)]
";
    let Some(scenario) = run("core_dump", script, true) else { return };
    let ends = scenario.notes["ends"].as_array().unwrap();
    let to_file = !scenario.notes["pattern"].as_str().unwrap().starts_with('|');
    assert!(!to_file || ends[0][2] == true, "no core was dumped");
    for end in ends {
        let exit = scenario.kind("exit").into_iter().find(|event| event["process"]["pid"] == end[0]).unwrap();
        let cause = if end[2] == true { "COREDUMPED" } else { "SIGNALED" };
        assert_eq!((&exit["exit"]["cause"], &exit["exit"]["code"]), (&cause.into(), &3.into()));
        assert_eq!(exit["tacho"]["detail"]["wait_status"], end[1]);
    }
}

#[test]
fn a_terminal_is_told_from_the_exec_on() {
    let script = "
import pty
pid, end = pty.fork()
if pid == 0:
    os.execv('/bin/sh', ['sh', '-c', 'tty'])
text = b''
try:
    while part := os.read(end, 100):
        text += part
except OSError:
    pass
os.waitpid(pid, 0)
notes['pid'], notes['tty'] = pid, text.decode().strip()
";
    let Some(scenario) = run("terminal", script, true) else { return };
    let tty = scenario.notes["tty"].as_str().unwrap().trim_start_matches("/dev/").replace('/', "");
    assert!(tty.starts_with("pts"), "{tty}");
    for kind in ["exec", "exit"] {
        let found =
            scenario.kind(kind).into_iter().find(|event| event["process"]["pid"] == scenario.notes["pid"]);
        assert_eq!(found.unwrap()["process"]["tty"], tty, "{kind}");
    }
}

#[test]
fn what_runs_already_is_known_as_if_its_exec_had_been_seen() {
    let Some(_turn) = turn("running_already") else { return };
    let dir = crate::recorder::directory();
    let script = dir.path().join("runs-already.sh");
    // The child is no program of its own; both wait for their input to end.
    let text = "#!/bin/sh -e\nexec 3<&0\n(read -r line <&3) &\necho $!\nread -r line\n";
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    // A login is what the audit system calls so; it can be set once, by whoever may.
    let login = "echo 4711 > /proc/self/loginuid && exec \"$@\"";
    let mut shell = Command::new("/bin/sh")
        .args(["-c", login, "sh"])
        .arg(&script)
        .arg("argument")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let child: u32 = line.trim().parse().unwrap();
    let (pid, session) = (shell.id(), fs::read_to_string(format!("/proc/{}/sessionid", shell.id())).unwrap());
    let session: u32 = session.trim().parse().unwrap();
    assert_eq!(fs::read_to_string(format!("/proc/{pid}/loginuid")).unwrap().trim(), "4711");
    let interpreter = fs::metadata(format!("/proc/{pid}/exe")).unwrap().ino();

    let recorder = Recorder::start(&[]);
    drop(shell.stdin.take());
    shell.wait().unwrap();
    recorder.settle();
    for (pid, forked) in [(pid, false), (child, true)] {
        let exits = recorder.events(&format!("pid={pid}&name=exit"));
        assert_eq!(exits.len(), 1, "{pid}");
        let process = &exits[0]["process"];
        assert_eq!(process["source"], "procfs_snapshot");
        assert_eq!(process["is_thread"].as_bool().unwrap_or(false), forked);
        assert_eq!(process["executable"]["path"], script.to_str().unwrap(), "{process:#}");
        assert_eq!(process["executable"]["inode"], fs::metadata(&script).unwrap().ino());
        assert_eq!(process["interpreter"]["inode"], interpreter);
        // As the kernel rewrote them: /proc/PID/cmdline and `ps` show the same.
        assert_eq!(process["argv0"], "/bin/sh");
        assert_eq!(process["args"], serde_json::json!(["-e", script.to_str().unwrap(), "argument"]));
        assert_eq!(process["user_session"]["id"], format!("{session:x}"));
    }
}
