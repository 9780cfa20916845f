//! The background thread, which writes closed segments anew: to pack them, and to thin old ones. It gives way to all
//! others, keeps to a share of a core and of the disk, and can be stopped at any block; what it has done of a segment is
//! kept, and is gone on with after the next start.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::pace::{Pace, give_way, percent};
use super::repack::{Plan, Step, Stopped, rewrite};
use crate::Work;
use crate::reader::{Segment, Shared, is_pinned};
use crate::segment::backend::{self, Watch};
use crate::segment::file::{FileError, guarded};

/// The background thread.
#[derive(Debug)]
pub struct Packer {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    pack: VecDeque<u64>,
    /// The segment to thin next.
    thin: Option<u64>,
    /// What is being done.
    now: Option<(Plan, u64)>,
    /// Segments that could not be thinned, or with nothing in them to thin out.
    left: BTreeSet<u64>,
    stop: bool,
    /// How many wait for the end of all work.
    hurry: usize,
}

impl Queue {
    /// What comes next: after packing, thinning has its turn.
    fn next(&mut self, last: Plan) -> Option<(Plan, u64)> {
        let thin = |queue: &mut Self| queue.thin.take().map(|number| (Plan::Thin, number));
        let pack = |queue: &mut Self| queue.pack.pop_front().map(|number| (Plan::Pack, number));
        self.now = match last {
            Plan::Pack => thin(self).or_else(|| pack(self)),
            Plan::Thin => pack(self).or_else(|| thin(self)),
        };
        self.now
    }

    fn waiting(&self) -> usize {
        self.pack.len() + usize::from(self.thin.is_some())
    }
}

impl Packer {
    /// Starts it, unless it is not wanted.
    pub fn start(shared: &Arc<Shared>, enabled: bool) -> Self {
        let state = Arc::new(State::default());
        if !enabled {
            return Self { state, thread: None };
        }
        let (shared, its_state) = (Arc::clone(shared), Arc::clone(&state));
        let thread = std::thread::Builder::new()
            .name("tacho-pack".to_owned())
            .spawn(move || its_state.work(&shared))
            .inspect_err(|error| tracing::warn!(%error, "closed segments are not rewritten: no thread"))
            .ok();
        Self { state, thread }
    }

    /// A segment was closed.
    pub fn send(&self, number: u64) {
        if self.thread.is_some() {
            self.state.queue().pack.push_back(number);
            self.state.changed.notify_all();
        }
    }

    /// Whether there would be anything to gain from thinning a segment.
    pub fn can_thin(&self, number: u64) -> bool {
        self.thread.is_some() && !self.state.queue().left.contains(&number)
    }

    /// Room is getting short: this segment is to be thinned next.
    pub fn thin(&self, number: u64) {
        let mut queue = self.state.queue();
        if queue.thin.is_none() && queue.now != Some((Plan::Thin, number)) {
            queue.thin = Some(number);
            self.state.changed.notify_all();
        }
    }

    /// Waits until nothing is left to do.
    pub fn settle(&self) {
        let mut queue = self.state.queue();
        queue.hurry += 1;
        self.state.changed.notify_all();
        while self.thread.is_some() && (queue.waiting() > 0 || queue.now.is_some()) {
            queue = self.state.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.hurry -= 1;
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.state.queue().stop = true;
        self.state.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, shared: &Shared) {
        // Under test it is waited for, beside whatever else runs.
        if shared.watch.is_none() {
            give_way();
        }
        let mut last = Plan::Pack;
        loop {
            let (plan, number) = {
                let mut queue = self.queue();
                loop {
                    if queue.stop {
                        return;
                    }
                    if let Some(next) = queue.next(last) {
                        break next;
                    }
                    self.changed.notify_all();
                    queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            };
            last = plan;
            if let Some(watch) = &shared.watch {
                watch.before_background();
            }
            if let Some(segment) = shared.segment(number)
                && plan.fits(segment.form())
            {
                let done = guarded(|| self.job(shared, &segment, plan));
                // What a stop leaves takes room too.
                segment.may_be_rewritten();
                match done {
                    Ok(()) => {}
                    Err(error) => {
                        tracing::warn!(file = %segment.path.display(), %error, "a segment stays as it was, not written anew");
                        self.queue().left.insert(number);
                        let _ = backend::remove(shared.watch.as_ref(), &unfinished(&segment.path));
                    }
                }
            }
            let mut queue = self.queue();
            queue.now = None;
            shared.tell_work(|now, waiting| (*now, *waiting) = (None, queue.waiting() as u64));
            self.changed.notify_all();
        }
    }

    /// After a step: tells how far it is, and rests.
    fn breathe(&self, shared: &Shared, pace: &mut Pace, step: &Step) -> Result<(), Stopped> {
        let mut queue = self.queue();
        shared.tell_work(|now, waiting| {
            if let Some(work) = now {
                work.done = step.done;
            }
            *waiting = queue.waiting() as u64;
        });
        loop {
            if queue.stop {
                return Err(Stopped);
            }
            let rest = pace.rest(step.bytes, percent(queue.waiting()));
            if queue.hurry > 0 || rest.is_zero() {
                *pace = Pace::begin();
                return Ok(());
            }
            queue = self.changed.wait_timeout(queue, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn job(&self, shared: &Shared, segment: &Segment, plan: Plan) -> Result<(), FileError> {
        let watch = shared.watch.as_ref();
        let temporary = unfinished(&segment.path);
        let work =
            Work { what: plan.name(), segment: segment.number, events: segment.totals().events, done: 0 };
        shared.tell_work(|now, _| *now = Some(work));
        let mut pace = Pace::begin();
        // What was done before a stop stays for the next start.
        if !rewrite(shared, segment, &temporary, plan, &mut |step| self.breathe(shared, &mut pace, step))? {
            return Ok(());
        }
        // The new file is looked at as any reader would, before the old one is let go.
        let new = Segment::look(segment.number, &temporary)?;
        if new.form() != plan.gives() || new.link() != segment.link() {
            return Err(FileError::Damaged("the rewritten file is not what it should be".to_owned()));
        }
        let pins = shared.pins();
        if plan == Plan::Thin && is_pinned(&pins, segment) {
            // Pinned meanwhile.
            backend::remove(watch, &temporary)?;
            return Ok(());
        }
        let installed = shared.install(segment.number, || {
            backend::rename(watch, &temporary, &segment.path)?;
            Ok(Arc::new(new.renamed(&segment.path)))
        })?;
        drop(pins);
        if !installed {
            // The segment was removed, and this file with it.
            let _ = backend::remove(watch, &temporary);
        } else if plan == Plan::Thin
            && let Some(retained) = &shared.retained
        {
            retained.count(|counts| counts.thinned += 1);
        }
        backend::sync_directory(watch, segment.path.parent().unwrap_or(&segment.path))?;
        Ok(())
    }
}

/// Where a segment is rewritten to.
pub fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("redb.tmp")
}

/// Removes what an interrupted rewriting left of segments that are not there any more; of the others it is gone on with.
pub fn remove_orphans(dir: &Path, watch: Option<&Arc<dyn Watch>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") && !path.with_extension("").exists() {
            backend::remove(watch, &path)?;
        }
    }
    Ok(())
}
