//! What is kept and what goes: pins, and what retention may do in a life of the writer.

use std::collections::{BTreeMap, BTreeSet};

use store::{Filter, PinError, Retention, Writer};

use super::Simulation;
use super::clock::TOTAL;
use super::known::all;

/// Pause between two segments that go because of their age, as the specification says.
const AGE_PAUSE: u64 = 15_000_000_000;

/// Smallest cap that is kept in any case, likewise.
pub const SMALLEST: u64 = 8 << 20;

/// One process of the recorder, as far as retention goes.
#[derive(Debug, Default)]
pub struct Life {
    /// Wall clock and time since boot when it began.
    began: (i64, u64),
    /// Room was scarce at some time.
    pub scarce: bool,
    counts: Retention,
}

/// What is to be met, by name.
const TO_MEET: [&str; 9] = [
    "pinned",
    "pin refused",
    "pin not written",
    "removed for size",
    "removed for age",
    "removed for free room",
    "thinned",
    "migrated",
    "migration interrupted",
];

/// How often what was met.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub fn count(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    pub fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|(what, times)| self.count(what, *times));
    }

    /// Whether everything was met.
    pub fn has_all(&self) -> bool {
        TO_MEET.iter().all(|what| self.0.get(what).is_some_and(|times| *times > 0))
    }
}

impl Simulation {
    pub fn begin_life(&mut self) {
        self.life = Life { began: (self.host.now, self.host.uptime()), ..Life::default() };
        self.clock.set_scarce(false);
    }

    pub fn end_life(&mut self, writer: &Writer) {
        self.see_retention(writer);
        let counts = &self.life.counts;
        self.tally.count("removed for size", counts.removed_for_size);
        self.tally.count("removed for age", counts.removed_for_age);
        self.tally.count("removed for free room", counts.removed_for_free);
        self.tally.count("thinned", counts.thinned);
        self.life.counts = Retention::default();
    }

    /// What was removed since the last look was to be removed.
    pub fn see_retention(&mut self, writer: &Writer) {
        let stats = writer.reader().stats();
        let counts = stats.retention.unwrap();
        let passed = self.host.uptime() - self.life.began.1;
        if let Some(horizon) = &mut self.known.horizon {
            let age = self.options.max_age.unwrap().as_nanos() as i64;
            *horizon = (*horizon).max(self.life.began.0 + passed as i64 - age);
        }
        if counts.removed_pinned > 0 {
            // In so little room an open segment may need that of the pinned ones.
            assert!(self.options.max_size < SMALLEST, "{counts:?}");
            self.known.pinned.clear();
        }
        assert!(self.evicts || (counts.removed_for_size, counts.thinned) == (0, 0), "{counts:?}");
        let aged = counts.removed_for_age;
        assert!(aged == 0 || self.options.max_age.is_some() && aged <= 1 + passed / AGE_PAUSE, "{counts:?}");
        assert!(counts.removed_for_free == 0 || self.life.scarce && self.options.min_free > 0, "{counts:?}");
        let last = &self.life.counts;
        let alone = counts.removed_for_size == last.removed_for_size
            && counts.removed_for_age == last.removed_for_age;
        if counts.removed_for_free > last.removed_for_free && alone && !self.options.pack {
            let floor = self.options.max_size.min(TOTAL) / 4;
            let bytes: u64 = stats.segments.iter().map(|segment| segment.bytes).sum();
            assert!(bytes >= floor, "{bytes} bytes are left of {floor}");
        }
        if self.options.max_size == SMALLEST && self.disk.refused() == 0 {
            let bytes = bytes(&self.dir.path().join("segments"));
            assert!(bytes <= self.options.max_size, "the store has {bytes} bytes");
        }
        self.life.counts = counts;
    }

    /// Pins some of what there is, or lets a pin go.
    pub fn pin(&mut self, writer: &Writer) {
        let store = writer.reader();
        let pinned = self.known.pinned.keys().next().cloned();
        if self.one_in(3)
            && let Some(name) = pinned
        {
            let result = store.unpin(&name);
            self.say(|| format!("unpin {name}: {result:?}"));
            // If that failed it may have come through.
            self.known.pinned.remove(&name);
            return;
        }
        let Some(last) = self.known.events.last_key_value().map(|(id, _)| *id) else { return };
        let some = 1 + self.random.below(last);
        let from = self.known.events.range(some..).next().map_or(0, |(_, event)| event.time);
        let (since, until) = (from, (from + self.random.below(2_000) as i64).min(self.host.now));
        let name = format!("pin-{}", self.random.next());
        let result = store.pin(&name, since, until, self.host.now);
        self.say(|| format!("pin {since}..{until}: {result:?}"));
        match result {
            Ok(_) => {
                let filter = Filter { since: Some(since), until: Some(until), ..Filter::default() };
                let mut ids: BTreeSet<u64> = all(&store, &filter).into_keys().collect();
                // What was not acknowledged may go yet.
                ids.retain(|id| self.known.events.contains_key(id));
                self.known.pinned.insert(name, ids);
                self.tally.count("pinned", 1);
            }
            Err(PinError::Io { .. }) => {
                assert!(self.disk.refused() > 0, "refused although nothing failed");
                self.tally.count("pin not written", 1);
            }
            Err(_) => self.tally.count("pin refused", 1),
        }
    }
}

/// Bytes of the files of a directory.
fn bytes(dir: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(dir).unwrap();
    files.map(|file| file.unwrap().metadata().map_or(0, |metadata| metadata.len())).sum()
}
