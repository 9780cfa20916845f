//! Resource limits.

use super::harness::check;

#[test]
fn a_new_limit_tells_resource_values_and_whose_it_is() {
    check(
        "setrlimit_variants",
        &["setrlimit"],
        "
import signal
NOFILE, CORE, STACK = 7, 4, 3
def limit(soft, hard):
    return struct.pack('QQ', soft & 2**64 - 1, hard & 2**64 - 1)
def told(name, soft, hard, pid=os.getpid(), **more):
    return {'tacho.detail.resource': name, 'tacho.detail.current': soft, 'tacho.detail.maximum': hard,
            'tacho.detail.pid': pid, 'evt.category': 'Process Activity', **more}
want('setrlimit', call('setrlimit', NOFILE, limit(512, 600)), told('RLIMIT_NOFILE', 512, 600))
want('setrlimit', call('prlimit64', 0, CORE, limit(0, -1), None), told('RLIMIT_CORE', 0, 'unlimited'))
# Who only asks changes nothing.
assert call('prlimit64', 0, CORE, None, ctypes.create_string_buffer(16)) == 0
pid = os.fork()
if pid == 0:
    while True:
        signal.pause()
want('setrlimit', call('prlimit64', pid, STACK, limit(1 << 20, 2 << 20), None), told('RLIMIT_STACK', 1 << 20, 2 << 20, pid))
assert open(f'/proc/{pid}/limits').read().split('Max stack size')[1].split()[:2] == [str(1 << 20), str(2 << 20)]
want('setrlimit', call('setrlimit', NOFILE, limit(9, 8)), told('RLIMIT_NOFILE', 9, 8, **{'tacho.errno': 'EINVAL'}))
want('setrlimit', call('setrlimit', 99, limit(1, 1)), told('99', 1, 1, **{'tacho.errno': 'EINVAL'}))
want('setrlimit', call('setrlimit', NOFILE, 16), told('RLIMIT_NOFILE', 0, 0, **{'tacho.errno': 'EFAULT'}))
want('setrlimit', call('prlimit64', 4194303, CORE, limit(1, 1), None), told('RLIMIT_CORE', 1, 1, 4194303, **{'tacho.errno': 'ESRCH'}))
with nobody():
    # The real id counts.
    call('setresuid', 65534, 65534, 0)
    want('setrlimit', call('prlimit64', pid, CORE, limit(1, 1), None), told('RLIMIT_CORE', 1, 1, pid, **{'tacho.errno': 'EPERM'}))
    call('setresuid', 0, 0, 0)
os.kill(pid, 9)
os.waitpid(pid, 0)
",
    );
}
