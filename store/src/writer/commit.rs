//! The open segment, and one commit to it.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use event::{Context, ContextId, EventId, Exit, FileIdentity, Kind, Nanos, Provenance};
use redb::WriteTransaction;

use super::pack::unfinished;
use super::tail::{Chunk, Tail};
use crate::block::{BlockBuilder, Clock, Form, GENESIS, Hash, Seeded, Zone};
use crate::context::{encode_one, pack_stream};
use crate::index::{put_filter, terms_of};
use crate::limits::{BLOCK_EVENTS, CHUNK_CONTEXTS, SEGMENT_CONTEXTS, WRITER_PAGE_CACHE};
use crate::reader::{Segment, Shared};
use crate::segment::backend::{self, Watch};
use crate::segment::file::{self, FileError, Handle, guarded};
use crate::segment::meta::{COMMITS, FORMAT, HEAD, Head, REWRITTEN, Totals};
use crate::segment::tables::{BLOCKS, CONTEXTS, EXITS, FILTERS, GAPS, META, PROVENANCE, ZONES, add, remove};
use crate::{Batch, Options, SegmentState};

/// Level of zstd while recording: the fastest that is worth it.
const LEVEL: i32 = 1;

/// The segment that is being written.
#[derive(Debug)]
pub struct Open {
    pub segment: Arc<Segment>,
    pub database: Arc<Handle>,
    /// Commits so far.
    pub commits: u64,
    head: Head,
    totals: Totals,
    /// With each chunk its hash, and its bytes.
    events: Tail<(Hash, u64)>,
    /// The events of these, each taken in once: any run of them can be made a block.
    rows: BlockBuilder,
    sealed_hash: Hash,
    clock: Clock,
    contexts: Tail<()>,
    /// The contexts of these.
    recent: VecDeque<Arc<Context>>,
    next_chunk: u64,
    /// Carried contexts that it has.
    carried: HashSet<ContextId, Seeded>,
    /// Files that it tells of.
    files: HashSet<FileIdentity, Seeded>,
    /// Bytes of values that are in it or were, about.
    written: u64,
    begun: Instant,
}

/// A chunk of events with its hash and its bytes.
type EventChunk = Chunk<(Hash, u64)>;

/// What a commit changed, to be taken over once it is durable.
struct Changes {
    events: Option<(super::tail::Plan, Vec<EventChunk>, Hash)>,
    contexts: Option<(super::tail::Plan, Vec<Chunk<()>>)>,
    totals: Totals,
    written: u64,
    next_chunk: u64,
}

impl Open {
    /// Makes a segment's file with all that it must begin with. It gets its name when that is on the disk: a file that a
    /// crash left half made is never taken for a segment.
    pub fn begin(
        path: &Path,
        head: Head,
        carried: &[Arc<Context>],
        beginning: &Batch,
        rewritten: &[u8],
        watch: Option<&Arc<dyn Watch>>,
    ) -> Result<Self, FileError> {
        let database = Arc::new(Handle::new(file::writable(
            &unfinished(path),
            true,
            WRITER_PAGE_CACHE,
            watch.cloned(),
        )?));
        let totals = Totals { next_context: head.first_context, ..Totals::default() };
        let segment = Arc::new(Segment::new(
            head.number,
            path,
            Some(head.clone()),
            SegmentState::Open,
            totals.clone(),
            None,
            Some(Arc::clone(&database)),
        ));
        let mut open = Self {
            segment,
            database,
            commits: 0,
            head,
            totals,
            events: Tail::new(),
            rows: BlockBuilder::new(0),
            sealed_hash: GENESIS,
            clock: Clock::default(),
            contexts: Tail::new(),
            recent: VecDeque::new(),
            next_chunk: 0,
            carried: HashSet::default(),
            files: HashSet::default(),
            written: 0,
            begun: Instant::now(),
        };
        let first = open.head.first_event;
        guarded(|| {
            let write = open.database.database()?.begin_write()?;
            write.open_table(META)?.insert(FORMAT, migrations::CURRENT.to_le_bytes().as_slice())?;
            write.open_table(META)?.insert(HEAD, encode_one(&open.head).as_slice())?;
            if !rewritten.is_empty() {
                write.open_table(META)?.insert(REWRITTEN, rewritten)?;
            }
            // All tables are there from the start, so that readers need not ask.
            write.open_table(ZONES)?;
            for table in [BLOCKS, CONTEXTS, EXITS, GAPS, PROVENANCE, FILTERS] {
                write.open_table(table)?;
            }
            let changes = open.fill(&write, first, carried, &[], beginning, &beginning.provenance)?;
            write.commit()?;
            Ok(changes)
        })
        .map(|changes| open.take_over(changes, carried, beginning, &beginning.provenance))?;
        backend::rename(watch, &unfinished(path), path)?;
        // The name must be as durable as what it names.
        backend::sync_directory(watch, path.parent().unwrap_or(path))?;
        Ok(open)
    }

    /// Whether a context was of before this segment, and was not carried over.
    pub fn lacks(&self, id: ContextId) -> bool {
        id != 0 && id < self.head.first_context && !self.carried.contains(&id)
    }

    /// Time of the latest thing in it.
    pub const fn latest(&self) -> Option<Nanos> {
        self.totals.latest
    }

    /// Whether it tells of a file.
    pub fn tells_of(&self, file: FileIdentity) -> bool {
        self.files.contains(&file)
    }

    /// Whether it is time for the next segment.
    pub fn is_full(&self, options: &Options) -> bool {
        let size = options.close_at();
        let tail: u64 = self.events.chunks.iter().map(|chunk| chunk.mark.1).sum();
        let own = self.totals.contexts.saturating_sub(self.carried.len() as u64);
        self.written + tail >= size
            || own >= SEGMENT_CONTEXTS
            || self.begun.elapsed() >= options.close_after()
            || self.segment.bytes() >= size.saturating_mul(2).max(3 * super::retain::NEW_FILE)
    }

    /// One durable commit.
    pub fn commit(
        &mut self,
        first: EventId,
        carried: &[Arc<Context>],
        ends: &[Exit],
        batch: &Batch,
        provenance: &[Arc<Provenance>],
        shared: &Shared,
    ) -> Result<(), FileError> {
        let changes = guarded(|| {
            let write = self.database.database()?.begin_write()?;
            let changes = self.fill(&write, first, carried, ends, batch, provenance)?;
            write.commit()?;
            Ok(changes)
        })?;
        self.take_over(changes, carried, batch, provenance);
        shared.grew(&self.segment, self.totals.clone());
        Ok(())
    }

    fn take_over(
        &mut self,
        changes: Changes,
        carried: &[Arc<Context>],
        batch: &Batch,
        provenance: &[Arc<Provenance>],
    ) {
        self.commits += 1;
        self.totals = changes.totals;
        self.written = changes.written;
        self.next_chunk = changes.next_chunk;
        if let Some((plan, chunks, sealed)) = changes.events {
            self.events.apply(&plan, chunks);
            self.sealed_hash = sealed;
        }
        if let Some((plan, chunks)) = changes.contexts {
            let sealed = self.contexts.apply(&plan, chunks);
            self.recent.extend(carried.iter().chain(&batch.contexts).cloned());
            self.recent.drain(..sealed.min(self.recent.len()));
        }
        let before = |context: &&Arc<Context>| context.id < self.head.first_context;
        let again = batch.contexts.iter().filter(before);
        self.carried.extend(carried.iter().chain(again).map(|context| context.id));
        self.files.extend(provenance.iter().map(|known| known.file));
    }

    /// After an error the segment is not to be used again: events of the batch may have been taken in.
    fn fill(
        &mut self,
        write: &WriteTransaction,
        first: EventId,
        carried: &[Arc<Context>],
        ends: &[Exit],
        batch: &Batch,
        provenance: &[Arc<Provenance>],
    ) -> Result<Changes, FileError> {
        let mut changes = Changes {
            events: None,
            contexts: None,
            totals: self.totals.clone(),
            written: self.written,
            next_chunk: self.next_chunk,
        };
        self.fill_contexts(write, carried, batch, &mut changes)?;
        self.fill_events(write, first, batch, &mut changes)?;
        let exits: Vec<u8> = ends.iter().chain(&batch.exits).flat_map(encode_one).collect();
        let gaps: Vec<u8> = batch.gaps.iter().flat_map(encode_one).collect();
        let files: Vec<u8> = provenance.iter().flat_map(encode_one).collect();
        for (table, stream) in [(EXITS, exits), (GAPS, gaps), (PROVENANCE, files)] {
            if !stream.is_empty() {
                let value = pack_stream(&stream, LEVEL);
                changes.written += value.len() as u64 + 32;
                add(&mut write.open_table(table)?, self.commits, &value)?;
            }
        }
        for time in super::times_beside(batch) {
            changes.totals.saw(time);
        }
        write.open_table(META)?.insert(COMMITS, (self.commits + 1).to_le_bytes().as_slice())?;
        Ok(changes)
    }

    fn fill_contexts(
        &self,
        write: &WriteTransaction,
        carried: &[Arc<Context>],
        batch: &Batch,
        changes: &mut Changes,
    ) -> Result<(), FileError> {
        let new = carried.len() + batch.contexts.len();
        if new == 0 {
            return Ok(());
        }
        let mut chunks = write.open_table(CONTEXTS)?;
        let plan = self.contexts.plan(new, CHUNK_CONTEXTS);
        let items: Vec<&Context> = self
            .recent
            .iter()
            .chain(carried)
            .chain(&batch.contexts)
            .skip(plan.keep_items)
            .map(|context| &**context)
            .collect();
        let mut key = self.contexts.chunks.get(plan.keep).map_or(self.next_chunk, |chunk| chunk.key);
        for stale in &self.contexts.chunks[plan.keep..] {
            remove(&mut chunks, stale.key)?;
        }
        let mut written = Vec::new();
        let mut rest = items.as_slice();
        for (place, size) in plan.sizes.iter().enumerate() {
            let (now, later) = rest.split_at(*size);
            rest = later;
            let form = if plan.seals(place) { Form::Open } else { Form::Passing };
            let value = crate::context::encode(now, form);
            add(&mut chunks, key, &value)?;
            changes.written += value.len() as u64;
            written.push(Chunk { count: *size, key, mark: () });
            key += 1;
        }
        changes.next_chunk = key;
        changes.totals.contexts += new as u64;
        for context in &batch.contexts {
            changes.totals.next_context = changes.totals.next_context.max(context.id.saturating_add(1));
        }
        changes.contexts = Some((plan, written));
        Ok(())
    }

    fn fill_events(
        &mut self,
        write: &WriteTransaction,
        first: EventId,
        batch: &Batch,
        changes: &mut Changes,
    ) -> Result<(), FileError> {
        if batch.events.is_empty() {
            return Ok(());
        }
        let mut blocks = write.open_table(BLOCKS)?;
        let mut zones = write.open_table(ZONES)?;
        let plan = self.events.plan(batch.events.len(), BLOCK_EVENTS);
        let mut key = self.events.chunks.get(plan.keep).map_or(first, |chunk| chunk.key);
        let mut previous = match plan.keep.checked_sub(1) {
            Some(last) => self.events.chunks[last].mark.0,
            None => self.sealed_hash,
        };
        for stale in &self.events.chunks[plan.keep..] {
            remove(&mut blocks, stale.key)?;
            zones.remove(&stale.key.to_be_bytes())?;
        }
        let mut sealed_hash = self.sealed_hash;
        let mut written = Vec::new();
        let mut terms = None;
        let mut tally = Tally::new();
        let mut rest = batch.events.as_slice();
        let mut take = |rows: &mut BlockBuilder, count: usize| {
            let id = first + (batch.events.len() - rest.len()) as u64;
            let (now, later) = rest.split_at(count.min(rest.len()));
            let before = rows.len();
            rows.extend(id, now);
            rows.kinds_and_times(before).for_each(|(kind, time)| tally.add(kind, time));
            rest = later;
        };
        for (place, size) in plan.sizes.iter().enumerate() {
            let sealed = plan.seals(place);
            let (zone, value) = if sealed {
                let rows = &mut self.rows;
                take(rows, size.saturating_sub(rows.len()));
                rows.follow(&mut self.clock);
                let order = rows.order();
                terms = Some(terms_of(rows.paths(&order), rows.directories(&order)));
                let block = rows.finish_in(&order, sealed, &previous, Form::Open);
                rows.clear();
                block
            } else {
                take(&mut self.rows, usize::MAX);
                self.rows.run(plan.keep_items..self.rows.len()).finish(sealed, &previous, Form::Passing)
            };
            let row = zone.encode();
            add(&mut blocks, key, &value)?;
            zones.insert(&key.to_be_bytes(), row.as_slice())?;
            // What is not final yet will be written again; what of it is there is counted by itself.
            if let Some(terms) = terms.take() {
                let filter = put_filter(&mut write.open_table(FILTERS)?, key, &terms)?;
                changes.written += (value.len() + row.len() + filter) as u64;
            }
            previous = zone.hash;
            if sealed {
                sealed_hash = previous;
            }
            written.push(Chunk { count: *size, key, mark: (previous, (value.len() + row.len()) as u64) });
            key += *size as u64;
        }
        tally.count(&mut changes.totals);
        changes.totals.behind = key;
        changes.events = Some((plan, written, sealed_hash));
        Ok(())
    }
}

/// What a segment counts of the events of a batch, taken down as they pass.
struct Tally {
    events: u64,
    kinds: [u64; 256],
    span: Option<(Nanos, Nanos)>,
}

impl Tally {
    const fn new() -> Self {
        Self { events: 0, kinds: [0; 256], span: None }
    }

    fn add(&mut self, kind: Kind, time: Nanos) {
        self.events += 1;
        self.kinds[usize::from(kind.number())] += 1;
        self.span = Some(self.span.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
    }

    fn count(self, totals: &mut Totals) {
        totals.events += self.events;
        if let Some((first, last)) = self.span {
            totals.span = Some(totals.span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
            totals.saw(last);
        }
        for (kind, count) in (0..=u8::MAX).zip(self.kinds).filter(|(_, count)| *count > 0) {
            totals.add_kind(kind, count);
        }
    }
}

/// The last block's hash, if any.
pub fn last_hash(zone: Option<&Zone>) -> Hash {
    zone.map_or(GENESIS, |zone| zone.hash)
}
