//! A writer over a disk that fails and a clock that jumps: seeds by the thousand, each a life of a store with kills and
//! power cuts. What was acknowledged is there, once, whatever happened; what was refused is there whole or not at all.
//!
//! `TACHO_SEED=7 cargo test -p store --test it simulation -- --nocapture` runs one seed and tells what it does;
//! `TACHO_SEEDS=100000` runs so many.

mod clock;
mod known;
mod retained;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::faults::Tools;
use store::{Filter, Options, Store, Writer, verify};

use self::clock::Clock;
use self::known::{Doubtful, Known, all};
use self::retained::{Life, SMALLEST, Tally};
use crate::disk::{Disk, Faults};
use crate::fixtures::unpacked;
use crate::property::compare;
use crate::scenario::{Host, Random, dir};

/// Seeds of an ordinary run, and of one that nobody waits for.
const SEEDS: u64 = 100;
const CI_SEEDS: u64 = 2_000;

struct Simulation {
    dir: tempfile::TempDir,
    disk: Arc<Disk>,
    clock: Arc<Clock>,
    random: Random,
    host: Host,
    known: Known,
    options: Options,
    trace: bool,
    /// Segments may go, or be thinned.
    evicts: bool,
    /// Begun by an earlier release.
    old: bool,
    life: Life,
    tally: Tally,
}

impl Simulation {
    fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random(seed ^ 0x51e0_5eed);
        let disk = Arc::new(Disk::new(random.next(), trace));
        disk.let_background(false);
        let clock = Arc::new(Clock::default());
        let small = random.below(3) == 0;
        let max_age =
            (random.below(if small { 3 } else { 8 }) == 0).then(|| Duration::from_secs(1 + random.below(30)));
        let evicts = small || max_age.is_some();
        let options = Options {
            boot: 7,
            segment_age: Duration::from_secs(if evicts || random.below(4) == 0 { 0 } else { 9999 }),
            max_size: if small { *random.pick(&[SMALLEST, 3 << 20]) } else { 4 << 30 },
            max_age,
            min_free: if small && random.below(2) == 0 { 2 << 20 } else { 0 },
            pin_max_size: small.then_some(4 << 20),
            keep_lifecycle: *random.pick(&[None, None, Some(0), Some(1 << 20)]),
            pack: random.below(if small { 4 } else { 2 }) > 0,
            watch: Some(Arc::clone(&disk) as _),
            host: Some(Arc::clone(&clock) as _),
            ..Options::default()
        };
        let host = Host::new(random.next());
        let known = Known { next_id: 1, horizon: (!small && evicts).then_some(i64::MIN), ..Known::default() };
        let (life, tally) = (Life::default(), Tally::default());
        let dir = dir();
        let mut this =
            Self { dir, disk, clock, random, host, known, options, trace, evicts, old: false, life, tally };
        if this.one_in(10) {
            this.begin_old();
        }
        this
    }

    /// The store is one that an earlier release wrote.
    fn begin_old(&mut self) {
        let name = if self.one_in(6) { "store" } else { "beginning" };
        let name = format!("{}/{name}", self.random.pick(&["v1", "v2"]));
        self.say(|| format!("a store of {name}"));
        self.dir = unpacked(&name);
        self.known.events = all(&Store::open(self.dir.path()).unwrap(), &Filter::default());
        self.known.next_id = self.known.events.last_key_value().map_or(1, |(id, _)| id + 1);
        (self.old, self.known.crooked) = (true, true);
    }

    /// Where nobody writes, old segments are brought up to date, as far as it comes.
    fn migrate(&mut self, whole: bool) {
        let mut steps = if whole { u64::MAX } else { 1 + self.random.below(30) };
        if !whole && self.one_in(2) {
            let full = self.one_in(4);
            self.disk.set(Faults { write: 100, sync: 500, name: 1_000, full });
            self.disk.kill_in(self.random.below(300));
        }
        let watch = Arc::clone(&self.disk) as _;
        let refused = self.disk.refused();
        let tools = Tools { watch: Some(&watch), ..Tools::default() };
        let done = store::faults::migrate_watched(self.dir.path(), &tools, &mut |_| {
            steps -= 1;
            if steps == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.say(|| format!("migrated: {done:?}"));
        match done {
            Ok(done) => {
                assert!(done.left.is_empty() && !(whole && done.interrupted), "{done:?}");
                self.tally.count("migrated", done.done);
                self.tally.count("migration interrupted", done.interrupted.into());
            }
            Err(error) => {
                assert!(self.disk.refused() > refused, "refused although nothing failed: {error}");
                self.tally.count("migration interrupted", 1);
            }
        }
        if self.disk.is_dead() && self.one_in(2) {
            self.say(|| "the power fails".to_owned());
            self.disk.cut();
        }
        self.disk.revive();
        self.look();
    }

    /// Another process reads everything.
    fn look(&mut self) {
        let store = Store::open(self.dir.path()).unwrap();
        self.known.check(&store, self.disk.is_settled());
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{}", what());
        }
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.random.below(n) == 0
    }

    /// One process of the recorder after the other.
    fn run(mut self) -> Tally {
        let mut lives = 1 + self.random.below(4);
        let mut writer = self.open();
        while lives > 0 {
            if self.one_in(2) {
                self.disk.kill_in(self.random.below(200));
            }
            let died = self.live(&mut writer);
            self.end_life(&writer);
            if died {
                lives -= 1;
                self.disk.let_background(true);
                drop(writer);
                self.disk.let_background(false);
                if self.one_in(2) {
                    self.say(|| "the power fails".to_owned());
                    self.disk.cut();
                }
                self.disk.revive();
                if self.one_in(if self.old { 2 } else { 10 }) {
                    self.migrate(false);
                }
                self.reboot();
                if self.one_in(2) {
                    self.look();
                }
                writer = self.open();
            } else {
                lives -= 1;
            }
        }
        self.disk.revive();
        self.known.check(&writer.reader(), false);
        self.disk.let_background(true);
        writer.settle();
        writer.close().unwrap();
        if self.old {
            self.migrate(true);
        }
        let store = Store::open(self.dir.path()).unwrap();
        self.known.check(&store, true);
        if !self.evicts && !self.known.crooked {
            compare(&store, &self.known.model, &mut self.random, &self.host);
        }
        drop(store);
        let report = verify(self.dir.path(), &mut |_| {}).unwrap();
        // What was removed after a file that could not be removed is missing behind it, and is told.
        let told =
            |problem: &Option<String>| problem.as_ref().is_none_or(|text| text.ends_with("it are missing"));
        let holes = report.segments.iter().all(|segment| told(&segment.problem));
        assert!(report.whole || self.evicts && self.disk.refused() > 0 && holes, "{report:?}");
        self.tally
    }

    /// Opens the store over a disk that may fail.
    fn open(&mut self) -> Writer {
        self.clock.set(self.host.now, self.host.uptime());
        if self.one_in(3) {
            let faults = Faults { write: 200, sync: 200, name: 500, full: self.one_in(3) };
            self.say(|| format!("open over {faults:?}"));
            self.disk.set(faults);
        }
        if self.one_in(4) {
            self.disk.kill_in(self.random.below(30));
        }
        for _ in 0..10 {
            match Writer::open(self.dir.path(), self.options.clone()) {
                Ok(writer) => return self.opened(writer),
                Err(error) => self.say(|| format!("open: {error}")),
            }
            if self.disk.is_dead() {
                if self.one_in(2) {
                    self.disk.cut();
                }
                self.disk.revive();
            }
        }
        self.disk.revive();
        let writer = Writer::open(self.dir.path(), self.options.clone()).unwrap();
        self.opened(writer)
    }

    fn opened(&mut self, writer: Writer) -> Writer {
        self.begin_life();
        self.host.next_context = writer.next_context_id();
        self.host.take();
        self.host.restart();
        writer
    }

    fn reboot(&mut self) {
        if self.one_in(3) {
            self.host.boot += 1;
            self.options.boot = self.host.boot;
        }
        self.say(|| format!("a new process, boot {}", self.host.boot));
    }

    /// Batches until the process dies (true) or that was enough.
    fn live(&mut self, writer: &mut Writer) -> bool {
        for _ in 0..=self.random.below(12) {
            match self.random.below(15) {
                0 => {
                    let jump = self.random.below(4_000) as i64 - 2_000;
                    self.say(|| format!("the clock steps by {jump}"));
                    self.known.crooked |= jump < 0;
                    self.host.now = (self.host.now + jump).max(1_000_000);
                }
                1 => {
                    let faults = Faults {
                        write: *self.random.pick(&[0, 0, 100, 2_000]),
                        sync: *self.random.pick(&[0, 0, 500, 3_000]),
                        name: *self.random.pick(&[0, 0, 2_000]),
                        full: self.one_in(4),
                    };
                    self.say(|| format!("{faults:?}"));
                    self.disk.set(faults);
                }
                2 => {
                    self.say(|| "the disk works".to_owned());
                    self.disk.set(Faults::default());
                }
                3 => self.known.check(&writer.reader(), false),
                4 => self.settle(writer),
                5 if self.one_in(4) => self.disk.kill(),
                6 if self.evicts || self.one_in(4) => self.pin(writer),
                7 => {
                    let scarce = self.one_in(2);
                    self.say(|| format!("room is scarce: {scarce}"));
                    self.clock.set_scarce(scarce);
                    self.life.scarce |= scarce;
                }
                8 => {
                    let nanos = self.random.below(60_000_000_000);
                    self.say(|| format!("{nanos} ns pass"));
                    self.host.pass(nanos);
                }
                _ => self.append(writer),
            }
            if self.disk.is_dead() {
                return true;
            }
        }
        false
    }

    /// The background does what there is to do.
    fn settle(&self, writer: &Writer) {
        self.disk.let_background(true);
        writer.settle();
        self.disk.let_background(false);
    }

    fn append(&mut self, writer: &mut Writer) {
        let steps = *self.random.pick(&[1, 5, 30, 30, 200]);
        (0..steps).for_each(|_| self.host.step());
        let mut batch = self.host.take();
        if batch.is_empty() {
            return;
        }
        self.clock.set(self.host.now, self.host.uptime());
        for attempt in 0.. {
            let first = writer.next_event_id();
            let result = writer.append(&batch);
            self.say(|| format!("append {} at {first}: {result:?}", batch.events.len()));
            match result {
                Ok(appended) => {
                    assert_eq!(appended.events, batch.events.len() as u64);
                    assert!(writer.next_event_id() >= appended.first_event + appended.events);
                    self.known.doubtful.retain(|doubtful| doubtful.batch != batch);
                    assert!(appended.first_event >= self.known.next_id, "ids are given out once");
                    self.known.add(appended.first_event, &batch);
                    self.see_retention(writer);
                    break;
                }
                Err(_) => {
                    assert!(self.disk.refused() > 0, "refused although nothing failed");
                    self.known.doubtful.retain(|doubtful| doubtful.batch != batch);
                    self.known.doubtful.push(Doubtful { first, batch: batch.clone() });
                }
            }
            self.see_retention(writer);
            if self.disk.is_dead() {
                return;
            }
            if self.one_in(4) {
                self.known.check(&writer.reader(), false);
            }
            if attempt > 2 || self.one_in(3) {
                self.disk.set(Faults::default());
            }
            if self.one_in(4) {
                // As the recorder does: the events are given up, who is who is not.
                self.say(|| "the events are dropped".to_owned());
                batch.events.clear();
                self.known.crooked = true;
                (0..5).for_each(|_| self.host.step());
                let more = self.host.take();
                batch.contexts.extend(more.contexts);
                batch.events = more.events;
                batch.exits.extend(more.exits);
                batch.gaps.extend(more.gaps);
            }
        }
        if self.options.pack {
            self.settle(writer);
        }
    }
}

fn told(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

#[test]
fn what_was_acknowledged_is_there_once_whatever_the_disk_does() {
    if let Ok(seed) = std::env::var("TACHO_SEED") {
        let tally = Simulation::new(seed.parse().unwrap(), true).run();
        return eprintln!("{tally:?}");
    }
    let usual = if std::env::var("CI").is_ok_and(|ci| ci == "true") { CI_SEEDS } else { SEEDS };
    let seeds = std::env::var("TACHO_SEEDS").map_or(usual, |seeds| seeds.parse().unwrap());
    let next = AtomicU64::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    let tally = std::sync::Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    let run = AssertUnwindSafe(|| Simulation::new(seed, false).run());
                    match catch_unwind(run) {
                        Ok(what) => tally.lock().unwrap().add(&what),
                        Err(panic) => failures.lock().unwrap().push((seed, told(&*panic))),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    for (seed, message) in failures.iter().take(20) {
        println!("seed {seed}: {message}");
        println!("  TACHO_SEED={seed} cargo test -p store --test it simulation -- --nocapture");
    }
    assert!(failures.is_empty(), "{} of {seeds} seeds failed", failures.len());
    let tally = tally.into_inner().unwrap();
    println!("{tally:?}");
    assert!(seeds < CI_SEEDS || tally.has_all(), "something was never met: {tally:?}");
}
