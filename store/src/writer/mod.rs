//! Writing a store.

mod commit;
mod contents;
mod finish;
mod host;
mod known;
mod live;
mod lock;
mod open;
mod pace;
mod pack;
mod repack;
mod retain;
mod tail;
#[cfg(test)]
pub(crate) mod tests;
mod undeleted;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event::{Context, ContextId, EventId, FileIdentity, Nanos, Provenance};

use self::commit::Open;
use self::known::{Known, files};
use self::live::{Live, references};
use self::pack::Packer;
use self::retain::Retainer;
use crate::block::Hash;
use crate::limits::{CLOSING_TRIES, MAX_BATCH};
use crate::reader::{Segment, Shared};
use crate::segment::backend;
use crate::segment::file::FileError;
use crate::{AppendError, Appended, Batch, OpenError, Options, Store};

pub(crate) use self::finish::recover;
pub use self::host::{Host, Space};
pub(crate) use self::lock::{exclusive as lock_exclusive, shared as lock_shared};
pub(crate) use self::pack::unfinished;
pub(crate) use self::repack::{Plan, Rewriting, Stopped, rewrite};

/// The one writer of a directory.
#[derive(Debug)]
pub struct Writer {
    /// Directory of the segments.
    dir: PathBuf,
    options: Options,
    shared: Arc<Shared>,
    open: Option<Open>,
    /// A segment that failed or was left by a crash, to be closed before the next begins.
    unclosed: VecDeque<Arc<Segment>>,
    /// How often the first of these could not be closed.
    closing_failed: u32,
    /// A batch that may have been committed although an error was met.
    doubtful: Option<Doubt>,
    live: Live,
    known: Known,
    /// Something was removed of which the open segment does not know yet.
    evicted: bool,
    next_event: EventId,
    next_context: ContextId,
    next_number: u64,
    last_digest: Option<Hash>,
    last_time: Option<Nanos>,
    packer: Packer,
    retainer: Retainer,
    /// Held until the end.
    _lock: File,
}

/// What tells whether a failed commit came through after all.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    number: u64,
    commits: u64,
    batch: Hash,
    /// Ids that it would have taken: the next ones after it.
    next: (EventId, ContextId),
}

/// The digest that a segment will have when it is closed as it is.
pub(crate) fn unclosed_digest(path: &Path) -> Option<Hash> {
    finish::unclosed(path).ok().map(|(_, digest)| digest)
}

fn fingerprint(batch: &Batch) -> Hash {
    *blake3::hash(&rmp_serde::to_vec(batch).unwrap_or_default()).as_bytes()
}

impl Writer {
    /// Opens a store to write, made (mode 0700) if it is not there. Recovers what a crash left.
    ///
    /// # Errors
    /// If another writer holds it, it comes from a newer release, or the directory cannot be used.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        open::open(dir, options)
    }

    /// First context id not in use; the recorder counts on from here.
    #[must_use]
    pub fn next_context_id(&self) -> ContextId {
        self.next_context
    }

    /// Id that the next event gets.
    #[must_use]
    pub fn next_event_id(&self) -> EventId {
        self.next_event
    }

    /// Time of the last thing committed.
    #[must_use]
    pub fn last_time(&self) -> Option<Nanos> {
        self.last_time
    }

    /// Latest context of each process of this boot of which no end is known: after a restart, those that the recorder
    /// must look for, because they may have ended while nobody recorded.
    #[must_use]
    pub fn alive(&self) -> Vec<Arc<Context>> {
        self.live.latest()
    }

    /// Writes a batch as one durable commit: on return all of it survives a power cut.
    ///
    /// # Errors
    /// Then nothing of it is visible, and the same batch may be tried again later.
    pub fn append(&mut self, batch: &Batch) -> Result<Appended, AppendError> {
        if batch.events.len() > MAX_BATCH || batch.contexts.len() > MAX_BATCH {
            return Err(AppendError::Invalid("it has more events or contexts than a batch may have"));
        }
        if batch.contexts.windows(2).any(|pair| pair[0].id >= pair[1].id) {
            return Err(AppendError::Invalid("its contexts are not in order of their ids"));
        }
        let events = batch.events.len() as u64;
        if batch.is_empty() {
            return Ok(Appended { first_event: self.next_event, events, rotated: false });
        }
        self.close_unclosed(batch)?;
        if self.came_through(batch) {
            let first_event = self.next_event;
            self.committed(batch);
            self.last_time = times(batch).chain(self.last_time).max();
            return Ok(Appended { first_event, events, rotated: true });
        }
        // Known only now: another batch that was refused may have come through and keeps its ids.
        let first_event = self.next_event;
        let mut rotated = false;
        if self.open.as_ref().is_some_and(|open| open.is_full(&self.options)) {
            self.rotate()?;
        }
        self.make_room();
        if self.open.is_none() {
            self.begin(batch)?;
            rotated = true;
            self.make_room();
        }
        let carried = self.missing(batch);
        let provenance = self.untold(batch, &carried);
        self.recall_ends(&carried);
        let Some(open) = &mut self.open else {
            return Err(AppendError::Invalid("there is no segment"));
        };
        let ends = self.live.ends(&carried);
        let noted = self.shared.evicted().filter(|_| self.evicted).map(|gap| {
            let mut noted = batch.clone();
            noted.gaps.push(gap);
            noted
        });
        let result = open.commit(
            first_event,
            &carried,
            &ends,
            noted.as_ref().unwrap_or(batch),
            &provenance,
            &self.shared,
        );
        match result {
            Ok(()) => {
                self.evicted = false;
                self.last_time = self.last_time.max(open.latest());
                self.committed(batch);
                Ok(Appended { first_event, events, rotated })
            }
            Err(error) => Err(self.failed(batch, error)),
        }
    }

    /// Keeps count of what was committed.
    fn committed(&mut self, batch: &Batch) {
        self.doubtful = None;
        self.next_event += batch.events.len() as u64;
        for context in &batch.contexts {
            self.next_context = self.next_context.max(context.id.saturating_add(1));
            self.live.began(context);
        }
        for exit in &batch.exits {
            self.live.ended(exit);
        }
        for provenance in &batch.provenance {
            self.known.learn(provenance);
        }
    }

    /// Contexts that the batch refers to and the open segment lacks: of processes that ended before it began.
    fn missing(&self, batch: &Batch) -> Vec<Arc<Context>> {
        let Some(open) = &self.open else { return Vec::new() };
        // One that comes again after its batch was refused is not to be there twice.
        let has = |id| batch.contexts.binary_search_by_key(&id, |context| context.id).is_ok();
        let lacks = |id| open.lacks(id) && !has(id);
        let mut wanted: Vec<ContextId> = batch
            .events
            .iter()
            .flat_map(|event| [event.context].into_iter().chain(event.detail.other()))
            .chain(batch.contexts.iter().flat_map(|context| references(context)))
            .filter(|id| lacks(*id))
            .collect();
        let mut found = BTreeMap::new();
        while let Some(id) = wanted.pop() {
            if found.contains_key(&id) || !lacks(id) {
                continue;
            }
            if let Some(context) = self.live.get(id).cloned().or_else(|| self.shared.context(id)) {
                wanted.extend(references(&context));
                found.insert(id, context);
            }
        }
        found.into_values().collect()
    }

    /// Looks up when the processes of some contexts ended, where that was forgotten (it is after a restart): without its
    /// end a process would pass for alive in the open segment.
    fn recall_ends(&mut self, contexts: &[Arc<Context>]) {
        for context in contexts {
            if self.live.has_forgotten(&context.process)
                && let Some(exit) = self.shared.exit(context.process)
            {
                self.live.ended(&exit);
            }
        }
    }

    /// What is known of files and the open segment does not tell yet: what is new, and of the files that its new
    /// contexts name.
    fn untold(&mut self, batch: &Batch, carried: &[Arc<Context>]) -> Vec<Arc<Provenance>> {
        let Some(open) = &self.open else { return Vec::new() };
        let mut untold = BTreeMap::new();
        for new in &batch.provenance {
            let same = open.tells_of(new.file) && self.known.of(new.file).is_some_and(|known| known == *new);
            if !same {
                untold.insert(new.file, Arc::clone(new));
            }
        }
        for file in batch.contexts.iter().chain(carried).flat_map(|context| files(context)) {
            // Asked for in any case: a file that is run again is not to be forgotten.
            if let Some(known) = self.known.of(file)
                && !open.tells_of(file)
            {
                untold.entry(file).or_insert(known);
            }
        }
        untold.into_values().collect()
    }

    /// A commit failed: the segment is set aside, to be closed by the next append.
    fn failed(&mut self, batch: &Batch, error: FileError) -> AppendError {
        let Some(open) = self.open.take() else {
            return AppendError::Invalid("there is no segment");
        };
        let path = open.segment.path.clone();
        let next_context = batch.contexts.last().map_or(0, |context| context.id.saturating_add(1));
        self.doubtful = Some(Doubt {
            number: open.segment.number,
            commits: open.commits + 1,
            batch: fingerprint(batch),
            next: (self.next_event + batch.events.len() as u64, self.next_context.max(next_context)),
        });
        open.segment.set_database(None);
        self.unclosed.push_back(Arc::clone(&open.segment));
        drop(open);
        append_error(path, error)
    }

    /// Closes segments that failed or were left by a crash, before a batch is appended.
    fn close_unclosed(&mut self, batch: &Batch) -> Result<(), AppendError> {
        while let Some(segment) = self.unclosed.front().cloned() {
            segment.set_database(None);
            let recovered = backend::refresh(&segment.path, self.options.watch.clone())
                .map_err(FileError::from)
                .and_then(|()| {
                    finish::recover(&segment.path, self.options.watch.clone(), self.options.signer.as_deref())
                });
            match recovered {
                Ok(recovered) => {
                    self.last_digest = Some(recovered.closed.digest);
                    let expected = self.doubtful.filter(|doubt| doubt.number == segment.number);
                    if expected.is_none_or(|doubt| doubt.commits != recovered.commits) {
                        self.doubtful = None;
                    }
                    segment.closed(recovered.closed);
                    self.shared.heal(segment.number);
                    self.packer.send(segment.number);
                }
                Err(error @ (FileError::Io(_) | FileError::Previous)) => {
                    let error = append_error(segment.path.clone(), error);
                    self.closing_failed += 1;
                    let full = matches!(error, AppendError::Full { .. });
                    if full || self.closing_failed < CLOSING_TRIES || !self.leave_unclosed(&segment, batch) {
                        return Err(error);
                    }
                    tracing::warn!(%error, "a segment cannot be closed; recording goes on in a new one");
                }
                Err(error) => {
                    tracing::warn!(file = %segment.path.display(), %error, "a segment is damaged; recording goes on in a new one");
                    segment.broken();
                    self.last_digest = None;
                    self.doubtful = None;
                }
            }
            self.closing_failed = 0;
            self.unclosed.pop_front();
        }
        Ok(())
    }

    /// Gives up closing a segment; the next start will try again. Not if the batch may be in it: then it would be there
    /// twice.
    fn leave_unclosed(&mut self, segment: &Segment, batch: &Batch) -> bool {
        if let Some(doubt) = self.doubtful.filter(|doubt| doubt.number == segment.number) {
            if doubt.batch == fingerprint(batch) {
                return false;
            }
            self.next_event = self.next_event.max(doubt.next.0);
            self.next_context = self.next_context.max(doubt.next.1);
            self.doubtful = None;
        }
        self.last_digest = unclosed_digest(&segment.path);
        true
    }

    /// Whether this very batch was committed when an error was reported.
    fn came_through(&mut self, batch: &Batch) -> bool {
        let Some(doubt) = self.doubtful.take() else { return false };
        if doubt.batch == fingerprint(batch) {
            return true;
        }
        // Something else is appended instead; what came through keeps its ids.
        if let Some(segment) = self.shared.segment(doubt.number) {
            let totals = segment.totals();
            self.next_context = self.next_context.max(totals.next_context);
            if let Some(head) = &segment.head {
                self.next_event = self.next_event.max(totals.next_event(head.first_event));
            }
        }
        false
    }

    /// Closes the open segment.
    fn rotate(&mut self) -> Result<(), AppendError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let segment = Arc::clone(&open.segment);
        segment.set_database(None);
        let closed = finish::finish(&open.database, self.options.signer.as_deref());
        drop(open);
        match closed {
            Ok(closed) => {
                self.last_digest = Some(closed.digest);
                segment.closed(closed);
                self.packer.send(segment.number);
                Ok(())
            }
            Err(error) => {
                let path = segment.path.clone();
                self.unclosed.push_back(segment);
                Err(append_error(path, error))
            }
        }
    }

    /// Begins a segment.
    fn begin(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let number = self.next_number;
        let path = self.dir.join(crate::segment::file::name(number));
        let head = crate::segment::meta::Head {
            number,
            boot: self.options.boot,
            created: times(batch).min().or(self.last_time).unwrap_or(0),
            first_event: self.next_event,
            first_context: self.next_context,
            previous: self.last_digest,
            left_out: crate::left_out::bounded(self.options.left_out.clone()),
        };
        let carried = self.live.carried();
        let files: BTreeSet<FileIdentity> = carried.iter().flat_map(|context| files(context)).collect();
        let beginning = Batch {
            provenance: files.into_iter().filter_map(|file| self.known.of(file)).collect(),
            exits: self.live.ends(&carried),
            gaps: self.shared.evicted().into_iter().collect(),
            ..Batch::default()
        };
        // What an earlier try left.
        self.remove_begun(&path)?;
        let rewritten = self.shared.rewritten();
        let begun = Open::begin(&path, head, &carried, &beginning, &rewritten, self.options.watch.as_ref());
        match begun {
            Ok(open) => {
                self.next_number += 1;
                self.shared.push(Arc::clone(&open.segment));
                self.open = Some(open);
                Ok(())
            }
            Err(error) => {
                // Not in the list yet, so that nobody has seen it.
                let _ = self.remove_begun(&path);
                Err(append_error(path, error))
            }
        }
    }

    /// Removes a segment that could not be begun.
    fn remove_begun(&self, path: &Path) -> Result<(), AppendError> {
        for file in [&pack::unfinished(path), path] {
            match backend::remove(self.options.watch.as_ref(), file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(append_error(path.to_owned(), error.into()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A handle for readers in this process.
    #[must_use]
    pub fn reader(&self) -> Store {
        Store::of(Arc::clone(&self.shared))
    }

    /// Closes the open segment and lets go of the directory.
    ///
    /// # Errors
    /// If the open segment cannot be finished; what was appended is safe all the same.
    pub fn close(mut self) -> Result<(), AppendError> {
        self.close_unclosed(&Batch::default())?;
        self.rotate()
    }

    /// For tests: has a segment thinned, however much room there is.
    #[doc(hidden)]
    pub fn thin(&self, number: u64) {
        self.packer.thin(number);
    }

    /// For tests: waits until the background has nothing to do.
    #[doc(hidden)]
    pub fn settle(&self) {
        self.packer.settle();
    }
}

/// Times of all that is in a batch.
fn times(batch: &Batch) -> impl Iterator<Item = Nanos> {
    batch.events.iter().map(|event| event.time).chain(times_beside(batch))
}

/// Times of all but the events.
fn times_beside(batch: &Batch) -> impl Iterator<Item = Nanos> {
    let exits = batch.exits.iter().map(|exit| exit.time);
    let gaps = batch.gaps.iter().map(|gap| gap.to);
    let contexts = batch.contexts.iter().map(|context| context.since);
    exits.chain(gaps).chain(contexts)
}

fn append_error(path: PathBuf, error: FileError) -> AppendError {
    match error {
        FileError::Io(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            ) =>
        {
            AppendError::Full { path }
        }
        other => AppendError::Io { path, message: other.to_string() },
    }
}
