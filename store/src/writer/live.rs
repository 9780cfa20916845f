//! Contexts that a new segment must begin with.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use event::{Context, ContextId, Exit, ImageRef, ProcessKey};

use crate::block::Seeded;

/// Ends that are remembered in any case, so that a context that comes late does not bring its process back.
const RECENT_EXITS: usize = 4096;
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
