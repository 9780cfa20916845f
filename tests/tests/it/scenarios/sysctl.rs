//! Kernel parameters below /proc/sys.

use serde_json::Value;

use super::harness::run;

const READS: &str = "sysctl access=read";

#[test]
fn a_write_tells_the_parameter_the_value_and_the_one_before_and_reads_are_left_out_and_counted() {
    let Some(scenario) = run(
        "sysctl_writes",
        "
NAME = 'kernel/printk_ratelimit_burst'
def write(text, name=NAME):
    fd = os.open(f'/proc/sys/{name}', os.O_WRONLY)
    try:
        return os.write(fd, text)
    except OSError as error:
        return -error.errno
    finally:
        os.close(fd)
was = open(f'/proc/sys/{NAME}').read().strip()
other = str(int(was) + 1)
detail = {'tacho.detail.name': NAME, 'tacho.detail.action': 'write', 'evt.category': 'Kernel Activity', 'file': None}
def wrote(value, before, **more):
    want('sysctl', 0, {**detail, 'tacho.detail.value': value, 'tacho.detail.old_value': before, 'tacho.detail.truncated': None, **more})
try:
    assert write(other.encode() + b'\\n') > 0
    wrote(other, was)
    assert open(f'/proc/sys/{NAME}').read().strip() == other
finally:
    assert write(was.encode()) > 0
wrote(was, other)
# The parameter's own handler refuses it later: the attempt is what is told.
assert write(b'no number') == -errno.EINVAL
wrote('no number', was)
assert write(b'7' * 2000) == -errno.EINVAL
want('sysctl', 0, {**detail, 'tacho.detail.value': '7' * 1023, 'tacho.detail.truncated': True})
with nobody():
    try:
        os.open(f'/proc/sys/{NAME}', os.O_WRONLY)
    except PermissionError:
        want('open', -13, {'file.path': f'/proc/sys/{NAME}'})
",
        false,
    ) else {
        return;
    };
    scenario.compare(&["sysctl"]);
    let refused = scenario.kind("open").into_iter().filter(|event| event["evt"]["outcome"] == "Refused");
    let paths: Vec<&Value> = refused.map(|event| &event["file"]["path"]).collect();
    assert_eq!(paths, ["/proc/sys/kernel/printk_ratelimit_burst"]);
    let stats = scenario.recorder.get("/stats");
    let left_out = &stats["recorder"]["left_out"][READS];
    assert!(left_out.as_u64().unwrap() >= 2, "{}", stats["recorder"]["left_out"]);
}
