//! Processes entered from /proc: the snapshot at the start, and those that a record names out of nowhere.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use event::{Context, Exit, Image, ImageRef, Nanos, ProcessKey, Source, context_flags};

use super::{Live, Output, ProcessTable, container};
use crate::{
    clock::{Clock, TICK},
    process::procfs::ProcEntry,
};

/// What is known of a process that is entered from /proc.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// Nothing.
    Unknown,
    /// Its exact start, from a record.
    Started(u64),
    /// Its last context in the store.
    Known(&'a Context),
}

impl ProcessTable {
    /// Enters the snapshot. A process whose fork waits in the rings (`forked`: pid and start in ticks) is left to
    /// its records, which know more. A process that the store knows from an earlier run (`before`: contexts without an
    /// end) keeps its identity and lineage; one that is gone ended while nobody recorded.
    pub fn begin(
        &mut self,
        entries: Vec<ProcEntry>,
        forked: &HashSet<(u32, u64)>,
        before: Vec<Arc<Context>>,
        clock: Clock,
        out: &mut Output,
    ) {
        let now = crate::clock::wall();
        let tick = |context: &Context| (context.process.pid, context.process.start / TICK);
        let mut before: HashMap<_, _> = before.into_iter().map(|context| (tick(&context), context)).collect();
        for entry in entries {
            let key = (entry.pid, entry.start_ticks);
            let known = before.remove(&key).filter(|context| context.process.boot == self.boot);
            if !forked.contains(&key) {
                let origin = known.as_deref().map_or(Origin::Unknown, Origin::Known);
                let live = self.enter_from_proc(entry, origin, Source::Snapshot, now, clock, out);
                self.insert(live, now, out);
            }
        }
        for context in before.into_values() {
            self.counts.unseen_exits += 1;
            out.exits.push(Exit { process: context.process, time: now, status: None });
        }
    }

    /// Enters a process as /proc tells it now.
    pub(super) fn enter_from_proc(
        &mut self,
        entry: ProcEntry,
        origin: Origin<'_>,
        source: Source,
        now: Nanos,
        clock: Clock,
        out: &mut Output,
    ) -> Live {
        // The parent is the one of now: the creator, or whoever took the process over since (pid 1, a subreaper).
        // /proc knows no more, and `source` says that this comes from there.
        let parent = self.live.get(&entry.ppid).map(|live| (live.context.id, live.key));
        let mut credentials = entry.credentials;
        self.name(&mut credentials, None, entry.mount_namespace, entry.pid);
        let number = self.number();
        let started = match origin {
            Origin::Unknown => entry.start_ticks.saturating_mul(TICK),
            Origin::Started(start) => start,
            Origin::Known(context) => context.process.start,
        };
        let (lineage, creator) = match origin {
            Origin::Known(context) if context.creator.is_some() => (context.lineage, context.creator),
            _ => (parent.map(|(context, _)| context), parent.map(|(_, key)| key)),
        };
        let image = (!entry.kernel_thread).then_some(Image {
            executable: entry.executable,
            interpreter: entry.interpreter,
            argv0: entry.argv0,
            args: entry.args,
            args_truncated: entry.args_truncated,
            envs: entry.envs,
            envs_truncated: entry.envs_truncated,
        });
        let held = image.as_ref().map(|_| number);
        let fork_time = clock.wall_of(started);
        let context = Context {
            id: number,
            process: ProcessKey { boot: self.boot, start: started, pid: entry.pid },
            lineage,
            creator,
            ppid: entry.ppid,
            since: now,
            fork_time,
            exec_time: if held.is_some() { fork_time } else { 0 },
            comm: entry.comm,
            tty: entry.tty,
            image: image.map_or(ImageRef::Unknown, |image| ImageRef::Own(Arc::new(image))),
            credentials,
            container: container(&entry.cgroup),
            cgroup: entry.cgroup,
            source,
            flags: if held.is_some() { 0 } else { context_flags::KERNEL_THREAD }
                | if entry.forked { context_flags::FORKED } else { 0 }
                | if lineage.is_none() && entry.ppid != 0 { context_flags::LINEAGE_UNKNOWN } else { 0 },
        };
        // A start that fell on a tick to the nanosecond is taken for a rounded one: then ticks are compared.
        let exact = started % TICK != 0;
        Self::live_of(context, held, entry.mount_namespace, exact, out)
    }
}
