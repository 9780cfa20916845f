//! ptrace and its tracee.

use super::harness::{check_with, run};

#[test]
fn requests_tell_the_tracee_and_the_address() {
    check_with(
        "ptrace_variants",
        &[],
        &["ptrace"],
        "
import signal
def sleeper():
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    return pid
word = ctypes.create_string_buffer(b'12345678')
pid = sleeper()
it = {'ptrace.tracee.pid': pid, 'ptrace.tracee.ppid': os.getpid(), 'ptrace.tracee.is_thread': True,
      'ptrace.tracee.credentials.uid': 0, 'evt.category': 'Kernel Activity'}
at = hex(ctypes.addressof(word))
want('ptrace', call('ptrace', 16, pid, 0, 0), {'ptrace.request': 'PTRACE_ATTACH', 'ptrace.address': '0x0', **it})
os.waitpid(pid, 0)
# Reading is left out by default, but not if it fails.
assert call('ptrace', 2, pid, ctypes.c_void_p(ctypes.addressof(word)), ctypes.byref(ctypes.c_long())) == 0
want('ptrace', call('ptrace', 2, pid, 16, ctypes.byref(ctypes.c_long())), {
    'ptrace.request': 'PTRACE_PEEKDATA', 'ptrace.address': '0x10', 'tacho.errno': 'EIO', **it})
want('ptrace', call('ptrace', 5, pid, ctypes.c_void_p(ctypes.addressof(word)), 7), {
    'ptrace.request': 'PTRACE_POKEDATA', 'ptrace.address': at, **it})
want('ptrace', call('ptrace', 17, pid, 0, 0), {'ptrace.request': 'PTRACE_DETACH', **it})
want('ptrace', call('ptrace', 0x4206, pid, 0, 0), {'ptrace.request': 'PTRACE_SEIZE', **it})
want('ptrace', call('ptrace', 0x4207, pid, 0, 0), {'ptrace.request': 'PTRACE_INTERRUPT', **it})
os.waitpid(pid, 0)
want('ptrace', call('ptrace', 17, pid, 0, 0), {'ptrace.request': 'PTRACE_DETACH', **it})
# A request that there is not.
want('ptrace', call('ptrace', 0x7777, pid, 0, 0), {'ptrace.request': '30583', 'tacho.errno': 'ESRCH', **it})
absent = 4194303
want('ptrace', call('ptrace', 16, absent, 0, 0), {
    'ptrace.request': 'PTRACE_ATTACH', 'tacho.errno': 'ESRCH', 'tacho.detail.pid': absent, 'ptrace.tracee': None})
with nobody():
    # The real id counts.
    call('setresuid', 65534, 65534, 0)
    want('ptrace', call('ptrace', 16, pid, 0, 0), {'tacho.errno': 'EPERM', 'process.credentials.euid': 65534, **it})
    call('setresuid', 0, 0, 0)
os.kill(pid, 9)
os.waitpid(pid, 0)
",
    );
}

#[test]
fn who_asks_to_be_traced_is_the_tracee() {
    let script = "
child = os.fork()
if child == 0:
    call('ptrace', 0, 0, 0, 0)
    call('ptrace', 0, 4711, 0, 0)
    os._exit(0)
os.waitpid(child, 0)
notes['child'] = child
";
    let Some(scenario) = run("ptrace_traceme", script, true) else { return };
    let events = scenario.kind("ptrace");
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (event["tacho"]["retval"].as_i64().unwrap(), event["ptrace"]["request"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [(0, "PTRACE_TRACEME"), (-1, "PTRACE_TRACEME")]);
    for event in events {
        assert_eq!(event["process"]["pid"], scenario.notes["child"]);
        assert_eq!(event["ptrace"]["tracee"]["pid"], scenario.notes["child"]);
        assert_eq!(event["ptrace"]["tracee"]["ppid"], scenario.pid, "the tracer to be");
    }
}
