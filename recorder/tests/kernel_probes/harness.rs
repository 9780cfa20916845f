//! Loads the probes, runs a scenario in a thread of its own, and hands over what was recorded.

use std::{
    collections::BTreeMap, ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path, thread, time::Duration,
};

use abi::{Class, Counters, PartTag, RecordKind};
use recorder::{
    decode::{self, Body, Record, WalkedPath},
    filter::{Filter, compile},
    kernel::{ProbeConfig, Recording},
};

/// Rings of this size and below are left to overflow.
pub const SMALL: u32 = 4096;

/// What a scenario left behind.
pub struct Recorded {
    /// The records' bytes, by class, in order of arrival.
    bytes: BTreeMap<Class, Vec<Vec<u8>>>,
    /// The probes' counts, by CPU, read after the last record.
    pub counters: Vec<Counters>,
    /// Thread that ran the scenario.
    pub tid: u32,
}

/// Runs a scenario under the probes with rings of the usual size.
pub fn record(scenario: impl FnOnce() + Send) -> Option<Recorded> {
    record_with(ProbeConfig::default().ring_bytes, scenario)
}

/// Runs a scenario under the probes with rules of what is left out.
pub fn record_without(rules: &[String], scenario: impl FnOnce() + Send) -> Option<Recorded> {
    let filter = Filter { rules: rules.iter().map(|rule| rule.parse().unwrap()).collect() };
    record_as(ProbeConfig { filter: compile(&filter).unwrap(), ..ProbeConfig::default() }, scenario)
}

/// Runs a scenario under the probes with rings of these sizes.
pub fn record_with(ring_bytes: [u32; Class::COUNT], scenario: impl FnOnce() + Send) -> Option<Recorded> {
    record_as(ProbeConfig { ring_bytes, ..ProbeConfig::default() }, scenario)
}

/// Loads the probes and lets `look` see them. `None` as below.
pub fn loaded<T>(look: impl FnOnce(&Recording) -> T) -> Option<T> {
    may_load().then(|| look(&Recording::begin(&ProbeConfig::default()).unwrap()))
}

/// Loads the probes as told and lets `scenario` run with them. `None` as below.
pub fn loaded_as<T>(config: &ProbeConfig, scenario: impl FnOnce(&mut Recording) -> T) -> Option<T> {
    may_load().then(|| scenario(&mut Recording::begin(config).unwrap()))
}

/// Where the probes cannot be loaded, the reason is told; in CI that is a failure.
fn may_load() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let reason = "skipped: loading probes needs root";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{reason}");
        eprintln!("{reason}");
    }
    root
}

/// Runs a scenario under the probes. `None` where they cannot be loaded.
pub fn record_as(config: ProbeConfig, scenario: impl FnOnce() + Send) -> Option<Recorded> {
    if !may_load() {
        return None;
    }
    // No own process is left out: the scenarios run in this one.
    let config = ProbeConfig { own_tgid: 0, ..config };
    let ring_bytes = config.ring_bytes;
    let mut recording = Recording::begin(&config).unwrap();
    for unseen in recording.probes.unseen() {
        eprintln!("not seen here: {} ({})", unseen.what, unseen.why);
    }
    let mut bytes: BTreeMap<Class, Vec<Vec<u8>>> = BTreeMap::new();
    let tid = thread::scope(|scope| {
        let run = scope.spawn(|| {
            let tid = rustix::thread::gettid().as_raw_nonzero().get();
            scenario();
            u32::try_from(tid).unwrap()
        });
        // Nobody empties rings that are meant to overflow.
        while !run.is_finished() && ring_bytes[Class::File as usize] > SMALL {
            recording.rings.wait(Duration::from_millis(10));
            drain(&mut recording, &mut bytes);
        }
        run.join().unwrap()
    });
    // Other processes go on: what they do after this is not looked at, so the counts are read first.
    let counters = recording.probes.counters();
    drain(&mut recording, &mut bytes);
    Some(Recorded { bytes, counters, tid })
}

fn drain(recording: &mut Recording, bytes: &mut BTreeMap<Class, Vec<Vec<u8>>>) {
    for class in Class::ALL {
        let records = bytes.entry(class).or_default();
        recording.rings.drain(class, usize::MAX, &mut |record| records.push(record.to_vec()));
    }
}

impl Recorded {
    /// Every record of a class.
    pub fn class(&self, class: Class) -> impl Iterator<Item = Record<'_>> {
        self.bytes[&class].iter().map(|bytes| decode::parse(bytes).unwrap())
    }

    /// Every record of a kind.
    pub fn kind(&self, kind: RecordKind) -> impl Iterator<Item = Record<'_>> {
        Class::ALL
            .into_iter()
            .flat_map(|class| self.class(class))
            .filter(move |record| record.header.kind == kind as u16)
    }

    /// The scenario's own calls of that number.
    pub fn calls(&self, nr: u32) -> Vec<Record<'_>> {
        let own = move |record: &Record<'_>| record.header.tid == self.tid && record.header.nr == nr;
        Class::ALL.into_iter().flat_map(|class| self.class(class)).filter(own).collect()
    }

    /// The scenario's one call of that number whose path argument, or walked path, ends in `name`.
    pub fn call(&self, nr: u32, name: &str) -> Record<'_> {
        let mut found = self.calls(nr).into_iter().filter(|record| {
            let arg = record.part(PartTag::Arg).is_some_and(|(arg, _)| arg.ends_with(name.as_bytes()));
            arg || record.path(PartTag::Path).is_some_and(|walked| walked.path.ends_with(name.as_bytes()))
        });
        let first = found.next().unwrap_or_else(|| panic!("no call {nr} of {name}"));
        assert!(found.next().is_none(), "more than one call {nr} of {name}");
        first
    }
}

/// A walked path that must be there.
pub fn walked(record: &Record<'_>, tag: PartTag) -> WalkedPath {
    record.path(tag).unwrap_or_else(|| panic!("no part {tag:?} in {record:?}"))
}

/// A walked path as a path.
pub fn path_of(record: &Record<'_>, tag: PartTag) -> std::path::PathBuf {
    Path::new(OsStr::from_bytes(&walked(record, tag).path)).to_owned()
}

/// The bytes of a part, empty if it is not there.
pub fn text(record: &Record<'_>, tag: PartTag) -> Vec<u8> {
    record.part(tag).map(|(bytes, _)| bytes.to_vec()).unwrap_or_default()
}

/// The arguments of a syscall record.
pub fn args(record: &Record<'_>) -> [u64; 6] {
    match record.body {
        Body::Syscall(body) => body.args,
        other => panic!("no syscall: {other:?}"),
    }
}

/// A directory on a real file system, by its canonical path.
pub fn directory() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    (dir, path)
}
