//! A stream, over and over, each round later and with other processes: a store as large as one likes from a short recording.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use event::{Context, ContextId, Detail, Event, EventId, File, ImageRef, Nanos, ProcessKey};
use store::Batch;

/// One path of so many is another one in each round.
const NEW_PATHS: u64 = 16;
/// Pids of a round are this much above those of the round before, modulo [`PIDS`].
const PID_STEP: u32 = 9_973;
/// As many pids as Linux has at most (`PID_MAX_LIMIT`).
const PIDS: u32 = 4_194_304;

/// A stream that is repeated.
#[derive(Debug)]
pub struct Repeat {
    batches: Vec<Batch>,
    /// Of processes that end within the stream: others in each round. Who does not end is the same in all.
    ended: HashSet<ProcessKey>,
    owners: HashMap<ContextId, ProcessKey>,
    /// Context ids of a round.
    contexts: u64,
    /// Time of a round.
    span: Nanos,
    /// Events of a round.
    pub events: u64,
    first: Nanos,
}

impl Repeat {
    /// A stream to repeat; it should have ends of processes.
    #[must_use]
    pub fn new(batches: Vec<Batch>) -> Self {
        let ended = batches.iter().flat_map(|batch| &batch.exits).map(|exit| exit.process).collect();
        let contexts = || batches.iter().flat_map(|batch| &batch.contexts);
        let owners = contexts().map(|context| (context.id, context.process)).collect();
        let highest = contexts().map(|context| context.id).max().unwrap_or(0);
        let times = || batches.iter().flat_map(|batch| &batch.events).map(|event| event.time);
        let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let events = batches.iter().map(|batch| batch.events.len() as u64).sum();
        Self {
            ended,
            owners,
            contexts: highest + 1,
            span: last - first + 1_000_000_000,
            events,
            first,
            batches,
        }
    }

    /// Batches of a round.
    pub fn round(&self, round: u64) -> impl Iterator<Item = Batch> {
        self.batches.iter().map(move |batch| self.batch(batch, round))
    }

    /// How many batches a round has.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// Time of the first event.
    #[must_use]
    pub const fn first(&self) -> Nanos {
        self.first
    }

    /// An event of the whole, by its place.
    #[must_use]
    pub fn event(&self, place: EventId) -> Option<Event> {
        let (round, mut within) = (place / self.events, usize::try_from(place % self.events).ok()?);
        for batch in &self.batches {
            match batch.events.get(within) {
                Some(event) => return Some(self.moved(event, round)),
                None => within -= batch.events.len(),
            }
        }
        None
    }

    /// The process of an event, by the event's place.
    #[must_use]
    pub fn process(&self, place: EventId) -> Option<ProcessKey> {
        let (round, mut within) = (place / self.events, usize::try_from(place % self.events).ok()?);
        for batch in &self.batches {
            match batch.events.get(within) {
                Some(event) => return self.owners.get(&event.context).map(|key| self.key(*key, round)),
                None => within -= batch.events.len(),
            }
        }
        None
    }

    fn later(&self, round: u64) -> Nanos {
        self.span.saturating_mul(i64::try_from(round).unwrap_or(i64::MAX))
    }

    fn key(&self, key: ProcessKey, round: u64) -> ProcessKey {
        if round == 0 || !self.ended.contains(&key) {
            return key;
        }
        let step = u32::try_from(round).unwrap_or(0).wrapping_mul(PID_STEP);
        let pid = key.pid.wrapping_add(step) % PIDS;
        ProcessKey { start: key.start.saturating_add_signed(self.later(round)), pid: pid.max(2), ..key }
    }

    fn id(&self, id: ContextId, round: u64) -> ContextId {
        match self.owners.get(&id) {
            Some(owner) if self.ended.contains(owner) => id + round * self.contexts,
            _ => id,
        }
    }

    fn file(file: &mut File, round: u64) {
        let mark = file.path.bytes().fold(5381_u64, |mark, byte| mark.wrapping_mul(33) ^ u64::from(byte));
        if round > 0 && mark.is_multiple_of(NEW_PATHS) {
            file.path = format!("{}.{round}", file.path);
        }
    }

    fn moved(&self, event: &Event, round: u64) -> Event {
        let mut event = event.clone();
        event.time += self.later(round);
        event.context = self.id(event.context, round);
        for file in event.file.iter_mut().chain(event.destination.as_deref_mut()) {
            Self::file(file, round);
        }
        match &mut event.detail {
            Detail::Signal { target: Some(other), .. } | Detail::Ptrace { tracee: Some(other), .. } => {
                *other = self.id(*other, round);
            }
            _ => {}
        }
        event
    }

    fn context(&self, context: &Context, round: u64) -> Context {
        let mut moved = context.clone();
        moved.id = self.id(context.id, round);
        moved.lineage = context.lineage.map(|id| self.id(id, round));
        moved.process = self.key(context.process, round);
        moved.creator = context.creator.map(|key| self.key(key, round));
        moved.since += self.later(round);
        moved.fork_time += self.later(round);
        moved.exec_time += if context.exec_time == 0 { 0 } else { self.later(round) };
        if let ImageRef::Shared(holder) = context.image {
            moved.image = ImageRef::Shared(self.id(holder, round));
        }
        moved
    }

    fn batch(&self, batch: &Batch, round: u64) -> Batch {
        if round == 0 {
            return batch.clone();
        }
        let mut exits = batch.exits.clone();
        for exit in &mut exits {
            exit.process = self.key(exit.process, round);
            exit.time += self.later(round);
        }
        Batch {
            contexts: batch
                .contexts
                .iter()
                .filter(|context| self.ended.contains(&context.process))
                .map(|context| Arc::new(self.context(context, round)))
                .collect(),
            events: batch.events.iter().map(|event| self.moved(event, round)).collect(),
            exits,
            gaps: Vec::new(),
            provenance: if round == 0 { batch.provenance.clone() } else { Vec::new() },
        }
    }
}
