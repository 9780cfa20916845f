//! A large store: what it costs to build, to open after a kill, to ask, and how much memory that takes.
//!
//! `TACHO_EVENTS` (default 10,000,000) events are written once to `TACHO_LARGE` (default: a directory that is removed at
//! the end), from the stream of the other benchmarks repeated. Each part runs in a process of its own, so that its memory
//! is its own: `VmHWM` of /proc/PID/status. `TACHO_PARTS` picks parts (`build,pack,questions,query,http,timeline,dirty,
//! reopen`).
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod http;
mod past;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use benches::{Random, repeat::Repeat};
use rustix::time::ClockId;
use store::{Budget, By, Filter, Options, Order, PathPattern, Query, Store, TimelineQuery, Writer};

/// Questions of each sort.
const QUESTIONS: usize = 300;
/// Events left in the open segment when its writer is killed.
const DIRTY: u64 = 4_000_000;
/// Milliseconds from which on a question is told by itself, where `TACHO_SLOW` is set.
const SLOW: u64 = 10;

fn main() {
    let events: u64 = std::env::var("TACHO_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000_000);
    if let Ok(part) = std::env::var("TACHO_PART") {
        let dir = PathBuf::from(std::env::var_os("TACHO_LARGE").unwrap());
        let repeat = || Repeat::new(benches::stream().unwrap().0);
        match part.as_str() {
            "build" => build(&dir, &repeat(), events),
            "pack" => pack(&dir),
            "questions" => questions(&dir, &repeat(), events),
            "query" => query(&dir),
            "timeline" => timeline(&dir),
            "http" => http::http(&dir),
            "past" => past::past(&dir),
            "dirty" => dirty(&dir, &repeat(), events),
            "reopen" => reopen(&dir),
            other => println!("no part is called {other}"),
        }
        let (peak, cpu) = costs();
        println!("{part}: peak memory {:.0} MB, {cpu:.1} s of CPU", peak as f64 / 1e6);
        return;
    }
    let made = tempfile::tempdir().unwrap();
    let dir = std::env::var_os("TACHO_LARGE").map_or_else(|| made.path().to_owned(), PathBuf::from);
    let parts = std::env::var("TACHO_PARTS")
        .unwrap_or_else(|_| "build,pack,questions,query,http,timeline,dirty,reopen".to_owned());
    for part in parts.split(',') {
        if part == "build" && dir.join("segments").exists() {
            println!("build: {} is there already", dir.display());
            continue;
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .env("TACHO_PART", part)
            .env("TACHO_LARGE", &dir)
            .env("TACHO_EVENTS", events.to_string())
            .status()
            .unwrap();
        println!("{part}: {status}");
    }
}

/// Peak of resident memory in bytes, and seconds of CPU of all threads.
fn costs() -> (u64, f64) {
    (benches::peak_memory(), cpu(ClockId::ProcessCPUTime).as_secs_f64())
}

/// CPU time of this thread, or of all of them: what is left where others make it wait.
fn cpu(clock: ClockId) -> Duration {
    let now = rustix::time::clock_gettime(clock);
    Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn options(pack: bool) -> Options {
    Options { max_size: 1 << 40, boot: 1 << 90, pack, ..Options::default() }
}

/// The latest of what is in order at each share.
fn told(name: &str, mut times: Vec<Duration>, note: &str) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{name:<34} p50 {:>9.1?}  p90 {:>9.1?}  p99 {:>9.1?}  worst {:>9.1?}  {note}",
        at(50),
        at(90),
        at(99),
        at(100)
    );
}

fn build(dir: &Path, repeat: &Repeat, events: u64) {
    let mut writer = Writer::open(dir, options(false)).unwrap();
    let (mut written, mut round, mut used) = (0, 0, Duration::ZERO);
    let mut times = Vec::new();
    'all: loop {
        for batch in repeat.round(round) {
            let (begun, cpu_begun) = (Instant::now(), cpu(ClockId::ThreadCPUTime));
            written += writer.append(&batch).unwrap().events;
            times.push(begun.elapsed());
            used += cpu(ClockId::ThreadCPUTime).saturating_sub(cpu_begun);
            if written >= events {
                break 'all;
            }
        }
        round += 1;
    }
    let wall: Duration = times.iter().sum();
    println!(
        "build: {written} events, {} commits, {:.2} M events/s by the clock, {:.2} M events/s of CPU",
        times.len(),
        written as f64 / wall.as_secs_f64() / 1e6,
        written as f64 / used.as_secs_f64() / 1e6
    );
    told("commit", times, "");
    writer.close().unwrap();
    sizes(dir, "closed");
}

fn sizes(dir: &Path, form: &str) {
    let stats = Store::open(dir).unwrap().stats();
    println!(
        "{form}: {} segments, {} events, {} bytes, {:.2} bytes/event",
        stats.segments.len(),
        stats.events,
        stats.bytes,
        stats.bytes as f64 / stats.events as f64
    );
}

fn pack(dir: &Path) {
    let begun = Instant::now();
    let writer = Writer::open(dir, options(true)).unwrap();
    println!("writer opened in {:.1?}", begun.elapsed());
    let begun = Instant::now();
    writer.settle();
    println!("packed in {:.1?}", begun.elapsed());
    writer.close().unwrap();
    sizes(dir, "packed");
}

fn paths(text: &str) -> Filter {
    Filter { paths: vec![PathPattern::parse(text).unwrap()], ..Filter::default() }
}

/// A line of the file of questions, behind its sort; what is empty is not asked for.
#[derive(Debug)]
struct Question {
    order: String,
    pid: String,
    process: String,
    descendants: String,
    path: String,
    since: String,
    until: String,
}

impl Question {
    /// All questions, each with its sort.
    fn all(dir: &Path) -> Vec<(String, Self)> {
        let text = std::fs::read_to_string(dir.join("questions")).unwrap();
        let question = |line: &str| {
            let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
            let [name, order, pid, process, descendants, path, since, until] = fields.try_into().unwrap();
            (name, Self { order, pid, process, descendants, path, since, until })
        };
        text.lines().map(question).collect()
    }

    fn query(&self) -> Query {
        let filter = Filter {
            pids: self.pid.parse().ok().into_iter().collect(),
            processes: self.process.parse().ok().into_iter().collect(),
            descendants: self.descendants == "true",
            paths: PathPattern::parse(&self.path).ok().into_iter().collect(),
            since: self.since.parse().ok(),
            until: self.until.parse().ok(),
            ..Filter::default()
        };
        let order = if self.order == "Asc" { Order::Asc } else { Order::Desc };
        Query { filter, order, limit: 100, ..Query::default() }
    }
}

/// Asks what the file of questions says; the stream itself is not in this process's memory.
fn query(dir: &Path) {
    let begun = Instant::now();
    let store = Store::open(dir).unwrap();
    println!("store opened in {:.1?}", begun.elapsed());
    println!("{} events, peak memory after opening {:.0} MB", store.stats().events, costs().0 as f64 / 1e6);
    let questions = Question::all(dir);
    for some in questions.chunk_by(|(name, _), (other, _)| name == other) {
        let (mut times, mut used, mut found, mut full) = (Vec::new(), Vec::new(), 0, 0);
        for (_, question) in some {
            let query = question.query();
            let before = cpu(ClockId::ThreadCPUTime);
            let all_before = cpu(ClockId::ProcessCPUTime);
            let begun = Instant::now();
            let page = store.events(&query).unwrap();
            let took = begun.elapsed();
            times.push(took);
            let own = cpu(ClockId::ThreadCPUTime).saturating_sub(before);
            used.push(own);
            if took > Duration::from_millis(SLOW) && std::env::var_os("TACHO_SLOW").is_some() {
                let all = cpu(ClockId::ProcessCPUTime).saturating_sub(all_before);
                println!(
                    "slow: {took:.1?}, CPU {own:.1?} of {all:.1?}; {} found: {question:?}",
                    page.events.len()
                );
            }
            found += usize::from(!page.events.is_empty());
            full += usize::from(page.next.is_some());
        }
        used.sort_unstable();
        let cpu = [50, 90, 99].map(|percent| used[(used.len() - 1) * percent / 100]);
        told(
            &some[0].0,
            times,
            &format!("CPU {:.2?} {:.2?} {:.2?}; {found} found, {full} with more", cpu[0], cpu[1], cpu[2]),
        );
    }
}

/// Counting by time: the whole store and its last tenth, each with a fresh reader, as the first picture of a page is.
fn timeline(dir: &Path) {
    let (first, last) = Store::open(dir).unwrap().span().unwrap();
    let tenth = last - (last - first) / 10;
    for (name, since, until) in [("all", first, last + 1), ("last tenth", tenth, last + 1)] {
        for (by, buckets) in [
            (By::Category, 100),
            (By::Category, 2_000),
            (By::Outcome, 100),
            (By::Comm, 100),
            (By::Process, 100),
        ] {
            let query = TimelineQuery { filter: Filter::default(), since, until, buckets, by, top: 10 };
            let times = (0..3)
                .map(|_| {
                    let store = Store::open(dir).unwrap();
                    let start = Instant::now();
                    let found = store.timeline(&query, &Budget::unlimited()).unwrap();
                    let count: u64 = found.counts.iter().flatten().chain(&found.rest).sum();
                    assert!(found.whole && count > 0);
                    start.elapsed()
                })
                .collect();
            told(&format!("timeline, {name}, {buckets} buckets by {}", by.name()), times, "");
        }
    }
}

/// Makes up random questions of each sort. What is asked for is in the stream by itself, unless it is said to be nowhere.
fn questions(dir: &Path, repeat: &Repeat, events: u64) {
    type Ask<'a> = Box<dyn FnMut(&mut Random) -> Filter + 'a>;
    let path_of = |random: &mut Random, from: u64, to: u64| loop {
        let place = from + random.below((to - from).max(1));
        if let Some(file) = repeat.event(place).and_then(|event| event.file)
            && file.path.starts_with('/')
            && !file.path.contains('*')
        {
            return file.path;
        }
    };
    let key = |random: &mut Random| loop {
        if let Some(key) = repeat.process(random.below(events)) {
            return key;
        }
    };
    let middle = |random: &mut Random| {
        let place = random.below(events);
        repeat.event(place).map_or(0, |event| event.time)
    };
    let mut sorts: Vec<(&str, Ask<'_>)> = vec![
        ("newest", Box::new(|_| Filter::default())),
        ("pid", Box::new(|random| Filter { pids: vec![key(random).pid], ..Filter::default() })),
        ("process", Box::new(|random| Filter { processes: vec![key(random)], ..Filter::default() })),
        (
            "pid nowhere",
            Box::new(|random| Filter {
                pids: vec![5_000_000 + u32::try_from(random.below(1000)).unwrap_or(0)],
                ..Filter::default()
            }),
        ),
        ("path", Box::new(|random| paths(&path_of(random, 0, events)))),
        ("path of the oldest tenth", Box::new(|random| paths(&path_of(random, 0, events / 10)))),
        ("path nowhere", Box::new(|random| paths(&format!("/home/u/none/{}", random.below(1 << 40))))),
        (
            "path prefix (its directory)/**",
            Box::new(|random| {
                let path = path_of(random, 0, events);
                paths(&format!("{}/**", path.rsplit_once('/').map_or("", |(dir, _)| dir)))
            }),
        ),
        (
            "path prefix nowhere",
            Box::new(|random| paths(&format!("/home/u/none{}/**", random.below(1 << 40)))),
        ),
        (
            "glob (its directory)/*(last 6)",
            Box::new(|random| {
                let path = path_of(random, 0, events);
                let (dir, name) = path.rsplit_once('/').unwrap_or_default();
                let end = name.char_indices().rev().nth(5).map_or(name, |(at, _)| &name[at..]);
                paths(&format!("{dir}/*{end}"))
            }),
        ),
        (
            "glob **/(its name)",
            Box::new(|random| {
                let path = path_of(random, 0, events);
                paths(&format!("**/{}", path.rsplit_once('/').map_or("", |(_, name)| name)))
            }),
        ),
        (
            "descendants of a pid",
            Box::new(|random| Filter { pids: vec![key(random).pid], descendants: true, ..Filter::default() }),
        ),
        (
            "descendants of a process",
            Box::new(|random| Filter {
                processes: vec![key(random)],
                descendants: true,
                ..Filter::default()
            }),
        ),
        (
            "time window of 10 s",
            Box::new(|random| {
                let since = middle(random);
                Filter { since: Some(since), until: Some(since + 10_000_000_000), ..Filter::default() }
            }),
        ),
        (
            "pid in a time window of 10 min",
            Box::new(|random| {
                let since = middle(random);
                let until = Some(since + 600_000_000_000);
                Filter { pids: vec![key(random).pid], since: Some(since), until, ..Filter::default() }
            }),
        ),
    ];
    let mut text = String::new();
    for (name, filter) in &mut sorts {
        let mut random = Random(7);
        for question in 0..QUESTIONS {
            let order = if question % 4 == 3 { "Asc" } else { "Desc" };
            let Filter { pids, processes, descendants, paths, since, until, .. } = filter(&mut random);
            let pid = pids.first().map(ToString::to_string).unwrap_or_default();
            let process = processes.first().map(ToString::to_string).unwrap_or_default();
            let path = paths.first().map(ToString::to_string).unwrap_or_default();
            let [since, until] =
                [since, until].map(|time| time.map(|time| time.to_string()).unwrap_or_default());
            writeln!(text, "{name}\t{order}\t{pid}\t{process}\t{descendants}\t{path}\t{since}\t{until}")
                .unwrap();
        }
    }
    std::fs::write(dir.join("questions"), text).unwrap();
}

/// Goes on writing, without packing, and dies in the middle: with [`DIRTY`] events in the open segment.
fn dirty(dir: &Path, repeat: &Repeat, events: u64) {
    let mut writer = Writer::open(dir, options(false)).unwrap();
    let mut open = 0;
    let mut round = events / repeat.events + 2;
    loop {
        for batch in repeat.round(round) {
            let appended = writer.append(&batch).unwrap();
            open = if appended.rotated { appended.events } else { open + appended.events };
            if open >= DIRTY.min(events / 2) {
                println!("dirty: killed with {open} events in the open segment");
                let (peak, _) = costs();
                println!("dirty: peak memory {:.0} MB", peak as f64 / 1e6);
                Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
            }
        }
        round += 1;
    }
}

/// Opens what a kill left, first to read, then to write.
fn reopen(dir: &Path) {
    let begun = Instant::now();
    let store = Store::open(dir).unwrap();
    println!("store opened after the kill in {:.1?}", begun.elapsed());
    let begun = Instant::now();
    let page = store.events(&Query { limit: 100, order: Order::Desc, ..Query::default() }).unwrap();
    println!("newest {} in {:.1?}", page.events.len(), begun.elapsed());
    println!("{} events, peak memory {:.0} MB", store.stats().events, costs().0 as f64 / 1e6);
    let path = "/home/u/none/here";
    for _ in 0..3 {
        let begun = Instant::now();
        store.events(&Query { filter: paths(path), limit: 100, order: Order::Desc, after: None }).unwrap();
        println!("a path that is nowhere in {:.1?}", begun.elapsed());
    }
    drop(store);
    let begun = Instant::now();
    let writer = Writer::open(dir, options(false)).unwrap();
    println!("writer opened after the kill in {:.1?}", begun.elapsed());
    writer.close().unwrap();
}
