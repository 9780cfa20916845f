//! Kernel parameters below /proc/sys.

use serde_json::Value;

use super::harness::run;
use crate::{
    host::until,
    recorder::{Recorder, python},
    turn::turn,
};

const READS: &str = "sysctl access=read";

#[test]
fn each_use_tells_the_parameter_and_its_value_and_a_write_the_one_before() {
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
def read():
    value = open(f'/proc/sys/{NAME}').read().strip()
    want('sysctl', 0, {**detail, 'tacho.detail.action': 'read', 'tacho.detail.value': value, 'tacho.detail.old_value': None})
    return value
detail = {'tacho.detail.name': NAME, 'tacho.detail.action': 'write', 'evt.category': 'Kernel Activity', 'file': None}
was = read()
other = str(int(was) + 1)
def wrote(value, before, **more):
    want('sysctl', 0, {**detail, 'tacho.detail.value': value, 'tacho.detail.old_value': before, 'tacho.detail.truncated': None, **more})
try:
    assert write(other.encode() + b'\\n') > 0
    wrote(other, was)
    assert read() == other
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
}

#[test]
fn reads_are_left_out_by_default_and_counted() {
    let Some(_turn) = turn("sysctl_reads") else { return };
    let recorder = Recorder::start(&[]);
    let (pid, _) = python(
        "
for _ in range(5):
    open('/proc/sys/kernel/ostype').read()
with open('/proc/sys/kernel/printk_ratelimit_burst', 'r+') as parameter:
    value = parameter.read()
    parameter.seek(0)
    parameter.write(value)
",
        &[],
    );
    recorder.settle();
    let events = recorder.events(&format!("pid={pid}&name=sysctl"));
    let actions: Vec<&Value> = events.iter().map(|event| &event["tacho"]["detail"]["action"]).collect();
    assert_eq!(actions, ["write"]);
    // Who asks is told that by this rule something may not be there.
    let answer = recorder.get("/events?name=sysctl");
    assert_eq!(answer["left_out"][0]["rules"], serde_json::json!([READS]));
    until("the reads to be counted", || {
        let stats = recorder.get("/stats");
        let count = stats["recorder"]["left_out"][READS].as_u64();
        (count.unwrap() >= 6).then_some(())
    });
}
