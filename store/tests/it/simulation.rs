//! A writer over a disk that fails and a clock that jumps: seeds by the thousand, each a life of a store with kills and
//! power cuts. What was acknowledged is there, once, whatever happened; what was refused is there whole or not at all.
//!
//! `TACHO_SEED=7 cargo test -p store --test it simulation -- --nocapture` runs one seed and tells what it does;
//! `TACHO_SEEDS=100000` runs so many.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use event::{Class, Event, GapReason};
use store::{Batch, Options, Order, Query, SegmentState, SegmentStats, Store, Writer, verify};

use crate::disk::{Disk, Faults};
use crate::model::Model;
use crate::property::compare;
use crate::scenario::{Host, Random, dir};

/// Seeds of an ordinary run, and of one that nobody waits for.
const SEEDS: u64 = 100;
const CI_SEEDS: u64 = 2_000;

/// A batch that was refused: it may have come through all the same.
struct Doubtful {
    first: u64,
    batch: Batch,
}

/// What is known of the store from outside.
#[derive(Default)]
struct Known {
    /// Acknowledged, or seen after a restart: from now on it must be there, at this id.
    events: BTreeMap<u64, Event>,
    doubtful: Vec<Doubtful>,
    /// Batches as they went in, for the model.
    model: Model,
    /// No event may get an id below this.
    next_id: u64,
    /// The clock stepped back, or ids were left out: the model does not say who was alive when.
    crooked: bool,
}

impl Known {
    fn add(&mut self, first: u64, batch: &Batch) {
        for (id, event) in (first..).zip(&batch.events) {
            assert!(self.events.insert(id, event.clone()).is_none(), "id {id} was given out before");
        }
        self.next_id = self.next_id.max(first + batch.events.len() as u64);
        self.model.append_at(first, batch);
    }

    /// Everything in the store, and that it is what it should be. What is doubtful and there is known from now on, if
    /// it `stays`: another process has read it from the disk.
    fn check(&mut self, store: &Store, stays: bool) {
        let mut found: BTreeMap<u64, Event> = BTreeMap::new();
        let mut query = Query { limit: 1_000, order: Order::Asc, ..Query::default() };
        loop {
            let page = store.events(&query).unwrap();
            for event in page.events {
                let last = found.last_key_value().map_or(0, |(id, _)| *id);
                assert!(event.id > last, "event {} after {last}", event.id);
                found.insert(event.id, event.event);
            }
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        let mut expected = self.events.clone();
        // A batch in doubt may stand behind one before it that was in doubt too, and came through.
        let mut came_through: Vec<(usize, u64)> = Vec::new();
        let mut ends = Vec::new();
        for (place, doubtful) in self.doubtful.iter().enumerate() {
            let length = doubtful.batch.events.len() as u64;
            for first in std::iter::once(doubtful.first).chain(ends.clone()) {
                let ids = first..first + length;
                let same = |(id, event): (u64, &Event)| found.get(&id) == Some(event);
                let there = ids.clone().zip(&doubtful.batch.events).all(same) && !ids.is_empty();
                let taken = ids.clone().any(|id| expected.contains_key(&id));
                if there && !taken {
                    ends.push(ids.end);
                    expected.extend(ids.zip(doubtful.batch.events.iter().cloned()));
                    came_through.push((place, first));
                    break;
                }
            }
        }
        let gaps = store.gaps(None, None, &[]);
        let damaged = gaps.iter().find(|gap| gap.reason == GapReason::Damaged);
        assert!(damaged.is_none(), "nothing was damaged: {damaged:?}");
        // What was evicted is a head of it all, and the gap says how much.
        let first = found.first_key_value().map_or(u64::MAX, |(id, _)| *id);
        let evicted = expected.range(..first).count() as u64;
        let mut kept = expected.split_off(&first);
        // Of thinned segments the lifecycle is left, and gaps say how much went.
        let segments = store.stats().segments;
        let thinned: Vec<_> = segments.iter().filter(|one| one.state == SegmentState::Thinned).collect();
        let removed = gaps.iter().any(|gap| gap.reason == GapReason::Evicted && gap.class == Class::All);
        let whole = kept.len();
        kept.retain(|id, event| {
            let has = |one: &&SegmentStats| (one.ids[0]..one.ids[1]).contains(id);
            // A file that could not be removed is there again after a restart, and what was removed after it is not.
            if removed && !found.contains_key(id) && !segments.iter().any(|one| has(&one)) {
                return false;
            }
            event.kind.class() == Class::Process || !thinned.iter().any(has)
        });
        let evicted = evicted + (whole - kept.len()) as u64;
        let told: u64 =
            gaps.iter().filter(|gap| gap.reason == GapReason::Evicted).filter_map(|gap| gap.lost).sum();
        assert!(evicted == 0 || evicted == told || self.crooked, "{evicted} are missing, {told} told");
        let missing: Vec<_> = kept.keys().filter(|id| !found.contains_key(id)).collect();
        let unknown: Vec<_> = found.keys().filter(|id| !kept.contains_key(id)).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
        assert!(kept == found, "an event is not what was recorded");
        if came_through.is_empty() {
            assert_eq!(store.stats().events, found.len() as u64, "the count of events");
        }
        if stays {
            for (place, first) in came_through {
                let batch = self.doubtful[place].batch.clone();
                self.add(first, &batch);
            }
            self.doubtful.clear();
        }
    }
}

struct Simulation {
    dir: tempfile::TempDir,
    disk: Arc<Disk>,
    random: Random,
    host: Host,
    known: Known,
    options: Options,
    trace: bool,
    evicts: bool,
}

impl Simulation {
    fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random(seed ^ 0x51e0_5eed);
        let disk = Arc::new(Disk::new(random.next(), trace));
        let evicts = random.below(4) == 0;
        let options = Options {
            boot: 7,
            segment_age: Duration::from_secs(if evicts || random.below(4) == 0 { 0 } else { 9999 }),
            max_size: if evicts { 8 << 20 } else { 4 << 30 },
            pack: random.below(2) == 0,
            watch: Some(Arc::clone(&disk) as _),
            ..Options::default()
        };
        let host = Host::new(random.next());
        let known = Known { next_id: 1, ..Known::default() };
        Self { dir: dir(), disk, random, host, known, options, trace, evicts }
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
    fn run(mut self) {
        let mut lives = 1 + self.random.below(4);
        let mut writer = self.open();
        while lives > 0 {
            if self.one_in(2) {
                self.disk.kill_in(self.random.below(200));
            }
            if self.life(&mut writer) {
                lives -= 1;
                drop(writer);
                if self.one_in(2) {
                    self.say(|| "the power fails".to_owned());
                    self.disk.cut();
                }
                self.disk.revive();
                self.reboot();
                if self.one_in(2) {
                    let store = Store::open(self.dir.path()).unwrap();
                    self.known.check(&store, true);
                }
                writer = self.open();
            } else {
                lives -= 1;
            }
        }
        self.disk.revive();
        self.known.check(&writer.reader(), false);
        writer.settle();
        writer.close().unwrap();
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
    }

    /// Opens the store over a disk that may fail.
    fn open(&mut self) -> Writer {
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
    fn life(&mut self, writer: &mut Writer) -> bool {
        for _ in 0..=self.random.below(12) {
            match self.random.below(12) {
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
                4 => writer.settle(),
                5 if self.one_in(4) => self.disk.kill(),
                _ => self.append(writer),
            }
            if self.disk.is_dead() {
                return true;
            }
        }
        false
    }

    fn append(&mut self, writer: &mut Writer) {
        let steps = *self.random.pick(&[1, 5, 30, 30, 200]);
        (0..steps).for_each(|_| self.host.step());
        let mut batch = self.host.take();
        if batch.is_empty() {
            return;
        }
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
                    break;
                }
                Err(_) => {
                    assert!(self.disk.refused() > 0, "refused although nothing failed");
                    self.known.doubtful.retain(|doubtful| doubtful.batch != batch);
                    self.known.doubtful.push(Doubtful { first, batch: batch.clone() });
                }
            }
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
            writer.settle();
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
        return Simulation::new(seed.parse().unwrap(), true).run();
    }
    let usual = if std::env::var("CI").is_ok_and(|ci| ci == "true") { CI_SEEDS } else { SEEDS };
    let seeds = std::env::var("TACHO_SEEDS").map_or(usual, |seeds| seeds.parse().unwrap());
    let next = AtomicU64::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    let run = AssertUnwindSafe(|| Simulation::new(seed, false).run());
                    if let Err(panic) = catch_unwind(run) {
                        failures.lock().unwrap().push((seed, told(&*panic)));
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
}
