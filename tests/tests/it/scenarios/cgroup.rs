//! Moves between cgroups, and what the moved process is known by afterwards.

use std::{fs, path::Path};

use serde_json::Value;

use super::harness::{Scenario, run};

const COMMON: &str = "
def hierarchy(kind, option=None):
    for line in open('/proc/mounts'):
        _, point, of, options = line.split(' ')[:4]
        if of == kind and (option is None or option in options.split(',')):
            return point
def group(root, name):
    os.mkdir(f'{root}/{name}')
    return f'{root}/{name}'
def child(work):
    go, told = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(go[0], 1)
        work()
        os._exit(0)
    return pid, lambda: (os.write(go[1], b'x'), os.waitpid(pid, 0))
def touch(name):
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT))
def move(pid, directory, file='cgroup.procs'):
    with open(f'{directory}/{file}', 'w', buffering=1) as out:
        out.write(f'{pid}\\n')
def moved(path, pid, **more):
    want('cgroup_write', 0, {'tacho.detail.path': path, 'tacho.detail.pid': pid, 'tacho.detail.whole': True, 'tacho.detail.target': ANY, **more})
HEX = os.urandom(32).hex()
";

fn scenario(test: &str, script: &str) -> Option<Scenario> {
    run(test, &format!("{COMMON}{script}"), true)
}

/// The one event of a file made in the scenario's directory.
fn made<'a>(scenario: &'a Scenario, name: &str) -> &'a Value {
    let path = scenario.dir.join(name);
    let found: Vec<_> = scenario
        .kind("open")
        .into_iter()
        .filter(|event| event["file"]["path"].as_str().is_some_and(|opened| Path::new(opened) == path))
        .collect();
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0]
}

#[test]
fn a_moved_process_is_told_and_acts_in_its_new_container() {
    let Some(scenario) = scenario(
        "cgroup_v2",
        "
root = hierarchy('cgroup2')
box = group(root, HEX)
pid, finish = child(lambda: touch('after'))
try:
    touch('before')
    move(pid, box)
    moved(f'/{HEX}', pid)
    assert f'0::/{HEX}' in open(f'/proc/{pid}/cgroup').read()
    with nobody():
        try:
            move(pid, root)
        except PermissionError:
            notes['refused'] = True
    finish()
    # Itself, and back again.
    move(os.getpid(), box)
    moved(f'/{HEX}', os.getpid())
    touch('inside')
finally:
    move(os.getpid(), root)
    moved('/', os.getpid())
    touch('outside')
    os.rmdir(box)
    notes['hex'] = HEX
",
    ) else {
        return;
    };
    scenario.compare(&["cgroup_write"]);
    assert_eq!(scenario.notes["refused"], true);
    let hex = &scenario.notes["hex"];
    let container = |name: &str| &made(&scenario, name)["container"]["id"];
    for name in ["after", "inside"] {
        assert_eq!(container(name), hex, "{name}");
        assert_eq!(made(&scenario, name)["tacho"]["cgroup"], format!("/{}", hex.as_str().unwrap()));
    }
    for name in ["before", "outside"] {
        assert_ne!(container(name), hex, "{name}");
    }
}

#[test]
fn a_child_cloned_into_a_cgroup_begins_there() {
    let Some(scenario) = scenario(
        "cgroup_clone",
        "
root = hierarchy('cgroup2')
box = group(root, HEX)
fd = os.open(box, os.O_RDONLY | os.O_DIRECTORY)
CLONE_INTO_CGROUP, SIGCHLD = 0x200000000, 17
arguments = struct.pack('=11Q', CLONE_INTO_CGROUP, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, fd)
pid = call(435, arguments, len(arguments))
if pid == 0:
    touch('cloned')
    if os.fork() == 0:
        touch('grandchild')
        os._exit(0)
    os.wait()
    os._exit(0)
assert pid > 0, pid
os.waitpid(pid, 0)
touch('parent')
os.rmdir(box)
notes['hex'] = HEX
",
    ) else {
        return;
    };
    let hex = &scenario.notes["hex"];
    for name in ["cloned", "grandchild"] {
        assert_eq!(&made(&scenario, name)["container"]["id"], hex, "{name}");
    }
    assert_ne!(&made(&scenario, "parent")["container"]["id"], hex);
    assert!(scenario.kind("cgroup_write").is_empty());
}

#[test]
fn moves_in_a_v1_hierarchy_are_told_also_of_single_threads() {
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    if !mounts.lines().any(|line| line.contains(" cgroup ") && line.contains("pids")) {
        crate::host::skip("cgroup_v1", "no v1 hierarchy of the pids controller is mounted");
        return;
    }
    let Some(scenario) = scenario(
        "cgroup_v1",
        "
root = hierarchy('cgroup', 'pids')
box = group(root, HEX)
pid, finish = child(lambda: touch('after'))
ready, stop = threading.Event(), threading.Event()
def wait():
    notes['tid'] = threading.get_native_id()
    ready.set()
    stop.wait()
thread = threading.Thread(target=wait)
try:
    move(pid, box)
    moved(f'/{HEX}', pid)
    assert f':pids:/{HEX}' in open(f'/proc/{pid}/cgroup').read()
    thread.start()
    ready.wait()
    move(notes['tid'], box, 'tasks')
    moved(f'/{HEX}', os.getpid(), **{'tacho.detail.whole': False})
    touch('own')
    move(notes['tid'], root, 'tasks')
    moved('/', os.getpid(), **{'tacho.detail.whole': False})
    finish()
finally:
    stop.set()
    thread.join()
    os.rmdir(box)
    notes['hex'] = HEX
",
    ) else {
        return;
    };
    scenario.compare(&["cgroup_write"]);
    let hex = &scenario.notes["hex"];
    assert_eq!(&made(&scenario, "after")["container"]["id"], hex);
    // One thread does not take its process along.
    assert_ne!(&made(&scenario, "own")["container"]["id"], hex);
}
