//! What is known of a store from outside, and whether it has just that.

use std::collections::{BTreeMap, BTreeSet};

use event::{Class, Event, GapReason};
use store::{Batch, Filter, Order, Query, SegmentState, SegmentStats, Store};

use crate::model::Model;

/// A batch that was refused: it may have come through all the same.
pub struct Doubtful {
    pub first: u64,
    pub batch: Batch,
}

/// What is known of the store from outside.
#[derive(Default)]
pub struct Known {
    /// Acknowledged, or seen after a restart: from now on it must be there, at this id.
    pub events: BTreeMap<u64, Event>,
    pub doubtful: Vec<Doubtful>,
    /// Batches as they went in, for the model.
    pub model: Model,
    /// No event may get an id below this.
    pub next_id: u64,
    /// The clock stepped back, or ids were left out: the model does not say who was alive when.
    pub crooked: bool,
    /// Names of pins, and the ids that each keeps.
    pub pinned: BTreeMap<String, BTreeSet<u64>>,
    /// If events go because of their age alone: only those before this time may be gone.
    pub horizon: Option<i64>,
}

/// All events of a store that fit, by id.
pub fn all(store: &Store, filter: &Filter) -> BTreeMap<u64, Event> {
    let mut found: BTreeMap<u64, Event> = BTreeMap::new();
    let mut query = Query { filter: filter.clone(), limit: 1_000, order: Order::Asc, ..Query::default() };
    loop {
        let page = store.events(&query).unwrap();
        for event in page.events {
            let last = found.last_key_value().map_or(0, |(id, _)| *id);
            assert!(event.id > last, "event {} after {last}", event.id);
            found.insert(event.id, event.event);
        }
        query.after = page.next;
        if page.next.is_none() {
            return found;
        }
    }
}

impl Known {
    /// A batch is there.
    pub fn add(&mut self, first: u64, batch: &Batch) {
        for (id, event) in (first..).zip(&batch.events) {
            assert!(self.events.insert(id, event.clone()).is_none(), "id {id} was given out before");
        }
        self.next_id = self.next_id.max(first + batch.events.len() as u64);
        self.model.append_at(first, batch);
    }

    /// Everything in the store, and that it is what it should be. What is doubtful and there is known from now on, if
    /// it `stays`: it was read, and nothing floats that a power cut could take.
    pub fn check(&mut self, store: &Store, stays: bool) {
        let found = all(store, &Filter::default());
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
        for (name, ids) in &self.pinned {
            let gone = ids.iter().find(|id| !found.contains_key(id));
            assert!(gone.is_none(), "{gone:?} is gone, which {name} keeps");
            assert!(store.stats().pins.iter().any(|one| one.pin.name == *name), "{name} is not there");
        }
        if let Some(horizon) = self.horizon {
            let young =
                self.events.iter().find(|(id, event)| event.time >= horizon && !found.contains_key(id));
            assert!(young.is_none(), "{young:?} is younger than {horizon}, and gone");
        }
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
