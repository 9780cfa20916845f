//! First uses of syscalls.

use std::collections::BTreeSet;

use super::harness::run_with;

#[test]
fn a_process_tells_each_syscall_once_and_before_its_end() {
    let script = "
GETPPID, GETSID, SCHED_YIELD = 110, 124, 24
child = os.fork()
if child == 0:
    for _ in range(3):
        call(GETPPID)
    thread = threading.Thread(target=lambda: call(GETSID, 0))
    thread.start()
    thread.join()
    os.execv(sys.executable, [sys.executable, '-c', 'import os; os.sched_yield(); os._exit(0)'])
os.waitpid(child, 0)
notes['child'] = child
";
    let Some(scenario) = run_with("syscalls", &["--everything"], script, true) else { return };
    let child = &scenario.notes["child"];
    let of_child = scenario.events.iter().filter(|event| event["process"]["pid"] == *child);
    let (mut images, mut ended) = (vec![BTreeSet::new()], false);
    for event in of_child {
        match event["evt"]["name"].as_str().unwrap() {
            "exec" => images.push(BTreeSet::new()),
            "exit" => ended = true,
            "syscalls" => {
                assert!(!ended, "told after the end");
                let image = images.last_mut().unwrap();
                for used in event["syscalls"].as_array().unwrap() {
                    let use_of = (used["id"].as_u64().unwrap(), used["name"].as_str().unwrap().to_owned());
                    assert!(image.insert(use_of), "twice: {used}");
                }
                assert_eq!(event["process"]["syscalls"], event["syscalls"]);
                assert_eq!(event["evt"].get("outcome"), None);
            }
            _ => {}
        }
    }
    let [before, after] = &images[..] else { panic!("{} images", images.len()) };
    let used = |image: &BTreeSet<(u64, String)>, id, name: &str| image.contains(&(id, name.to_owned()));
    // The call of another thread, and the exec that ends the image, are its own.
    assert!(
        used(before, 110, "getppid") && used(before, 124, "getsid") && used(before, 59, "execve"),
        "{before:?}"
    );
    assert!(!used(before, 24, "sched_yield") && !used(before, 231, "exit_group"), "{before:?}");
    // One that never returns is seen as well.
    assert!(used(after, 24, "sched_yield") && used(after, 231, "exit_group"), "{after:?}");
    assert!(!used(after, 110, "getppid") && !used(after, 59, "execve"), "{after:?}");
    assert!(ended);
}
