//! Outcomes, and what is known of a file before the call that changes it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use serde_json::Value;

use crate::{
    host::turn,
    recorder::{Recorder, python},
};

fn one(recorder: &Recorder, filters: &str) -> Value {
    let events = recorder.events(filters);
    assert_eq!(events.len(), 1, "{filters}: {events:#?}");
    events[0].clone()
}

#[test]
fn refusal_and_absence_are_told_apart() {
    let Some(_turn) = turn("outcomes") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let secret = scratch.join("secret");
    fs::write(&secret, "x").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let (pid, _) = python(
        "
import os, sys
os.setgid(65534)
os.setuid(65534)
for path in ('secret', 'absent'):
    try:
        os.open(f'{sys.argv[1]}/{path}', os.O_RDONLY)
    except OSError:
        pass
",
        &[&scratch],
    );
    recorder.settle();
    let find = |name: &str| one(&recorder, &format!("pid={pid}&name=open&path={}/{name}", scratch.display()));
    let (refused, absent) = (find("secret"), find("absent"));
    assert_eq!(refused["evt"]["outcome"], "Refused");
    assert_eq!(refused["tacho"]["errno"], "EACCES");
    assert_eq!(absent["evt"]["outcome"], "Error");
    assert_eq!(absent["tacho"]["errno"], "ENOENT");
    assert_eq!(refused["process"]["uid"], 65534);

    let change = one(&recorder, &format!("pid={pid}&name=setuid"));
    assert_eq!(change["process"]["credentials"]["uid"], 0);
    assert_eq!(change["process"]["credentials"]["destination"]["uid"], 65534);
}

#[test]
fn a_removed_or_changed_file_is_shown_as_it_was_before() {
    let Some(_turn) = turn("state_before") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (pid, stat) = python(
        "
import json, os, sys
os.chdir(sys.argv[1])
os.umask(0)
stats = {}
for name in ('unlinked', 'renamed', 'changed', 'given'):
    fd = os.open(name, os.O_CREAT | os.O_WRONLY, 0o640)
    os.fchown(fd, 11, 12)
    stats[name] = os.fstat(fd).st_ino
    os.close(fd)
os.unlink('unlinked')
os.rename('renamed', 'new-name')
os.chmod('changed', 0o755)
os.chown('given', 13, 14)
os.mkdir('directory', 0o750)
# Opened, so that the recorder has seen what it is.
os.close(os.open('directory', os.O_RDONLY))
stats['directory'] = os.stat('directory').st_ino
os.rmdir('directory')
print(json.dumps(stats))
",
        &[&scratch],
    );
    recorder.settle();
    for (kind, name) in [
        ("unlink", "unlinked"),
        ("rename", "renamed"),
        ("chmod", "changed"),
        ("chown", "given"),
        ("rmdir", "directory"),
    ] {
        let path = scratch.join(name);
        // The descriptor's chown came before, so there are two of that kind.
        let events = recorder.events(&format!("pid={pid}&name={kind}&path={}", path.display()));
        let file = &events.last().unwrap_or_else(|| panic!("no {kind}"))["file"];
        assert_eq!(file["inode"], stat[name], "{kind}: {file:#}");
        let (mode, uid) = if kind == "rmdir" { (0o750, 0) } else { (0o640, 11) };
        assert_eq!(file["mode"].as_u64().unwrap() & 0o7777, mode, "{kind}: {file:#}");
        assert_eq!(file["uid"], uid, "{kind}: {file:#}");
        assert_eq!(file["path"], path.to_str().unwrap());
    }
    let rename = one(&recorder, &format!("pid={pid}&name=rename"));
    let new_name = scratch.join("new-name");
    assert_eq!(rename["file"]["destination"]["path"], new_name.to_str().unwrap());
    let by_destination = one(&recorder, &format!("pid={pid}&name=rename&path={}", new_name.display()));
    assert_eq!(by_destination["tacho"]["id"], rename["tacho"]["id"]);
    let chmod = one(&recorder, &format!("pid={pid}&name=chmod"));
    assert_eq!(chmod["file"]["destination"]["mode"].as_u64().unwrap() & 0o7777, 0o755);
    assert_eq!(fs::metadata(scratch.join("changed")).unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn an_exec_tells_program_arguments_and_interpreter() {
    let Some(_turn) = turn("exec_facts") else { return };
    let recorder = Recorder::start(&[]);
    let script = recorder.scratch().join("script.sh");
    fs::write(&script, "#!/bin/sh -e\nexit 3\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (pid, _) = python(
        "
import os, sys
os.environ['LETTER'] = 'secret' + '-value'
os.spawnv(os.P_WAIT, sys.argv[1], [sys.argv[1], 'one', 'two words', '--password=hun' + 'ter2'])
",
        &[&script],
    );
    recorder.settle();
    let exec = one(&recorder, &format!("ppid={pid}&name=exec&exe={}", script.display()));
    let process = &exec["process"];
    assert_eq!(process["executable"]["path"], script.to_str().unwrap());
    assert_eq!(process["executable"]["inode"], fs::metadata(&script).unwrap().ino());
    let shell = Path::new("/bin/sh").canonicalize().unwrap();
    assert_eq!(process["interpreter"]["path"], shell.to_str().unwrap());
    let text = exec.to_string();
    assert!(text.contains("two words"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains("secret-value"), "{text}");
    assert!(process["envs"].as_array().unwrap().contains(&Value::from("LETTER")), "{}", process["envs"]);
}
