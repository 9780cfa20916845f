//! The thread that reads files: at the lowest priority, within a budget, and never in anybody's way.

use std::{
    collections::VecDeque,
    io::Read as _,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Instant,
};

use event::{FileIdentity, HashState, Package, Provenance};
use rustix::{process::setpriority_process, thread::gettid};
use sha2::{Digest as _, Sha256};

use super::{Counts, Settings, budget::Budget, finder::Open};
use crate::{limits, package::Packages};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;
/// The nice value that yields most.
const LOWEST: i32 = 19;

/// A file that is open and waits for budget.
#[derive(Debug)]
struct Ready {
    open: Open,
    package: Option<Package>,
    /// It was told that this one is over budget.
    told: bool,
}

/// The pipeline does not wait for results any more.
#[derive(Debug)]
struct Gone;

/// See the module.
#[derive(Debug)]
pub struct Worker {
    files: Receiver<Open>,
    results: SyncSender<Arc<Provenance>>,
    counts: Arc<Counts>,
    settings: Settings,
    budget: Budget,
    packages: Packages,
    ready: VecDeque<Ready>,
    /// No more files will come.
    last: bool,
}

impl Worker {
    /// A worker between two queues.
    pub fn new(
        files: Receiver<Open>,
        results: SyncSender<Arc<Provenance>>,
        settings: Settings,
        counts: Arc<Counts>,
    ) -> Self {
        let budget = Budget::new(settings.rate, Instant::now());
        let (packages, ready) = (Packages::default(), VecDeque::new());
        Self { files, results, counts, settings, budget, packages, ready, last: false }
    }

    /// Works until no more files come and none is left, or until nobody wants results.
    pub fn run(mut self) {
        // SCHED_IDLE and an idle class of I/O would be better still, but can only be had by unsafe calls.
        if let Err(error) = setpriority_process(Some(gettid()), LOWEST) {
            tracing::debug!(%error, "executables are hashed at normal priority");
        }
        while !(self.last && self.ready.is_empty()) {
            if self.step().is_err() {
                return;
            }
        }
    }

    fn step(&mut self) -> Result<(), Gone> {
        if self.ready.is_empty() && !self.last {
            match self.files.recv() {
                Ok(open) => self.take_in(open)?,
                Err(_) => self.last = true,
            }
        }
        if self.ready.is_empty() {
            return Ok(());
        }
        let Some(wait) = self.budget.wait(Instant::now()) else {
            return match self.ready.pop_front() {
                Some(ready) => self.hash(ready),
                None => Ok(()),
            };
        };
        self.tell_waiting()?;
        if self.last {
            // Nobody waits that long at the end.
            self.ready.clear();
        } else if self.ready.len() >= limits::HASH_OPEN {
            thread::sleep(wait);
        } else {
            match self.files.recv_timeout(wait) {
                Ok(open) => self.take_in(open)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.last = true,
            }
        }
        Ok(())
    }

    /// Looks at what must be known before it is read.
    fn take_in(&mut self, open: Open) -> Result<(), Gone> {
        let (file, found) = (open.job.file, &open.found);
        let root = found.root.as_ref();
        let package = root.and_then(|root| self.packages.of(root, &open.job.path, &self.counts.packages));
        if found.size > self.settings.max_file {
            self.counts.too_big.add(1);
            return self.tell(file, HashState::FileTooBig, None, package);
        }
        if found.size == 0 {
            return self.tell(file, HashState::FileEmpty, None, package);
        }
        self.ready.push_back(Ready { open, package, told: false });
        Ok(())
    }

    fn tell_waiting(&mut self) -> Result<(), Gone> {
        let mut over = Vec::new();
        for ready in self.ready.iter_mut().filter(|ready| !ready.told) {
            ready.told = true;
            over.push((ready.open.job.file, ready.package.clone()));
        }
        self.counts.over_budget.add(over.len() as u64);
        over.into_iter()
            .try_for_each(|(file, package)| self.tell(file, HashState::HashWasRateLimited, None, package))
    }

    fn hash(&mut self, ready: Ready) -> Result<(), Gone> {
        let Ready { open: Open { job, mut found }, package, .. } = ready;
        let file = job.file;
        self.budget.take(found.size);
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        // One byte more than there was: a file that grows has changed.
        let mut left = found.size + 1;
        let read = loop {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            match found.file.read(&mut chunk[..most]) {
                Ok(0) => break left == 1,
                Ok(read) => {
                    hasher.update(&chunk[..read]);
                    self.counts.bytes.add(read as u64);
                    left -= read as u64;
                    if left == 0 {
                        break false;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break false,
            }
        };
        let same = || {
            let now = found.file.metadata().ok()?;
            Some(crate::process::procfs::facts_of(&now).mtime == file.mtime && now.len() == found.size)
        };
        if read && same() == Some(true) {
            self.counts.hashed.add(1);
            self.tell(file, HashState::Done, Some(hasher.finalize().into()), package)
        } else {
            self.counts.failed.add(1);
            self.tell(file, HashState::HashFailed, None, package)
        }
    }

    fn tell(
        &self,
        file: FileIdentity,
        state: HashState,
        sha256: Option<[u8; 32]>,
        package: Option<Package>,
    ) -> Result<(), Gone> {
        self.counts.packages_told.add(u64::from(package.is_some()));
        self.results.send(Arc::new(Provenance { file, state, sha256, package })).map_err(|_| Gone)
    }
}
