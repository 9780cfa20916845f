//! The contexts of a segment.

use std::sync::{Arc, Mutex, PoisonError};

use event::{Context, ContextId, Exit};

use super::cache::{Cached, Sort};
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::SegmentState;
use crate::bytes::Damaged;
use crate::context::{Chunk, Summary, decode_exits, version};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{CONTEXTS, EXITS, PieceKey, all, get, summaries};

type Table = redb::ReadOnlyTable<&'static PieceKey, &'static [u8]>;

/// A chunk of contexts, in short: small enough to be kept where the chunk itself is not.
#[derive(Debug)]
pub struct Outline {
    /// Lowest id, highest id, key of the chunk.
    range: (u64, u64, u64),
    /// Distinct paths of the images that its contexts hold themselves, ascending.
    exes: Vec<Box<str>>,
}

impl Outline {
    fn new(chunk: u64, summary: &Summary) -> Self {
        let (low, high) = (summary.ids.iter().min(), summary.ids.iter().max());
        let exes = summary.distinct_exes();
        // Of an empty chunk no id is in the range.
        let range = (low.copied().unwrap_or(u64::MAX), high.copied().unwrap_or(0), chunk);
        Self { range, exes: exes.into_iter().map(Box::from).collect() }
    }

    /// Bytes in memory, about.
    fn size(&self) -> usize {
        size_of::<Self>() + self.exes.iter().map(|exe| exe.len() + 32).sum::<usize>()
    }
}

/// Looks up contexts of a segment.
pub struct Contexts<'a> {
    shared: &'a Shared,
    segment: &'a Segment,
    /// Version of the segment's format.
    format: u32,
    chunks: Table,
    /// What summaries are made of: they themselves, or the chunks.
    summaries: Table,
    /// Lowest id, highest id, key.
    ranges: Arc<Vec<(u64, u64, u64)>>,
    /// Where no index has the ranges.
    outlines: Option<Arc<Vec<Arc<Outline>>>>,
    fixed: bool,
    /// The chunk looked into last, with its summary.
    last: Mutex<Option<(u64, Arc<Summary>)>>,
}

impl<'a> Contexts<'a> {
    pub fn new(shared: &'a Shared, segment: &'a Segment, view: &View) -> Result<Self, FileError> {
        let format = view.format;
        let (chunks, summaries) = guarded(|| {
            let read = &view.transaction;
            Ok((read.open_table(CONTEXTS)?, read.open_table(summaries(format))?))
        })?;
        let fixed = segment.form() != SegmentState::Open;
        let last = Mutex::default();
        let (ranges, outlines) = (Arc::default(), None);
        let mut contexts = Self { shared, segment, format, chunks, summaries, ranges, outlines, fixed, last };
        if let Some(directory) = super::index::directory(shared, segment, view) {
            contexts.ranges = Arc::clone(&directory.chunks);
            return Ok(contexts);
        }
        let outlines = contexts.read_outlines()?;
        contexts.ranges = Arc::new(outlines.iter().map(|outline| outline.range).collect());
        contexts.outlines = Some(outlines);
        Ok(contexts)
    }

    /// Outlines of all chunks, in order.
    fn read_outlines(&self) -> Result<Arc<Vec<Arc<Outline>>>, FileError> {
        let key = (self.segment.uid, 0, 0);
        if self.fixed
            && let Some(Cached::Outlines(outlines)) = self.shared.cache.get(Sort::Outlines, key)
        {
            return Ok(outlines);
        }
        let mut outlines = Vec::new();
        guarded(|| {
            all(&self.summaries, |chunk, value| match self.outline(chunk, &value) {
                Ok(outline) => outlines.push(outline),
                Err(_) => self.shared.damaged(self.segment, u64::MAX - chunk, None),
            })?;
            Ok(())
        })?;
        let outlines = Arc::new(outlines);
        if self.fixed {
            let size = outlines.iter().map(|outline| outline.size()).sum();
            self.shared.cache.put(Sort::Outlines, key, Cached::Outlines(Arc::clone(&outlines)), size);
        }
        Ok(outlines)
    }

    fn outline(&self, chunk: u64, value: &[u8]) -> Result<Arc<Outline>, Damaged> {
        let outline = || Ok(Arc::new(Outline::new(chunk, &*self.summary(chunk, value)?)));
        if self.fixed {
            // All of the segment are kept together.
            return outline();
        }
        let key = (self.segment.uid, chunk, self.version(value));
        if let Some(Cached::Outline(outline)) = self.shared.cache.get(Sort::Outline, key) {
            return Ok(outline);
        }
        let outline = outline()?;
        self.shared.cache.put(Sort::Outline, key, Cached::Outline(Arc::clone(&outline)), outline.size());
        Ok(outline)
    }

    /// Whether a context can have an image with such a path.
    pub fn may_have_image(&self, fits: impl Fn(&str) -> bool) -> bool {
        let Some(outlines) = &self.outlines else { return true };
        outlines.iter().any(|outline| outline.exes.iter().any(|exe| fits(exe)))
    }

    /// Tells versions of a chunk apart while the segment is open.
    fn version(&self, value: &[u8]) -> u64 {
        if self.fixed {
            return 0;
        }
        version(self.format, value)
    }

    fn summary(&self, chunk: u64, value: &[u8]) -> Result<Arc<Summary>, Damaged> {
        let key = (self.segment.uid, chunk, self.version(value));
        if let Some(Cached::Summary(summary)) = self.shared.cache.get(Sort::Summary, key) {
            return Ok(summary);
        }
        let summary = Arc::new(Summary::read(self.format, value)?);
        self.shared.cache.put(Sort::Summary, key, Cached::Summary(Arc::clone(&summary)), summary.size());
        Ok(summary)
    }

    /// Calls `each` with every chunk's summary, in order. A damaged one is left out and noted.
    pub fn each(&self, mut each: impl FnMut(u64, &Summary)) -> Result<(), FileError> {
        guarded(|| {
            all(&self.summaries, |chunk, value| match self.summary(chunk, &value) {
                Ok(summary) => each(chunk, &summary),
                Err(_) => self.shared.damaged(self.segment, u64::MAX - chunk, None),
            })?;
            Ok(())
        })
    }

    /// Keys of the chunks, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.ranges.iter().map(|(_, _, chunk)| *chunk)
    }

    /// Summary of a chunk; `None` if it cannot be read, which is noted.
    pub fn summary_of(&self, chunk: u64) -> Option<Arc<Summary>> {
        let key = (self.segment.uid, chunk, 0);
        let known = if self.fixed { self.shared.cache.get(Sort::Summary, key) } else { None };
        let summary = guarded(|| {
            if let Some(Cached::Summary(summary)) = known {
                return Ok(summary);
            }
            let value = get(&self.summaries, chunk)?.ok_or(Damaged("a summary is missing"))?;
            Ok(self.summary(chunk, &value)?)
        });
        summary.inspect_err(|_| self.shared.damaged(self.segment, u64::MAX - chunk, None)).ok()
    }

    /// Summary and row of a context; `None` if it is not there or cannot be read, which is noted.
    pub fn row(&self, id: ContextId) -> Option<(Arc<Summary>, usize)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, summary)) = &*last
            && let Some(row) = summary.row(id)
        {
            return Some((Arc::clone(summary), row));
        }
        for (_, _, chunk) in self.ranges.iter().filter(|(low, high, _)| (*low..=*high).contains(&id)) {
            let Some(summary) = self.summary_of(*chunk) else { continue };
            if let Some(row) = summary.row(id) {
                *last = Some((*chunk, Arc::clone(&summary)));
                return Some((summary, row));
            }
        }
        None
    }

    fn chunk(&self, chunk: u64) -> Result<Arc<Chunk>, FileError> {
        if self.fixed
            && let Some(Cached::Contexts(contexts)) =
                self.shared.cache.get(Sort::Contexts, (self.segment.uid, chunk, 0))
        {
            return Ok(contexts);
        }
        let value =
            guarded(|| Ok(get(&self.chunks, chunk)?))?.ok_or(Damaged("a chunk of contexts is missing"))?;
        let key = (self.segment.uid, chunk, self.version(&value));
        if let Some(Cached::Contexts(contexts)) = self.shared.cache.get(Sort::Contexts, key) {
            return Ok(contexts);
        }
        let contexts = Arc::new(Chunk::unpack(self.format, &value)?);
        self.shared.cache.put(Sort::Contexts, key, Cached::Contexts(Arc::clone(&contexts)), contexts.size());
        Ok(contexts)
    }

    /// One context; `None` if it is not there or cannot be read.
    pub fn get(&self, id: ContextId) -> Option<Arc<Context>> {
        for (_, _, chunk) in self.ranges.iter().filter(|(low, high, _)| (*low..=*high).contains(&id)) {
            match self.chunk(*chunk).and_then(|contexts| Ok(contexts.get(id)?)) {
                Ok(Some(context)) => return Some(Arc::new(context)),
                Ok(None) => {}
                Err(_) => self.shared.damaged(self.segment, u64::MAX - *chunk, None),
            }
        }
        None
    }

    /// How many there are; every one is decoded.
    pub fn count(&self) -> Result<u64, FileError> {
        let mut count = 0;
        for chunk in self.keys() {
            count += self.whole(chunk)?.len() as u64;
        }
        Ok(count)
    }

    /// All contexts of a chunk.
    pub fn whole(&self, chunk: u64) -> Result<Vec<Context>, FileError> {
        Ok(self.chunk(chunk)?.all()?)
    }

    /// Some contexts of a chunk; if one cannot be read, which is noted, the others after it are left out.
    pub fn some(&self, chunk: u64, ids: &[ContextId], found: &mut Vec<Arc<Context>>) {
        if ids.is_empty() {
            return;
        }
        let read = self.chunk(chunk).and_then(|contexts| {
            for id in ids {
                found.extend(contexts.get(*id)?.map(Arc::new));
            }
            Ok(())
        });
        if read.is_err() {
            self.shared.damaged(self.segment, u64::MAX - chunk, None);
        }
    }
}

/// Calls `each` with the exits of a segment, in order.
pub fn each_exit(view: &View, mut each: impl FnMut(Exit)) -> Result<(), FileError> {
    guarded(|| {
        all(&view.transaction.open_table(EXITS)?, |number, value| {
            if let Ok(some) = decode_exits(number, &value) {
                some.into_iter().for_each(&mut each);
            }
        })?;
        Ok(())
    })
}
