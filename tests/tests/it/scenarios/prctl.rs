//! prctl, and the names of processes.

use super::harness::{check, run};

#[test]
fn options_are_told_with_their_arguments() {
    check(
        "prctl_variants",
        &["prctl"],
        "
def told(option, *args, **more):
    args = [hex(arg) for arg in args] + ['0x0'] * (4 - len(args))
    return {'tacho.detail.option': option, 'tacho.detail.args': args, 'tacho.detail.text': None, **more}
SET_DUMPABLE, SET_KEEPCAPS, SET_NAME, NO_NEW_PRIVS, PDEATHSIG = 4, 8, 15, 38, 1
want('prctl', call('prctl', SET_DUMPABLE, 0, 0, 0, 0), told('PR_SET_DUMPABLE', 0))
want('prctl', call('prctl', SET_DUMPABLE, 1, 0, 0, 0), told('PR_SET_DUMPABLE', 1))
want('prctl', call('prctl', NO_NEW_PRIVS, 1, 0, 0, 0), told('PR_SET_NO_NEW_PRIVS', 1))
want('prctl', call('prctl', NO_NEW_PRIVS, 2, 0, 0, 0), told('PR_SET_NO_NEW_PRIVS', 2, **{'tacho.errno': 'EINVAL'}))
want('prctl', call('prctl', PDEATHSIG, 15, 0, 0, 0), told('PR_SET_PDEATHSIG', 15))
want('prctl', call('prctl', 0x7777, 1, 2, 3, 4), told('30583', 1, 2, 3, 4, **{'tacho.errno': 'EINVAL'}))
want('prctl', call('prctl', SET_NAME, 16, 0, 0, 0), told('PR_SET_NAME', 16, **{'tacho.errno': 'EFAULT'}))
before = open('/proc/self/comm').read().strip()
name = ctypes.create_string_buffer(b'a-name-longer-than-fits')
named = {'tacho.detail.option': 'PR_SET_NAME', 'tacho.detail.text': 'a-name-longer-t'}
# The event shows who did it: the process as it was called until then.
want('prctl', call('prctl', SET_NAME, name, 0, 0, 0), {**named, 'process.comm': before})
want('prctl', call('prctl', SET_KEEPCAPS, 0, 0, 0, 0), told('PR_SET_KEEPCAPS', 0, **{'process.comm': 'a-name-longer-t'}))
# A thread's name is its own.
def renamed():
    want('prctl', call('prctl', SET_NAME, b'thread', 0, 0, 0), {
        'tacho.detail.text': 'thread', 'process.comm': 'a-name-longer-t'})
thread = threading.Thread(target=renamed)
thread.start()
thread.join()
want('prctl', call('prctl', SET_KEEPCAPS, 0, 0, 0, 0), told('PR_SET_KEEPCAPS', 0, **{'process.comm': 'a-name-longer-t'}))
# Through /proc, also by another.
open('/proc/self/comm', 'w').write('by-proc')
want('prctl', call('prctl', SET_KEEPCAPS, 0, 0, 0, 0), told('PR_SET_KEEPCAPS', 0, **{'process.comm': 'by-proc'}))
",
    );
}

#[test]
fn a_child_inherits_the_name_and_an_exec_replaces_it() {
    let script = "
call('prctl', 15, b'first-name', 0, 0, 0)
child = os.fork()
if child == 0:
    os.execv('/bin/true', ['true'])
os.waitpid(child, 0)
notes['child'] = child
";
    let Some(scenario) = run("prctl_inherited", script, true) else { return };
    let of = |kind: &str| {
        let found =
            scenario.kind(kind).into_iter().find(|event| event["process"]["pid"] == scenario.notes["child"]);
        found.unwrap_or_else(|| panic!("no {kind}"))["process"]["comm"].clone()
    };
    assert_eq!((of("fork"), of("exec"), of("exit")), ("first-name".into(), "true".into(), "true".into()));
}
