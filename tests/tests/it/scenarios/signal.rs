//! Signals that processes send.

use rustix::process::{Pid, Signal, kill_process};

use super::harness::{check, run, run_with};

/// A child that ignores SIGUSR1 and waits, and what events say of it.
const SLEEPER: &str = "
import signal
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
USR1 = 10
def sleeper():
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(tell, b'.')
        while True:
            signal.pause()
    os.read(ready, 1)
    return pid
def aimed(pid, **more):
    comm = open(f'/proc/{pid}/comm').read().strip()
    return {'signal.pid': pid, 'signal.target.pid': pid, 'signal.target.ppid': os.getpid(), 'signal.target.uid': 0,
            'signal.target.comm': comm, 'signal.target.is_thread': True, 'signal.target.parent.pid': os.getpid(), **more}
def info(code):
    return struct.pack('iiii', USR1, 0, code, 0) + bytes(112)
pid = sleeper()
fd = os.pidfd_open(pid)
to = aimed(pid)
usr1 = {'signal.type': 'SIGUSR1', 'tacho.detail.signal': USR1}
";

fn script(rest: &str) -> String {
    format!(
        "{SLEEPER}{rest}\nos.kill(pid, 9)\nwant('signal', 0, {{'signal.type': 'SIGKILL', **to}})\nos.waitpid(pid, 0)\n"
    )
}

#[test]
fn each_way_to_send_a_signal_tells_its_target() {
    check(
        "signal_variants",
        &["signal"],
        &script(
            "
want('signal', call('kill', pid, USR1), {**usr1, **to, 'evt.category': 'Process Activity'})
want('signal', call('tkill', pid, USR1), {**usr1, **to})
want('signal', call('tgkill', pid, pid, USR1), {**usr1, **to})
want('signal', call(129, pid, USR1, info(-1)), {**usr1, **to})
want('signal', call(297, pid, pid, USR1, info(-1)), {**usr1, **to})
want('signal', call(424, fd, USR1, None, 0), {**usr1, **to})
# Forged: as if a timer of the kernel had sent it.
want('signal', call(129, pid, USR1, info(-2)), {**usr1, **to})
# One in real time has no name.
signal.signal(40, signal.SIG_IGN)
other = sleeper()
want('signal', call('kill', other, 40), {'signal.type': '', 'tacho.detail.signal': 40, **aimed(other)})
want('signal', call('kill', other, 15), {'signal.type': 'SIGTERM', **aimed(other)})
os.waitpid(other, 0)
# To itself, and to one of its threads.
own = {'signal.pid': os.getpid(), 'signal.target.pid': os.getpid(), 'signal.target.is_thread': None}
want('signal', call('kill', os.getpid(), USR1), {**usr1, **own})
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
want('signal', call('tgkill', os.getpid(), thread.native_id, USR1), {**usr1, **own})
want('signal', call('tkill', thread.native_id, USR1), {**usr1, **own})
done.set()
thread.join()
",
        ),
    );
}

#[test]
fn signals_that_only_ask_or_fail_tell_whom_they_were_for() {
    check(
        "signal_failures",
        &["signal"],
        &script(
            "
nothing = {'signal.type': '', 'tacho.detail.signal': 0}
want('signal', call('kill', pid, 0), {**nothing, **to})
want('signal', call(424, fd, 0, None, 0), {**nothing, **to})
want('signal', call('kill', pid, 65), {'signal.type': '', 'tacho.errno': 'EINVAL', **to})
absent = 4194303
want('signal', call('kill', absent, USR1), {**usr1, 'tacho.errno': 'ESRCH', 'signal.pid': absent, 'signal.target': None})
want('signal', call('tgkill', -1, 1, USR1), {**usr1, 'tacho.errno': 'EINVAL', 'signal.pid': -1, 'signal.target': None})
want('signal', call(424, 999, USR1, None, 0), {**usr1, 'tacho.errno': 'EBADF', 'signal.target': None})
with nobody():
    refused = {**usr1, **to, 'tacho.errno': 'EPERM', 'process.credentials.euid': 65534}
    # kill looks at the real id too.
    call('setresuid', 65534, 65534, 0)
    want('signal', call('kill', pid, USR1), {**refused})
    want('signal', call('tkill', pid, USR1), {**refused})
    want('signal', call('tgkill', pid, pid, USR1), {**refused})
    want('signal', call(129, pid, USR1, info(-1)), {**refused})
    want('signal', call(424, fd, USR1, None, 0), {**refused})
    want('signal', call('kill', 1, 0), {**nothing, 'tacho.errno': 'EPERM', 'signal.pid': 1, 'signal.target.pid': 1})
    call('setresuid', 0, 0, 0)
",
        ),
    );
}

#[test]
fn a_signal_to_a_group_is_an_event_for_each_of_its_processes() {
    let script = script(
        "
other = sleeper()
os.setpgid(pid, pid)
os.setpgid(other, pid)
want('signal', call('kill', -pid, USR1), {**usr1, 'signal.pid': ANY})
want('signal', 0, {**usr1, 'signal.pid': ANY})
notes['group'] = [pid, other]
os.kill(other, 9)
want('signal', 0, {'signal.type': 'SIGKILL', 'signal.pid': other})
os.waitpid(other, 0)
",
    );
    let Some(scenario) = run("signal_group", &script, false) else { return };
    scenario.compare(&["signal"]);
    let sent = scenario.kind("signal").into_iter().filter(|event| event["signal"]["type"] == "SIGUSR1");
    let mut pids: Vec<_> = sent.map(|event| event["signal"]["pid"].as_u64()).collect();
    let mut group: Vec<_> =
        scenario.notes["group"].as_array().unwrap().iter().map(serde_json::Value::as_u64).collect();
    pids.sort_unstable();
    group.sort_unstable();
    assert_eq!(pids, group);
}

#[test]
fn in_a_pid_namespace_targets_have_the_numbers_of_the_host() {
    // They stay alive until they have been looked up; the end of the first is the end of its namespace.
    let script = "
import signal
call(272, 0x20000000)
first = os.fork()
if first == 0:
    os.dup2(os.open('/dev/null', os.O_RDWR), 1)
    os.dup2(1, 2)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.alarm(60)
    tell, ready = os.pipe()
    second = os.fork()
    if second == 0:
        signal.signal(10, signal.SIG_IGN)
        os.write(ready, os.readlink('/proc/self').encode())
        signal.pause()
    host = int(os.read(tell, 16))
    call('kill', second, 0)
    call('kill', second, 99)
    call('kill', second, 10)
    call('ptrace', 2, second, 0, 0)
    open('host.new', 'w').write(f'{second} {host}')
    os.rename('host.new', 'host')
    signal.pause()
while not os.path.exists('host'):
    time.sleep(0.01)
notes['inside'], notes['host'] = map(int, open('host').read().split())
notes['sender'] = first
";
    let Some(scenario) = run_with("signal_namespace", &[], script, true) else { return };
    let sender = i32::try_from(scenario.notes["sender"].as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(sender).unwrap(), Signal::KILL).unwrap();
    let (inside, host) =
        (scenario.notes["inside"].as_u64().unwrap(), scenario.notes["host"].as_u64().unwrap());
    assert_ne!(inside, host, "not in another namespace");
    let of = |kind: &str| {
        let sent = scenario
            .kind(kind)
            .into_iter()
            .filter(|event| event["process"]["pid"] == scenario.notes["sender"]);
        sent.cloned().collect::<Vec<_>>()
    };
    let signals = of("signal");
    let numbers: Vec<_> = signals.iter().map(|event| &event["tacho"]["detail"]["signal"]).collect();
    assert_eq!(numbers, [0, 99, 10]);
    for event in &signals {
        assert_eq!(
            (&event["signal"]["pid"], &event["signal"]["target"]["pid"]),
            (&host.into(), &host.into())
        );
    }
    let traced = of("ptrace");
    assert_eq!(traced.len(), 1);
    assert_eq!(traced[0]["ptrace"]["tracee"]["pid"], host);
}

#[test]
fn signals_of_the_kernel_are_no_events() {
    let script = "
import signal
child = os.fork()
if child == 0:
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    ends = os.pipe()
    os.close(ends[0])
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        os.write(ends[1], b'.')
    except BrokenPipeError:
        pass
    ctypes.string_at(0)
_, status = os.waitpid(child, 0)
notes['status'] = status & 0x7f
";
    let Some(scenario) = run("signal_kernel", script, true) else { return };
    assert_eq!(scenario.notes["status"], 11, "SIGSEGV");
    assert_eq!(scenario.kind("signal"), Vec::<&serde_json::Value>::new());
}
