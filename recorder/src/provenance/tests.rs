//! The worker over real files, without probes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use event::{Credentials, ProcessKey};

use super::*;
use crate::process::procfs::facts_of;

fn context(path: &Path, source: Source) -> Context {
    let facts = Some(facts_of(&path.metadata().unwrap()));
    let executable = File { path: path.to_str().unwrap().to_owned(), facts, ..File::default() };
    Context {
        id: 1,
        process: ProcessKey { boot: 1, start: 1, pid: u32::MAX },
        lineage: None,
        creator: None,
        ppid: u32::MAX,
        since: 1,
        fork_time: 1,
        exec_time: 1,
        comm: String::new(),
        tty: String::new(),
        image: ImageRef::Own(Arc::new(Image { executable, ..Image::default() })),
        credentials: Credentials::default(),
        container: None,
        cgroup: String::new(),
        source,
        flags: 0,
    }
}

fn made(dir: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.path().canonicalize().unwrap().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// The lowest priority waits long on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// SHA-256 of "abc" (FIPS 180-4, example).
const ABC: [u8; 32] = [
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
    0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
];

fn started(rate: u64, max_file: u64) -> (Collector, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    (Collector::start(Settings { rate, max_file }, Arc::clone(&counts)).unwrap(), counts)
}

#[test]
fn each_file_is_hashed_once_and_one_that_is_too_big_or_empty_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (mut collector, counts) = started(1 << 20, 3);
    let small = context(&made(&dir, "small", b"abc"), Source::Event);
    collector.began(&small);
    collector.began(&small);
    collector.began(&context(&made(&dir, "large", b"abcd"), Source::Event));
    collector.began(&context(&made(&dir, "empty", b""), Source::Event));
    let told = collector.finish_within(PATIENCE);
    let states: Vec<_> = told.iter().map(|one| (one.state, one.sha256)).collect();
    assert!(states.contains(&(HashState::Done, Some(ABC))), "{states:?}");
    assert!(states.contains(&(HashState::FileTooBig, None)), "{states:?}");
    assert!(states.contains(&(HashState::FileEmpty, None)), "{states:?}");
    assert_eq!((told.len(), counts.hashed.get(), counts.bytes.get(), counts.too_big.get()), (3, 1, 3, 1));
}

#[test]
fn over_budget_is_told_and_made_good_when_there_is_budget_again() {
    let dir = tempfile::tempdir().unwrap();
    // 400 bytes to begin with, then 100 a second: the second file waits.
    let (mut collector, counts) = started(100, 1 << 20);
    collector.began(&context(&made(&dir, "first", &[7; 420]), Source::Event));
    collector.began(&context(&made(&dir, "second", b"abc"), Source::Event));
    let mut told = Vec::new();
    let until = Instant::now() + PATIENCE;
    while told.iter().filter(|one: &&Arc<Provenance>| one.state == HashState::Done).count() < 2 {
        assert!(Instant::now() < until, "{told:?}");
        told.extend(collector.take());
        thread::yield_now();
    }
    let second: Vec<_> = told.iter().filter(|one| one.sha256 == Some(ABC)).collect();
    let states: Vec<_> = told.iter().filter(|one| one.file == second[0].file).map(|one| one.state).collect();
    assert_eq!(states, [HashState::HashWasRateLimited, HashState::Done]);
    assert_eq!(counts.over_budget.get(), 1);
}

#[test]
fn what_the_queue_cannot_take_is_told_and_taken_the_next_time() {
    let dir = tempfile::tempdir().unwrap();
    // No worker at the other end.
    let (jobs, queue) = sync_channel(1);
    let (_sender, results) = sync_channel(1);
    let mut collector = Collector::over(Some(jobs), results, Arc::default());
    let second = context(&made(&dir, "second", b"2"), Source::Event);
    collector.began(&context(&made(&dir, "first", b"1"), Source::Event));
    collector.began(&second);
    let told = collector.take();
    assert_eq!(told.iter().map(|one| one.state).collect::<Vec<_>>(), [HashState::HashWasRateLimited]);
    assert_eq!(collector.counts.dropped.get(), 1);
    queue.recv().unwrap();
    collector.began(&second);
    assert_eq!(queue.recv().unwrap().file, told[0].file);
}

#[test]
fn programs_that_ran_before_wait_and_remote_ones_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (jobs, queue) = sync_channel(9);
    let (_sender, results) = sync_channel(1);
    let mut collector = Collector::over(Some(jobs), results, Arc::default());
    collector.began(&context(&made(&dir, "before", b"1"), Source::Snapshot));
    let mut remote = context(&made(&dir, "remote", b"2"), Source::Event);
    if let ImageRef::Own(image) = &mut remote.image {
        Arc::make_mut(image).executable.facts.as_mut().unwrap().filesystem = "fuse".into();
    }
    collector.began(&remote);
    assert!(collector.take().is_empty() && queue.try_recv().is_err());
    collector.began -= START;
    assert!(collector.take().is_empty());
    assert!(queue.try_recv().unwrap().path.ends_with(b"/before"));
    assert!(queue.try_recv().is_err());
}

#[test]
fn nothing_is_found_out_where_nothing_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let (mut collector, _) = started(0, 1 << 20);
    collector.began(&context(&made(&dir, "program", b"abc"), Source::Event));
    assert!(collector.take().is_empty() && collector.finish().is_empty());
}

#[test]
fn a_file_that_was_not_found_is_looked_for_again_when_it_is_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut collector, _) = started(1 << 20, 1 << 20);
    let path = made(&dir, "program", b"abc");
    let program = context(&path, Source::Event);
    let mut told = |context: &Context| {
        collector.began(context);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(one) = collector.take().pop() {
                return one.state;
            }
            assert!(Instant::now() < until);
            thread::yield_now();
        }
    };
    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        assert_eq!(told(&program), HashState::FileNotFound, "told each time");
    }
}
