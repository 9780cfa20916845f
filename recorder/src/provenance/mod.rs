//! What executables are: SHA-256 and package of what ran, found out after the event was written, by two
//! threads: one opens the files, the other reads them.
//!
//! Nothing here makes the pipeline wait: it offers files to a bounded queue and takes results from another.

mod budget;
mod find;
mod finder;
mod seen;
mod worker;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use event::{Context, File, FileIdentity, HashState, Image, ImageRef, Provenance, Source, file_flags};

use self::{
    find::{Job, is_remote},
    seen::Seen,
    worker::Worker,
};
use crate::{limits, stats::Count};

/// Programs that ran before the recorder wait until it has found its feet.
const START: Duration = Duration::from_secs(3);
/// How long the end waits for what is under way.
const FINISH: Duration = Duration::from_secs(1);

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes a second; 0 finds out nothing, packages neither.
    pub rate: u64,
    /// Larger files are not hashed, bytes.
    pub max_file: u64,
}

/// What is counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// Files hashed.
    pub hashed: Count,
    /// Bytes read of them.
    pub bytes: Count,
    /// Larger than is hashed.
    pub too_big: Count,
    /// Gone, replaced, without a name, or not to be opened.
    pub not_found: Count,
    /// Changed while being read, or could not be read.
    pub failed: Count,
    /// Made to wait for budget.
    pub over_budget: Count,
    /// Not taken because the queue was full.
    pub dropped: Count,
    /// On file systems that may make a reader wait for ever, and left alone.
    pub remote: Count,
    /// Results that tell a package.
    pub packages_told: Count,
    /// Of the package databases.
    pub packages: crate::package::Counts,
}

/// The pipeline's end of it.
#[derive(Debug)]
pub struct Collector {
    /// `None` if nothing is wanted.
    jobs: Option<SyncSender<Job>>,
    results: Receiver<Arc<Provenance>>,
    seen: Seen,
    /// Of programs that ran before.
    later: VecDeque<Job>,
    /// Told without being looked at.
    told: Vec<Arc<Provenance>>,
    began: Instant,
    counts: Arc<Counts>,
}

impl Collector {
    /// One that finds out nothing.
    #[must_use]
    pub fn off() -> Self {
        let (_, results) = sync_channel(0);
        Self::over(None, results, Arc::default())
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// If there are none to be had.
    pub fn start(settings: Settings, counts: Arc<Counts>) -> io::Result<Self> {
        if settings.rate == 0 {
            return Ok(Self::off());
        }
        let (jobs, queue) = sync_channel(limits::HASH_QUEUE);
        let (sender, results) = sync_channel(limits::HASH_RESULTS);
        let (files, open) = sync_channel(limits::HASH_OPEN);
        let worker = Worker::new(open, sender.clone(), settings, Arc::clone(&counts));
        // Never joined: they may hang in a read, and end with the process.
        thread::Builder::new().name("tacho-find".to_owned()).spawn({
            let counts = Arc::clone(&counts);
            move || finder::run(&queue, &files, &sender, &counts)
        })?;
        thread::Builder::new().name("tacho-hash".to_owned()).spawn(move || worker.run())?;
        Ok(Self::over(Some(jobs), results, counts))
    }

    fn over(jobs: Option<SyncSender<Job>>, results: Receiver<Arc<Provenance>>, counts: Arc<Counts>) -> Self {
        let (seen, later, told) = (Seen::default(), VecDeque::new(), Vec::new());
        Self { jobs, results, seen, later, told, began: Instant::now(), counts }
    }

    /// A context began: its image is offered if it is a new one.
    pub fn began(&mut self, context: &Context) {
        if let (ImageRef::Own(image), true) = (&context.image, self.jobs.is_some()) {
            for job in jobs(context, image) {
                if !self.seen.first(job.file) {
                    continue;
                }
                if context.source == Source::Snapshot {
                    if self.later.len() < limits::HASH_LATER {
                        self.later.push_back(job);
                    } else {
                        self.counts.dropped.add(1);
                        self.seen.forget(job.file);
                    }
                } else {
                    self.offer(job);
                }
            }
        }
    }

    fn offer(&mut self, job: Job) {
        let Some(jobs) = &self.jobs else { return };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = jobs.try_send(job) {
            self.counts.dropped.add(1);
            self.seen.forget(job.file);
            self.told.push(limited(job.file));
        }
    }

    /// Mounts changed.
    pub fn remount(&mut self) {
        self.seen.remount();
    }

    /// What was found out since the last time. Also hands over what had to wait.
    pub fn take(&mut self) -> Vec<Arc<Provenance>> {
        if self.began.elapsed() >= START
            && let Some(jobs) = &self.jobs
        {
            while let Some(job) = self.later.pop_front() {
                if let Err(TrySendError::Full(job)) = jobs.try_send(job) {
                    self.later.push_front(job);
                    break;
                }
            }
        }
        let mut told = std::mem::take(&mut self.told);
        for one in self.results.try_iter() {
            // Another process may run it for longer, or where it can be found.
            if matches!(one.state, HashState::FileNotFound | HashState::FileOpenError | HashState::HashFailed)
            {
                self.seen.forget(one.file);
            }
            told.push(one);
        }
        told
    }

    /// The end: what is under way gets a moment.
    pub fn finish(&mut self) -> Vec<Arc<Provenance>> {
        self.finish_within(FINISH)
    }

    fn finish_within(&mut self, most: Duration) -> Vec<Arc<Provenance>> {
        let until = Instant::now() + most;
        self.jobs = None;
        let mut told = std::mem::take(&mut self.told);
        // An error means that the worker is done, or that the time is up.
        while let Ok(one) = self.results.recv_timeout(until.saturating_duration_since(Instant::now())) {
            told.push(one);
        }
        told
    }
}

fn limited(file: FileIdentity) -> Arc<Provenance> {
    Arc::new(Provenance { file, state: HashState::HashWasRateLimited, sha256: None, package: None })
}

/// The files of an image that can be looked at.
fn jobs(context: &Context, image: &Image) -> impl Iterator<Item = Job> {
    let job = |file: &File, running: bool| {
        let facts = file.facts.as_ref()?;
        let named = file.error.is_none() && file.flags & file_flags::DELETED == 0;
        let path = if named {
            file.raw.clone().unwrap_or_else(|| file.path.clone().into_bytes())
        } else {
            Vec::new()
        };
        let (pid, ppid) = (context.process.pid, context.ppid);
        (!is_remote(&facts.filesystem)).then_some(Job { file: facts.identity()?, path, pid, ppid, running })
    };
    let script = image.interpreter.is_some();
    let executable = job(&image.executable, !script);
    let interpreter = image.interpreter.as_ref().and_then(|file| job(file, true));
    executable.into_iter().chain(interpreter)
}

#[cfg(test)]
mod tests;
