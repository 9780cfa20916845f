//! Hashes and packages of what was executed, against what the system's own tools say.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    host::{turn, until},
    recorder::{Recorder, run},
};

/// A program that nobody has seen before: another one with some bytes behind it.
fn fresh(recorder: &Recorder, name: &str, like: &str) -> PathBuf {
    let path = recorder.scratch().join(name);
    fs::copy(like, &path).unwrap();
    let mut file = File::options().append(true).open(&path).unwrap();
    write!(file, "{}", path.display()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What `sha256sum` prints, as the schema has it.
fn sha256sum(path: &Path) -> Value {
    let (_, output) = run("sha256sum", [path]);
    let text = String::from_utf8(output.stdout).unwrap();
    json!([format!("sha256:{}", text.split(' ').next().unwrap())])
}

fn version_of(package: &str) -> Value {
    let (_, output) = run("dpkg-query", ["-W", "-f", "${Version}", package]);
    String::from_utf8(output.stdout).unwrap().into()
}

/// The exec of a process, once its executable has this state.
fn exec(recorder: &Recorder, pid: u32, state: &str) -> Value {
    let filters = format!("pid={pid}&name=exec");
    until(&format!("the executable of {pid} to be {state}"), || {
        let exec = recorder.events(&filters).pop()?;
        (exec["process"]["executable"]["hash_state"] == state).then_some(exec)
    })
}

/// Runs what happens to be done while the recorder does not look.
fn unseen<T>(recorder: &Recorder, work: impl FnOnce() -> T) -> T {
    let pid = Pid::from_raw(i32::try_from(recorder.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let done = work();
    kill_process(pid, Signal::CONT).unwrap();
    done
}

struct Running(Child);

impl Running {
    fn start(program: &Path, args: &[&str]) -> Self {
        Self(Command::new(program).args(args).stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_first_run_of_a_new_program_shows_the_hash_that_sha256sum_prints() {
    let Some(_turn) = turn("hash") else { return };
    let recorder = Recorder::start(&[]);
    let program = fresh(&recorder, "fresh", "/bin/true");
    let (pid, _) = run(program.to_str().unwrap(), [""; 0]);
    let exec = exec(&recorder, pid, "Done");
    for file in [&exec["file"], &exec["process"]["executable"]] {
        assert_eq!(file["hashes"], sha256sum(&program));
        assert_eq!((file["path"].as_str(), file.get("package_name")), (program.to_str(), None));
    }
    // The very same in the list of processes and after a restart.
    let document = recorder.get(&format!("/processes?pid={pid}"));
    let images = document["processes"][0]["images"].as_array().unwrap();
    assert_eq!(images.last().unwrap()["executable"]["hashes"], sha256sum(&program));
    assert!(recorder.get("/stats")["recorder"]["provenance"]["hashed"].as_u64().unwrap() >= 1);
    let (status, dir) = recorder.stop();
    assert!(status.success());
    let recorder = Recorder::over(dir, &[]);
    let again = recorder.events(&format!("pid={pid}&name=exec"));
    assert_eq!(again[0]["file"]["hashes"], sha256sum(&program));
}

#[test]
fn a_packaged_program_shows_its_package_in_another_mount_namespace_too() {
    let Some(_turn) = turn("package") else { return };
    let recorder = Recorder::start(&[]);
    let (pid, _) = run("/bin/true", [""; 0]);
    let exec_of_true = exec(&recorder, pid, "Done");
    let executable = &exec_of_true["process"]["executable"];
    assert_eq!(executable["package_name"], "coreutils");
    assert_eq!(executable["package_version"], version_of("coreutils"));
    assert_eq!(executable["hashes"], sha256sum(Path::new("/bin/true")));

    let inside = Running::start(Path::new("/usr/bin/unshare"), &["--mount", "/bin/sleep", "1000"]);
    let filters = format!("pid={}&name=exec&exe=/usr/bin/sleep", inside.0.id());
    let exec = until("sleep to be known", || {
        let exec = recorder.events(&filters).pop()?;
        (exec["process"]["executable"]["hash_state"] == "Done").then_some(exec)
    });
    assert_eq!(exec["process"]["executable"]["package_name"], "coreutils");
    // What it was before is known likewise.
    let before = &exec["process"]["ancestors"][0]["executable"];
    assert_eq!(
        (&before["package_name"], &before["hash_state"]),
        (&json!("util-linux"), &json!("Done")),
        "{before}"
    );
}

/// A root of its own with one package in it, of which the database is rpm's: a copy of sleep.
fn rpm_root(dir: &Path) -> PathBuf {
    let (top, root) = (dir.join("build"), dir.join("root"));
    fs::create_dir_all(&top).unwrap();
    fs::create_dir_all(&root).unwrap();
    let spec = top.join("naps.spec");
    fs::write(
        &spec,
        "%global debug_package %{nil}\n%global __os_install_post %{nil}\nName: naps\nVersion: 1.0\nRelease: 7\nEpoch: 2\n\
         Summary: x\nLicense: MIT\n%description\nx\n%install\nmkdir -p %{buildroot}/opt/naps\n\
         cp /bin/sleep %{buildroot}/opt/naps/nap\n%files\n/opt/naps/nap\n",
    )
    .unwrap();
    run("rpmbuild", ["--define", &format!("_topdir {}", top.display()), "-bb", spec.to_str().unwrap()]);
    let architecture = fs::read_dir(top.join("RPMS")).unwrap().next().unwrap().unwrap().path();
    let package = fs::read_dir(architecture).unwrap().next().unwrap().unwrap().path();
    let install = ["--dbpath", "/var/lib/rpm", "-i", "--nodeps", "--noscripts"];
    run(
        "rpm",
        ["--root", root.to_str().unwrap()].into_iter().chain(install).chain([package.to_str().unwrap()]),
    );
    root
}

#[test]
fn a_program_of_an_rpm_package_shows_it_where_the_database_is_that_of_its_own_mount_namespace() {
    let Some(_turn) = turn("package_rpm") else { return };
    let recorder = Recorder::start(&[]);
    let root = rpm_root(&recorder.scratch());
    let script = "
set -e
mount --bind $1/opt /opt
mount --bind $1/var /mnt
mount -t tmpfs none /var/lib
mkdir /var/lib/rpm
mount --bind /mnt/lib/rpm /var/lib/rpm
exec /opt/naps/nap 1000";
    let arguments = ["--mount", "/bin/sh", "-c", script, "sh", root.to_str().unwrap()];
    let inside = Running::start(Path::new("/usr/bin/unshare"), &arguments);
    let filters = format!("pid={}&name=exec&exe=/opt/naps/nap", inside.0.id());
    let exec = until("the package to be known", || {
        let exec = recorder.events(&filters).pop()?;
        (exec["file"]["hash_state"] == "Done").then_some(exec)
    });
    assert_eq!(exec["file"]["package_name"], "naps", "{}", exec["file"]);
    assert_eq!(exec["file"]["package_version"], "2:1.0-7");
    assert_eq!(exec["file"]["hashes"], sha256sum(&root.join("opt/naps/nap")));
}

#[test]
fn a_script_and_its_interpreter_are_told_apart() {
    let Some(_turn) = turn("hash_script") else { return };
    let recorder = Recorder::start(&[]);
    let script = recorder.scratch().join("script.sh");
    fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (pid, _) = run(script.to_str().unwrap(), [""; 0]);
    let exec = exec(&recorder, pid, "Done");
    assert_eq!(exec["process"]["executable"]["hashes"], sha256sum(&script));
    let shell = Path::new("/bin/sh").canonicalize().unwrap();
    let (_, owner) = run("dpkg-query", ["-S", shell.to_str().unwrap().trim_start_matches("/usr")]);
    let owner = String::from_utf8(owner.stdout).unwrap();
    let interpreter = until("the interpreter", || {
        let exec = recorder.events(&format!("pid={pid}&name=exec")).pop()?;
        let interpreter = exec["process"]["interpreter"].clone();
        (interpreter["hash_state"] == "Done").then_some(interpreter)
    });
    assert_eq!(interpreter["hashes"], sha256sum(&shell));
    assert_eq!(interpreter["package_name"].as_str(), owner.split(':').next());
}

#[test]
fn what_is_too_big_or_gone_says_so_and_what_still_runs_is_hashed_all_the_same() {
    let Some(_turn) = turn("hash_states") else { return };
    let recorder = Recorder::start(&["--hash-max-file", "1MiB"]);
    let large = fresh(&recorder, "large", "/bin/true");
    File::options().write(true).open(&large).unwrap().set_len((1 << 20) + 1).unwrap();
    let (pid, _) = run(large.to_str().unwrap(), [""; 0]);
    let told = exec(&recorder, pid, "FileTooBig");
    assert_eq!(told["file"].get("hashes"), None);

    let gone = fresh(&recorder, "gone", "/bin/true");
    let (pid, _) = unseen(&recorder, || {
        let ran = run(gone.to_str().unwrap(), [""; 0]);
        fs::remove_file(&gone).unwrap();
        ran
    });
    assert_eq!(exec(&recorder, pid, "FileNotFound")["file"].get("hashes"), None);

    // Removed, and another put in its place, while it runs.
    let dropper = fresh(&recorder, "dropper", "/bin/sleep");
    let sum = sha256sum(&dropper);
    let running = unseen(&recorder, || {
        let running = Running::start(&dropper, &["1000"]);
        until("the exec", || {
            let link = fs::read_link(format!("/proc/{}/exe", running.0.id())).ok()?;
            (link == dropper).then_some(())
        });
        fs::remove_file(&dropper).unwrap();
        fresh(&recorder, "dropper", "/bin/true");
        running
    });
    let told = exec(&recorder, running.0.id(), "Done");
    assert_eq!(told["file"]["hashes"], sum);
    let stats = recorder.get("/stats");
    let counted = |name: &str| stats["recorder"]["provenance"][name].as_u64().unwrap();
    assert!(counted("too_big") >= 1 && counted("not_found") >= 1, "{stats}");
}

#[test]
fn programs_that_ran_before_the_recorder_are_hashed_too_and_none_if_the_rate_is_zero() {
    let Some(_turn) = turn("hash_snapshot") else { return };
    let dir = crate::recorder::directory();
    let program = dir.path().join("before");
    fs::copy("/bin/sleep", &program).unwrap();
    let running = Running::start(&program, &["1000"]);
    let recorder = Recorder::over(dir, &[]);
    let image = |recorder: &Recorder| {
        let document = recorder.get(&format!("/processes?pid={}", running.0.id()));
        document["processes"][0]["images"][0]["executable"].clone()
    };
    let sum = sha256sum(&program);
    until("the program of before", || (image(&recorder)["hashes"] == sum).then_some(()));

    let silent = Recorder::start(&["--hash-rate", "0"]);
    let (pid, _) = run("/bin/true", [""; 0]);
    silent.settle();
    exec(&silent, pid, "NoHash");
    assert_eq!(silent.get("/stats")["recorder"]["provenance"]["hashed"], 0);
}
