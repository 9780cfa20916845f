//! Paths: each file under the name that the host knows it by, however the program named it.

use std::path::Path;

use serde_json::Value;

use crate::{
    host::turn,
    recorder::{Recorder, python, run},
};

/// The successful opens of a process whose file name begins with `wanted`.
fn opened(recorder: &Recorder, pid: u32) -> Vec<Value> {
    recorder.settle();
    let events = recorder.events(&format!("pid={pid}&descendants=true&name=open&outcome=Success"));
    events
        .into_iter()
        .filter(|event| event["file"]["name"].as_str().is_some_and(|name| name.starts_with("wanted")))
        .collect()
}

fn paths(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["file"]["path"].as_str().unwrap()).collect()
}

fn expect(recorder: &Recorder, pid: u32, expected: &[&Path]) {
    let events = opened(recorder, pid);
    let expected: Vec<_> = expected.iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(paths(&events), expected, "{events:#?}");
}

#[test]
fn names_relative_to_a_descriptor_or_the_working_directory_are_absolute() {
    let Some(_turn) = turn("relative_paths") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (pid, _) = python(
        "
import os, sys
os.mkdir(sys.argv[1] + '/a')
os.mkdir(sys.argv[1] + '/b')
a = os.open(sys.argv[1] + '/a', os.O_RDONLY)
os.open('wanted-1', os.O_CREAT | os.O_WRONLY, dir_fd=a)
os.chdir(sys.argv[1] + '/b')
os.open('wanted-2', os.O_CREAT | os.O_WRONLY)
os.open('../a/./wanted-3', os.O_CREAT | os.O_WRONLY)
os.fchdir(a)
os.open('wanted-4', os.O_CREAT | os.O_WRONLY)
",
        &[&scratch],
    );
    let path = |end: &str| scratch.join(end);
    expect(
        &recorder,
        pid,
        &[&path("a/wanted-1"), &path("b/wanted-2"), &path("a/wanted-3"), &path("a/wanted-4")],
    );
}

#[test]
fn symlinks_are_followed_to_the_file() {
    let Some(_turn) = turn("symlinks") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (pid, _) = python(
        "
import os, sys
os.chdir(sys.argv[1])
os.makedirs('real/inner')
open('real/inner/wanted', 'w').close()
os.symlink('real/inner', 'directory-link')
os.symlink('directory-link/wanted', 'file-link')
open('file-link').close()
",
        &[&scratch],
    );
    let real = scratch.join("real/inner/wanted");
    expect(&recorder, pid, &[&real, &real]);
}

#[test]
fn files_below_bind_mounts_have_the_path_of_the_mount() {
    let Some(_turn) = turn("bind_mounts") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let script =
        "cd \"$1\" && mkdir -p source/sub target && mount --bind source target && echo x > target/sub/wanted";
    let script = ["-m", "sh", "-ec", script, "sh", scratch.to_str().unwrap()];
    let (pid, _) = run("unshare", script);
    expect(&recorder, pid, &[&scratch.join("target/sub/wanted")]);
}

#[test]
fn files_in_a_chroot_have_the_path_of_the_host() {
    let Some(_turn) = turn("chroot") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (pid, _) = python(
        "
import os, sys
os.makedirs(sys.argv[1] + '/jail/etc')
os.chroot(sys.argv[1] + '/jail')
os.chdir('/')
os.open('/etc/wanted', os.O_CREAT | os.O_WRONLY)
",
        &[&scratch],
    );
    expect(&recorder, pid, &[&scratch.join("jail/etc/wanted")]);
}

#[test]
fn files_of_an_overlay_have_the_path_of_the_merged_tree() {
    let Some(_turn) = turn("overlayfs") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    // The layers are on a tmpfs: not every root file system may be one of an overlay.
    let script = "cd \"$1\" && mkdir layers && mount -t tmpfs none layers && cd layers && \
        mkdir lower upper work merged && echo low > lower/wanted-low && \
        mount -t overlay none -o lowerdir=lower,upperdir=upper,workdir=work merged && \
        cat merged/wanted-low && echo up > merged/wanted-up";
    let (pid, _) = run("unshare", ["-m", "sh", "-ec", script, "sh", scratch.to_str().unwrap()]);
    let layers = scratch.join("layers");
    let [lower, read, written] =
        [layers.join("lower/wanted-low"), layers.join("merged/wanted-low"), layers.join("merged/wanted-up")];
    expect(&recorder, pid, &[&lower, &read, &written]);
}

#[test]
fn paths_of_more_than_a_hundred_components_are_whole() {
    let Some(_turn) = turn("deep_paths") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (pid, _) = python(
        "
import os, sys
os.chdir(sys.argv[1])
for depth in range(120):
    os.mkdir(f'd{depth}')
    os.chdir(f'd{depth}')
open('wanted', 'w').close()
",
        &[&scratch],
    );
    let deep = (0..120).fold(scratch, |path, depth| path.join(format!("d{depth}"))).join("wanted");
    expect(&recorder, pid, &[&deep]);
}

#[test]
fn names_that_are_not_utf8_are_kept_to_the_byte() {
    let Some(_turn) = turn("non_utf8_paths") else { return };
    let recorder = Recorder::start(&[]);
    let scratch = recorder.scratch();
    let (pid, _) = python(
        "
import os, sys
os.open(os.fsencode(sys.argv[1]) + b'/wanted-\\xff\\xc3', os.O_CREAT | os.O_WRONLY)
",
        &[&scratch],
    );
    let events = opened(&recorder, pid);
    assert_eq!(paths(&events), [format!("{}/wanted-\\xff\\xc3", scratch.display())]);
    let bytes = events[0]["tacho"]["file"]["path_bytes"].as_str().unwrap();
    assert!(bytes.ends_with("77616e7465642dffc3"), "{bytes}");
}
