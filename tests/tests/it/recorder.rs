//! A running recorder under test.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::host::{tacho, until};

/// A recorder, its store and its socket.
pub(crate) struct Recorder {
    child: Child,
    dir: TempDir,
    /// Closing it ends the recorder; it closes with the test program.
    leash: Option<ChildStdin>,
    markers: AtomicU64,
}

impl Recorder {
    /// Starts one over an empty store and waits until it records.
    pub(crate) fn start(extra: &[&str]) -> Self {
        Self::over(directory(), extra)
    }

    /// Starts one over what a directory has.
    pub(crate) fn over(dir: TempDir, extra: &[&str]) -> Self {
        let child = spawn(dir.path(), extra);
        Self::begun(dir, child, None)
    }

    /// Starts one that ends, and removes its directory, when the test program does, however it does.
    pub(crate) fn on_a_leash() -> Self {
        let dir = directory();
        let log = File::create(dir.path().join("log")).unwrap();
        let mut recorder = record(dir.path());
        recorder.args(["--listen", "127.0.0.1:0", "--everything", "--", "cat"]);
        let mut child = Command::new("/bin/sh")
            .args(["-c", "\"$@\"; rm -rf \"$0\""])
            .arg(dir.path())
            .arg(recorder.get_program())
            .args(recorder.get_args())
            .env_clear()
            .envs(clean())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let leash = child.stdin.take();
        Self::begun(dir, child, leash)
    }

    fn begun(dir: TempDir, child: Child, leash: Option<ChildStdin>) -> Self {
        let mut recorder =
            Self { child, dir, leash, markers: AtomicU64::new(u64::from(std::process::id()) << 20) };
        until("the recorder to be ready", || {
            if let Some(status) = recorder.child.try_wait().unwrap() {
                panic!("the recorder ended with {status}:\n{}", recorder.log());
            }
            recorder.try_get("/healthz").filter(|(status, _)| *status == 200)
        });
        recorder
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    /// Files of the test itself, beside the store.
    pub(crate) fn scratch(&self) -> PathBuf {
        let scratch = self.dir.path().join("scratch");
        fs::create_dir_all(&scratch).unwrap();
        // Others than root must get through to what the tests make.
        fs::set_permissions(&scratch, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        scratch
    }

    /// What it said on standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn try_get(&self, target: &str) -> Option<(u16, String)> {
        let stream = UnixStream::connect(self.socket()).ok()?;
        ask(stream, target, "")
    }

    /// A document of the API.
    pub(crate) fn get(&self, target: &str) -> Value {
        let (status, body) =
            self.try_get(target).unwrap_or_else(|| panic!("no answer to {target}:\n{}", self.log()));
        assert_eq!(status, 200, "{target}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{target}: {error}: {body}"))
    }

    /// Every event that matches, oldest first, in schema `full`.
    pub(crate) fn events(&self, filters: &str) -> Vec<Value> {
        let mut events = Vec::new();
        self.each(filters, |event| events.push(event));
        events
    }

    /// The same, one by one: events are large, and whoever looks at many keeps what counts.
    pub(crate) fn each(&self, filters: &str, mut take: impl FnMut(Value)) {
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("/events?order=asc&schema=full&limit=500&{filters}{cursor}"));
            page["events"].as_array_mut().unwrap().drain(..).for_each(&mut take);
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return,
            }
        }
    }

    /// Waits until everything that happened before this call is in the store: a process and a file of our own,
    /// which come after all else in their rings, are.
    pub(crate) fn settle(&self) {
        let number = self.markers.fetch_add(1, Ordering::Relaxed);
        let mut child = Command::new("/bin/true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let marker = self.scratch().join(format!("marker-{number}"));
        File::create(&marker).unwrap();
        let recent = format!("pid={pid}&name=exit&limit=1&since=-5m");
        let marker = format!("path={}&limit=1", marker.display());
        until("the markers to be recorded", || {
            let there = |filters: &str| {
                !self.get(&format!("/events?{filters}"))["events"].as_array().unwrap().is_empty()
            };
            (there(&recent) && there(&marker)).then_some(())
        });
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(mut self) -> (ExitStatus, TempDir) {
        signal(&self.child, Signal::TERM);
        let status = until("the recorder to end", || self.child.try_wait().unwrap());
        (status, self.into_dir())
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.into_dir()
    }

    fn into_dir(mut self) -> TempDir {
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            if self.leash.take().is_none() {
                let _ = self.child.kill();
            }
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the recorder's log:\n{}", self.log());
        }
    }
}

/// A directory whose path has no symlink in it.
pub(crate) fn directory() -> TempDir {
    let base = std::env::temp_dir().canonicalize().unwrap();
    tempfile::Builder::new().prefix("tacho-").tempdir_in(base).unwrap()
}

/// Starts `tacho record` over `DIR/store` without waiting.
pub(crate) fn spawn(dir: &Path, extra: &[&str]) -> Child {
    let log = File::options().create(true).append(true).open(dir.join("log")).unwrap();
    record(dir)
        .args(["--listen", "127.0.0.1:0"])
        .args(extra)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// `tacho record` over `DIR/store`.
pub(crate) fn record(dir: &Path) -> Command {
    let mut command = verb("record");
    command.arg("--store").arg(dir.join("store")).arg("--socket").arg(dir.join("sock"));
    command.stdin(Stdio::null());
    command
}

/// A verb of tacho, with none of the caller's settings.
pub(crate) fn verb(verb: &str) -> Command {
    let mut command = Command::new(tacho());
    command.env_clear().envs(clean());
    command.arg(verb);
    command
}

/// The environment without what sets tacho up.
fn clean() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| !name.as_encoded_bytes().starts_with(b"TACHO_"))
}

/// A signal to a child.
pub(crate) fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Asks over a stream with HTTP/1.0, whose answer ends with the stream.
pub(crate) fn ask(mut stream: UnixStream, target: &str, headers: &str) -> Option<(u16, String)> {
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    stream.write_all(request(target, headers).as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    parse(&answer)
}

/// A request as text.
pub(crate) fn request(target: &str, headers: &str) -> String {
    let target = target.replace(' ', "%20");
    format!("GET {target} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n")
}

/// Status and body of an answer.
pub(crate) fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// Runs a program to its end; the test fails if it fails.
pub(crate) fn run<I: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = I>) -> (u32, Output) {
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{program} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (pid, output)
}

/// Runs a Python script with arguments; what it prints is read as JSON.
pub(crate) fn python(script: &str, args: &[&Path]) -> (u32, Value) {
    let script = std::iter::once(OsStr::new(script)).chain(args.iter().map(|path| path.as_os_str()));
    let (pid, output) = run(crate::host::python(), std::iter::once(OsStr::new("-c")).chain(script));
    (pid, serde_json::from_slice(&output.stdout).unwrap_or_default())
}
