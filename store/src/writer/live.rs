//! Contexts that a new segment must begin with.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use event::{Context, ContextId, Exit, ImageRef, ProcessKey};

use crate::block::Seeded;

/// Ends that are remembered in any case, so that a context that comes late does not bring its process back.
pub const RECENT_EXITS: usize = 4096;
/// Contexts held before the first clearing out.
const FIRST_SWEEP: usize = 4096;

/// The processes that have not ended, with all that their contexts refer to.
#[derive(Debug)]
pub struct Live {
    /// Latest context of each process.
    latest: HashMap<ProcessKey, ContextId, Seeded>,
    held: HashMap<ContextId, Arc<Context>, Seeded>,
    /// Ends of the latest processes to end, and of all that a held context is of.
    exited: HashMap<ProcessKey, Exit, Seeded>,
    /// Processes of `exited`, oldest end first.
    order: VecDeque<ProcessKey>,
    sweep_at: usize,
    forget_at: usize,
}

/// What a context refers to.
pub fn references(context: &Context) -> impl Iterator<Item = ContextId> {
    let shared = match context.image {
        ImageRef::Shared(holder) => Some(holder),
        ImageRef::Unknown | ImageRef::Own(_) => None,
    };
    context.lineage.into_iter().chain(shared)
}

impl Live {
    /// Nobody.
    pub fn new() -> Self {
        Self {
            latest: HashMap::default(),
            held: HashMap::default(),
            exited: HashMap::default(),
            order: VecDeque::new(),
            sweep_at: FIRST_SWEEP,
            forget_at: 2 * RECENT_EXITS,
        }
    }

    /// A context began.
    pub fn began(&mut self, context: &Arc<Context>) {
        self.held.insert(context.id, Arc::clone(context));
        if !self.exited.contains_key(&context.process) {
            let latest = self.latest.entry(context.process).or_insert(context.id);
            *latest = (*latest).max(context.id);
        }
        if self.held.len() >= self.sweep_at {
            self.sweep();
            self.sweep_at = (2 * self.held.len()).max(FIRST_SWEEP);
        }
    }

    /// A process ended.
    pub fn ended(&mut self, exit: &Exit) {
        self.latest.remove(&exit.process);
        if self.exited.insert(exit.process, *exit).is_none() {
            self.order.push_back(exit.process);
        }
        if self.order.len() >= self.forget_at {
            self.forget();
        }
    }

    /// A context that is still held.
    pub fn get(&self, id: ContextId) -> Option<&Arc<Context>> {
        self.held.get(&id)
    }

    /// Lets go of what no live process refers to.
    fn sweep(&mut self) {
        let keep = self.closure(self.latest.values().copied());
        self.held.retain(|id, _| keep.contains(id));
    }

    /// Lets go of old ends that no held context is of.
    fn forget(&mut self) {
        self.sweep();
        let held: HashSet<ProcessKey, Seeded> = self.held.values().map(|context| context.process).collect();
        let old = self.order.len().saturating_sub(RECENT_EXITS);
        let (mut place, exited) = (0, &mut self.exited);
        self.order.retain(|process| {
            place += 1;
            let keep = place > old || held.contains(process);
            if !keep {
                exited.remove(process);
            }
            keep
        });
        self.forget_at = (2 * self.order.len()).max(2 * RECENT_EXITS);
    }

    /// Whether a process has ended as far as is known here, but not when: its end was before the latest ones.
    pub fn has_forgotten(&self, process: &ProcessKey) -> bool {
        !self.latest.contains_key(process) && !self.exited.contains_key(process)
    }

    /// The known ends of the processes of some contexts: ancestors that are kept for their descendants' sake.
    pub fn ends<'a>(&self, contexts: impl IntoIterator<Item = &'a Arc<Context>>) -> Vec<Exit> {
        let mut ends: Vec<Exit> =
            contexts.into_iter().filter_map(|context| self.exited.get(&context.process).copied()).collect();
        ends.sort_by_key(|exit| exit.process);
        ends.dedup();
        ends
    }

    /// Latest context of each process that has not ended.
    pub fn latest(&self) -> Vec<Arc<Context>> {
        self.latest.values().filter_map(|id| self.held.get(id).cloned()).collect()
    }

    fn closure(&self, from: impl Iterator<Item = ContextId>) -> HashSet<ContextId, Seeded> {
        let mut seen = HashSet::default();
        let mut open: Vec<ContextId> = from.collect();
        while let Some(id) = open.pop() {
            if let Some(context) = self.held.get(&id)
                && seen.insert(id)
            {
                open.extend(references(context));
            }
        }
        seen
    }

    /// What a new segment begins with, in order of id.
    pub fn carried(&mut self) -> Vec<Arc<Context>> {
        self.sweep();
        let mut contexts: Vec<_> = self.held.values().cloned().collect();
        contexts.sort_by_key(|context| context.id);
        contexts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use event::{Context, Exit, ImageRef, ProcessKey};

    use super::references;
    use crate::writer::tests::context;
    use crate::{Batch, Options, Writer};

    const PROCESSES: u64 = 3000;

    fn key(number: u64) -> ProcessKey {
        ProcessKey { boot: 7, start: number, pid: u32::try_from(number).unwrap() }
    }

    fn exit(process: ProcessKey) -> Exit {
        Exit { process, time: 2, status: None }
    }

    /// Most are forked by one that has ended since, some change their image, nine of ten end; batch by batch.
    fn write(writer: &mut Writer) -> (BTreeMap<ProcessKey, u64>, BTreeMap<u64, Context>) {
        let (mut alive, mut all): (BTreeMap<ProcessKey, u64>, BTreeMap<u64, Context>) = Default::default();
        let mut last = BTreeMap::new();
        for first in (1..PROCESSES).step_by(97) {
            let mut batch = Batch::default();
            for number in first..(first + 97).min(PROCESSES) {
                let parent = number - number % 13;
                let states = 1 + number % 3;
                for state in 0..states {
                    let id = number * 3 + state;
                    let lineage = if state > 0 { Some(id - 1) } else { last.get(&parent).copied() };
                    let image = if state == 1 { ImageRef::Shared(id - 1) } else { ImageRef::Unknown };
                    let context = Context { process: key(number), lineage, image, ..context(id) };
                    batch.contexts.push(Arc::new(context.clone()));
                    all.insert(id, context);
                    last.insert(number, id);
                }
                alive.insert(key(number), number * 3 + states - 1);
                let old = number.saturating_sub(20);
                if old > 0 && old % 10 != 0 {
                    batch.exits.push(exit(key(old)));
                    alive.remove(&key(old));
                }
            }
            writer.append(&batch).unwrap();
        }
        (alive, all)
    }

    #[test]
    fn who_goes_on_knows_who_lives_and_whom_they_come_from() {
        let dir = tempfile::tempdir().unwrap();
        let open =
            || Writer::open(dir.path(), Options { boot: 7, pack: false, ..Options::default() }).unwrap();
        let mut writer = open();
        let (alive, all) = write(&mut writer);
        writer.close().unwrap();
        let writer = open();
        let found: BTreeMap<_, _> =
            writer.alive().iter().map(|context| (context.process, context.id)).collect();
        assert_eq!(found, alive);

        let segment = writer.shared.segments().last().cloned().unwrap();
        let (contexts, exits) = writer.shared.living(&segment, 0).unwrap();
        let mut expected = BTreeSet::new();
        let mut open: Vec<u64> = alive.into_values().collect();
        while let Some(id) = open.pop() {
            if expected.insert(id) {
                open.extend(references(&all[&id]));
            }
        }
        assert_eq!(contexts.iter().map(|context| context.id).collect::<Vec<_>>(), Vec::from_iter(expected));
        let held: BTreeSet<_> = contexts.iter().map(|context| context.process).collect();
        assert!(!exits.is_empty() && exits.iter().all(|exit| held.contains(&exit.process)));
        assert!(contexts.iter().all(|context| *all.get(&context.id).unwrap() == **context));
    }
}
