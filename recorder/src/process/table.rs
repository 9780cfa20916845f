//! The table of processes: turns lifecycle records into contexts, and says which context a record acted in.

mod entry;
mod rename;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use event::{
    BootId, Container, Context, ContextId, Credentials, Exit, Image, ImageRef, Nanos, ProcessKey, Source,
    context_flags,
};

use crate::{
    clock::{Clock, TICK},
    limits,
    process::{MountNamespace, Names, container::container_id, procfs, procfs::ProcEntry},
};

/// Who a record is of, by its header.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Process id.
    pub tgid: u32,
    /// Thread.
    pub tid: u32,
    /// `start_boottime` in nanoseconds.
    pub start: u64,
    /// Parent at that moment.
    pub ppid: u32,
    /// When, wall time.
    pub time: Nanos,
}

/// What a fork record adds.
#[derive(Clone, Debug)]
pub struct ForkFacts {
    /// The creator.
    pub creator: (u32, u64),
    /// Task name.
    pub comm: String,
    /// Ids without names.
    pub credentials: Option<Credentials>,
    /// Cgroup path; `None` if it is the creator's.
    pub cgroup: Option<String>,
}

/// What an exec record adds.
#[derive(Clone, Debug)]
pub struct ExecFacts {
    /// The new program.
    pub image: Image,
    /// Task name.
    pub comm: String,
    /// Terminal.
    pub tty: String,
    /// Ids without names.
    pub credentials: Option<Credentials>,
    /// Cgroup path; `None` if it was not seen.
    pub cgroup: Option<String>,
    /// Mount namespace; 0 if not seen.
    pub mount_namespace: u32,
}

/// New contexts and exits, for the store.
#[derive(Debug, Default)]
pub struct Output {
    /// In order of number.
    pub contexts: Vec<Arc<Context>>,
    /// In order of time.
    pub exits: Vec<Exit>,
    /// Events that precede the one being made.
    pub events: Vec<event::Event>,
}

/// What the table counts, for `/stats`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Processes alive.
    pub live: u64,
    /// Records of a process that no record or snapshot introduced.
    pub unknown: u64,
    /// Of these, found in /proc.
    pub fallbacks: u64,
    /// Ends that no record told.
    pub unseen_exits: u64,
    /// Processes not entered because the table was full.
    pub refused: u64,
    /// New names of processes that were passed over, see [`limits::RENAMES`].
    pub renames_passed_over: u64,
}

#[derive(Clone, Debug)]
struct Live {
    key: ProcessKey,
    /// `key.start` is exact, not rounded down to a tick.
    exact: bool,
    context: Arc<Context>,
    /// The context that holds the image.
    image: Option<ContextId>,
    /// Inode number of its mount namespace as last seen; 0 if unknown.
    mount_namespace: u32,
    /// Not found in /proc at the last look.
    missing: bool,
    /// The context before, if this one began by another name.
    named_before: Option<ContextId>,
}

impl Live {
    fn is(&self, start: u64) -> bool {
        if self.exact { self.key.start == start } else { self.key.start / TICK == start / TICK }
    }
}

/// See the module.
#[derive(Debug)]
pub struct ProcessTable {
    boot: BootId,
    next: ContextId,
    own_namespace: u32,
    names: Names,
    live: HashMap<u32, Live>,
    ended: VecDeque<Live>,
    fallbacks_left: u32,
    renames_left: u32,
    counts: Counts,
}

impl ProcessTable {
    /// An empty table that numbers contexts from `next`.
    #[must_use]
    pub fn new(boot: BootId, next: ContextId) -> Self {
        Self {
            boot,
            next,
            own_namespace: procfs::mount_namespace(std::process::id()),
            names: Names::default(),
            live: HashMap::new(),
            ended: VecDeque::new(),
            fallbacks_left: limits::FALLBACKS,
            renames_left: limits::RENAMES,
            counts: Counts::default(),
        }
    }

    /// Counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { live: self.live.len() as u64, ..self.counts }
    }

    /// A new process; returns its context.
    pub fn fork(&mut self, id: Identity, facts: ForkFacts, out: &mut Output) -> ContextId {
        let (creator_pid, creator_start) = facts.creator;
        let creator = Identity { tgid: creator_pid, tid: creator_pid, start: creator_start, ppid: 0, ..id };
        let creator = self.resolve(creator, out);
        let parent = creator.context;
        let known = parent.source != Source::Placeholder;
        let mut credentials = facts.credentials.unwrap_or_else(|| parent.credentials.clone());
        let apart = facts.cgroup.is_some();
        let cgroup = facts.cgroup.unwrap_or_else(|| parent.cgroup.clone());
        let namespace = creator.mount_namespace;
        self.name(&mut credentials, Some(&parent.credentials), namespace, id.tgid);
        let context = Context {
            id: self.number(),
            process: ProcessKey { boot: self.boot, start: id.start, pid: id.tgid },
            lineage: Some(parent.id),
            creator: Some(parent.process),
            ppid: id.ppid,
            since: id.time,
            fork_time: id.time,
            exec_time: parent.exec_time,
            comm: facts.comm,
            tty: parent.tty.clone(),
            image: creator.image.map_or(ImageRef::Unknown, ImageRef::Shared),
            credentials,
            container: if apart { container(&cgroup) } else { parent.container.clone() },
            cgroup,
            source: Source::Event,
            flags: context_flags::FORKED | if known { 0 } else { context_flags::LINEAGE_UNKNOWN },
        };
        let live = Self::live_of(context, creator.image, namespace, true, out);
        let number = live.context.id;
        self.insert(live, id.time, out);
        number
    }

    /// A new image; returns the context that begins with it.
    pub fn exec(&mut self, id: Identity, facts: ExecFacts, out: &mut Output) -> ContextId {
        let before = self.resolve(id, out);
        let previous = before.context;
        let mut credentials = facts.credentials.unwrap_or_else(|| previous.credentials.clone());
        let namespace =
            if facts.mount_namespace == 0 { before.mount_namespace } else { facts.mount_namespace };
        let same_view = namespace == before.mount_namespace;
        self.name(&mut credentials, same_view.then_some(&previous.credentials), namespace, id.tgid);
        let cgroup = facts.cgroup.unwrap_or_else(|| previous.cgroup.clone());
        let image_before = before.image.is_some() && previous.flags & context_flags::FORKED == 0;
        let unknown = previous.flags & context_flags::LINEAGE_UNKNOWN;
        let number = self.number();
        let context = Context {
            id: number,
            process: before.key,
            lineage: Some(previous.id),
            creator: previous.creator,
            ppid: id.ppid,
            since: id.time,
            fork_time: previous.fork_time,
            exec_time: id.time,
            comm: facts.comm,
            tty: facts.tty,
            image: ImageRef::Own(Arc::new(facts.image)),
            credentials,
            container: container(&cgroup).or_else(|| previous.container.clone()),
            cgroup,
            source: Source::Event,
            flags: unknown | if image_before { context_flags::EXEC_CHILD } else { 0 },
        };
        let live = Self::live_of(context, Some(number), namespace, before.exact, out);
        self.replace(live);
        number
    }

    /// The end of a process; returns its last context.
    pub fn exit(&mut self, id: Identity, status: u32, out: &mut Output) -> ContextId {
        let live = self.resolve(id, out);
        out.exits.push(Exit { process: live.key, time: id.time, status: Some(status) });
        let number = live.context.id;
        if self.live.get(&id.tgid).is_some_and(|entry| entry.key == live.key) {
            self.live.remove(&id.tgid);
        }
        self.remember(live);
        number
    }

    /// A change of credentials; returns the context before it. Other threads than the leader keep their own
    /// (credentials(7)); the process is taken to be what its leader is.
    pub fn credentials(&mut self, id: Identity, after: &mut Credentials, out: &mut Output) -> ContextId {
        let live = self.resolve(id, out);
        let before = &live.context;
        self.name(after, Some(&before.credentials), live.mount_namespace, id.tgid);
        if id.tid != id.tgid || *after == before.credentials {
            return before.id;
        }
        let context = Context {
            id: self.number(),
            since: id.time,
            ppid: if id.ppid == 0 { before.ppid } else { id.ppid },
            credentials: after.clone(),
            image: live.image.map_or(ImageRef::Unknown, ImageRef::Shared),
            flags: before.flags | context_flags::CREDENTIALS_CHANGE,
            ..(**before).clone()
        };
        let number = before.id;
        let changed = Self::live_of(context, live.image, live.mount_namespace, live.exact, out);
        self.replace(changed);
        number
    }

    /// A process was moved to another cgroup: a new state of it begins. Returns the one before.
    pub fn regrouped(&mut self, id: Identity, cgroup: String, out: &mut Output) -> Option<ContextId> {
        let live = self.live.get(&id.tgid).filter(|live| live.is(id.start))?.clone();
        let before = live.context.id;
        if live.context.cgroup == cgroup {
            return Some(before);
        }
        let context = Context {
            id: self.number(),
            since: id.time,
            image: live.image.map_or(ImageRef::Unknown, ImageRef::Shared),
            container: container(&cgroup),
            cgroup,
            ..(*live.context).clone()
        };
        let moved = Self::live_of(context, live.image, live.mount_namespace, live.exact, out);
        self.replace(moved);
        Some(before)
    }

    /// The context in which a record acted, and the mount namespace if it is not the recorder's own.
    pub fn acting(&mut self, id: Identity, out: &mut Output) -> (ContextId, Option<MountNamespace>) {
        // The common case without a clone.
        if let Some(live) = self.live.get(&id.tgid)
            && live.is(id.start)
        {
            return (live.context.id, self.foreign(live.mount_namespace));
        }
        let live = self.resolve(id, out);
        (live.context.id, self.foreign(live.mount_namespace))
    }

    /// A process was seen in a mount namespace, to which it may have moved; gives it if it is not the recorder's own.
    pub fn moved(&mut self, id: Identity, namespace: u32) -> Option<MountNamespace> {
        if let Some(live) = self.live.get_mut(&id.tgid)
            && live.is(id.start)
        {
            live.mount_namespace = namespace;
        }
        self.foreign(namespace)
    }

    /// The context of what nobody is known to have done: of process 0, which is none.
    pub fn nobody(&mut self, time: Nanos, out: &mut Output) -> ContextId {
        let known = |live: &&Live| live.context.source == Source::Unknown;
        if let Some(live) = self.ended.iter().rev().find(known) {
            return live.context.id;
        }
        let id = Identity { tgid: 0, tid: 0, start: 0, ppid: 0, time };
        let placeholder = self.placeholder(id, Clock::now(), &mut Output::default());
        let context = Context { source: Source::Unknown, ..(*placeholder.context).clone() };
        let live = Self::live_of(context, None, 0, true, out);
        out.exits.push(Exit { process: live.key, time, status: None });
        self.remember(live.clone());
        live.context.id
    }

    /// The state of another process that an event is about, by its pid; of one that ended lately its last.
    #[must_use]
    pub fn other(&self, pid: u32) -> Option<ContextId> {
        let ended = || self.ended.iter().rev().find(|live| live.key.pid == pid);
        self.live.get(&pid).or_else(ended).map(|live| live.context.id)
    }

    /// Compares the table with /proc: a process that is missing twice in a row ended without a record. Call it
    /// seldom (every half minute), with the rings drained in between.
    pub fn reconcile(&mut self, now: Nanos, exists: impl Fn(u32) -> bool, out: &mut Output) {
        let gone: Vec<u32> = self
            .live
            .iter_mut()
            .filter_map(|(pid, live)| {
                let missing = !exists(*pid);
                let twice = missing && live.missing;
                live.missing = missing;
                twice.then_some(*pid)
            })
            .collect();
        for pid in gone {
            if let Some(live) = self.live.remove(&pid) {
                self.end_unseen(live, now, out);
            }
        }
    }

    /// Allows fallbacks for another second.
    pub fn refill(&mut self) {
        self.fallbacks_left = limits::FALLBACKS;
        self.renames_left = limits::RENAMES;
    }

    fn foreign(&self, namespace: u32) -> Option<MountNamespace> {
        (namespace != 0 && namespace != self.own_namespace).then_some(MountNamespace(namespace))
    }

    fn number(&mut self) -> ContextId {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Fills in names; from `known` if the ids are the same.
    fn name(&mut self, credentials: &mut Credentials, known: Option<&Credentials>, namespace: u32, pid: u32) {
        let ids = |c: &Credentials| (c.uid, c.gid, c.euid, c.egid, c.fsuid, c.fsgid);
        if let Some(known) = known.filter(|known| ids(known) == ids(credentials)) {
            let Credentials { cap_effective, cap_permitted, auid, session, .. } = *credentials;
            *credentials = Credentials { cap_effective, cap_permitted, auid, session, ..known.clone() };
        } else {
            let root = self.foreign(namespace).unwrap_or(MountNamespace(0));
            self.names.fill(credentials, root, pid);
        }
    }

    fn live_of(
        context: Context,
        image: Option<ContextId>,
        mount_namespace: u32,
        exact: bool,
        out: &mut Output,
    ) -> Live {
        let context = Arc::new(context);
        out.contexts.push(Arc::clone(&context));
        Live {
            key: context.process,
            exact,
            context,
            image,
            mount_namespace,
            missing: false,
            named_before: None,
        }
    }

    /// Enters a process that began; one of the same pid ended unseen.
    fn insert(&mut self, live: Live, now: Nanos, out: &mut Output) {
        if let Some(old) = self.live.remove(&live.key.pid) {
            self.end_unseen(old, now, out);
        }
        if self.live.len() >= limits::LIVE {
            self.counts.refused += 1;
            self.remember(live);
        } else {
            self.live.insert(live.key.pid, live);
        }
    }

    /// Puts a newer state of a process in place of the one before.
    fn replace(&mut self, live: Live) {
        if let Some(entry) = self.live.get_mut(&live.key.pid).filter(|entry| entry.key == live.key) {
            *entry = live;
        } else if let Some(entry) = self.ended.iter_mut().find(|entry| entry.key == live.key) {
            *entry = live;
        }
    }

    fn end_unseen(&mut self, live: Live, now: Nanos, out: &mut Output) {
        self.counts.unseen_exits += 1;
        out.exits.push(Exit { process: live.key, time: now, status: None });
        self.remember(live);
    }

    fn remember(&mut self, live: Live) {
        if self.ended.iter().rev().take(8).any(|entry| entry.key == live.key) {
            return;
        }
        if self.ended.len() >= limits::ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(live);
    }

    fn resolve(&mut self, id: Identity, out: &mut Output) -> Live {
        if let Some(live) = self.live.get(&id.tgid).filter(|live| live.is(id.start)) {
            return live.clone();
        }
        let ended = self.ended.iter().rev().find(|live| live.key.pid == id.tgid && live.is(id.start));
        if let Some(live) = ended {
            return live.clone();
        }
        self.counts.unknown += 1;
        let clock = Clock::now();
        if self.fallbacks_left > 0 {
            self.fallbacks_left -= 1;
            if let Some(entry) = ProcEntry::read(id.tgid).filter(|entry| entry.start_ticks == id.start / TICK)
            {
                self.counts.fallbacks += 1;
                let live = self.enter_from_proc(
                    entry,
                    entry::Origin::Started(id.start),
                    Source::Fallback,
                    id.time,
                    clock,
                    out,
                );
                self.insert(live.clone(), id.time, out);
                return live;
            }
        }
        let live = self.placeholder(id, clock, out);
        // Nothing will ever tell its end: it is ended at once, so that it is not carried along for ever.
        out.exits.push(Exit { process: live.key, time: id.time, status: None });
        self.remember(live.clone());
        live
    }

    fn placeholder(&mut self, id: Identity, clock: Clock, out: &mut Output) -> Live {
        let context = Context {
            id: self.number(),
            process: ProcessKey { boot: self.boot, start: id.start, pid: id.tgid },
            lineage: None,
            creator: None,
            ppid: id.ppid,
            since: id.time,
            fork_time: clock.wall_of(id.start),
            exec_time: 0,
            comm: String::new(),
            tty: String::new(),
            image: ImageRef::Unknown,
            credentials: Credentials::default(),
            container: None,
            cgroup: String::new(),
            source: Source::Placeholder,
            flags: context_flags::LINEAGE_UNKNOWN,
        };
        Self::live_of(context, None, 0, true, out)
    }
}

fn container(cgroup: &str) -> Option<Container> {
    container_id(cgroup).map(|id| Container { id: id.to_owned(), created_at: 0 })
}
