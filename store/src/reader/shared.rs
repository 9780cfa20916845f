//! What all readers of a store share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use event::{Class, Context, ContextId, Exit, Gap, GapReason, Nanos, ProcessKey};

use super::cache::Cache;
use super::contexts::Contexts;
use super::pinned::Retained;
use super::segment::{Segment, View};
use crate::block::{Hash, Zone};
use crate::limits::{OPEN_SEGMENTS, REWRITTEN_SEGMENTS};
use crate::pins::Pins;
use crate::segment::backend::{self, Watch};
use crate::segment::file::FileError;
use crate::segment::meta::Totals;
use crate::{SegmentSigner, Work};

/// The segments, and what was decoded of them.
#[derive(Debug)]
pub struct Shared {
    segments: RwLock<Vec<Arc<Segment>>>,
    pub cache: Cache,
    /// Start of what was removed, as far as is known.
    removed_from: Mutex<Option<Nanos>>,
    /// Blocks found damaged, by segment and first event.
    damage: Mutex<BTreeMap<(u64, u64), Gap>>,
    /// Segments by last use.
    recent: Mutex<VecDeque<u64>>,
    pins: Mutex<Pins>,
    /// What is let go and why, if somebody writes.
    pub retained: Option<Retained>,
    /// What the background does, and how many segments wait for it.
    work: Mutex<(Option<Work>, u64)>,
    /// Sees what is done to the files, if somebody wants to.
    pub watch: Option<Arc<dyn Watch>>,
    /// Signs what is written anew.
    pub signer: Option<Arc<SegmentSigner>>,
}

impl Shared {
    pub fn new(
        segments: Vec<Arc<Segment>>,
        pins: Pins,
        retained: Option<Retained>,
        watch: Option<Arc<dyn Watch>>,
    ) -> Self {
        let shared = Self {
            segments: RwLock::new(segments),
            cache: Cache::default(),
            removed_from: Mutex::new(None),
            damage: Mutex::default(),
            recent: Mutex::default(),
            pins: Mutex::new(pins),
            retained,
            work: Mutex::default(),
            watch,
            signer: None,
        };
        // Each segment begins with what is known of the removed ones, the newest knows most.
        let newest = shared.segments().iter().rev().find_map(|segment| {
            let view = shared.view(segment).ok()?;
            let gaps: Vec<Gap> = super::gaps::recorded(&view).ok()?;
            gaps.iter().filter(|gap| super::gaps::of_removed(gap)).map(|gap| gap.from).min()
        });
        *shared.removed_from.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        shared
    }

    /// The same, whose segments are signed when they are written anew.
    pub fn signing(self, signer: Option<Arc<SegmentSigner>>) -> Self {
        Self { signer, ..self }
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A segment by number.
    pub fn segment(&self, number: u64) -> Option<Arc<Segment>> {
        self.segments().into_iter().find(|segment| segment.number == number)
    }

    /// A new segment.
    pub fn push(&self, segment: Arc<Segment>) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// A commit added to a segment.
    pub fn grew(&self, segment: &Segment, totals: Totals) {
        let _ = self;
        segment.grow(totals);
    }

    /// A segment was rewritten: `rename` puts the new file in place of the old, and what it gives takes the old one's
    /// place; false if the old one was removed meanwhile.
    pub fn install(
        &self,
        number: u64,
        rename: impl FnOnce() -> std::io::Result<Arc<Segment>>,
    ) -> std::io::Result<bool> {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        match segments.iter_mut().find(|segment| segment.number == number) {
            Some(place) => {
                *place = rename()?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// What a new segment takes down of those that were written anew: see [`crate::segment::meta::REWRITTEN`].
    pub fn rewritten(&self) -> Vec<u8> {
        let segments = self.segments();
        let now = |segment: &Arc<Segment>| {
            let digest = segment.digest()?;
            (segment.link() != Some(digest)).then_some((segment.number, digest))
        };
        let mut newest: Vec<_> = segments.iter().rev().filter_map(now).take(REWRITTEN_SEGMENTS).collect();
        newest.reverse();
        let row = |(number, digest): (u64, Hash)| number.to_be_bytes().into_iter().chain(digest);
        newest.into_iter().flat_map(row).collect()
    }

    /// The segments and their bytes on disk, unfinished rewriting included.
    pub fn sizes(&self) -> (Vec<Arc<Segment>>, u64) {
        let now = self.working().0.map(|work| work.segment);
        let segments = self.segments();
        let of =
            |segment: &Arc<Segment>| segment.bytes() + segment.unfinished_bytes(now == Some(segment.number));
        let bytes = segments.iter().map(of).sum();
        (segments, bytes)
    }

    /// What the background does, and how many segments wait for it.
    pub fn working(&self) -> (Option<Work>, u64) {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells what the background does.
    pub fn tell_work(&self, change: impl FnOnce(&mut Option<Work>, &mut u64)) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, waiting) = &mut *work;
        change(now, waiting);
    }

    /// The pins. Who holds them decides what is removed; taken before the list of segments.
    pub fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a segment.
    pub fn evict(&self, removed: &Segment) -> std::io::Result<()> {
        let totals = removed.totals();
        let from = totals.span.map(|(from, _)| from).or(removed.head.as_ref().map(|head| head.created));
        // What is removed behind a pinned one is a gap between two segments, and needs no memory.
        if self.segments().first().is_some_and(|first| first.number == removed.number) {
            let mut known = self.removed_from.lock().unwrap_or_else(PoisonError::into_inner);
            *known = match (*known, from) {
                (Some(known), Some(from)) => Some(known.min(from)),
                (known, from) => known.or(from),
            };
        }
        self.heal(removed.number);
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.retain(|segment| segment.number != removed.number);
        // A file that is still open would keep its room.
        removed.let_go();
        let unfinished = crate::writer::unfinished(&removed.path);
        if unfinished.exists() {
            let _ = backend::remove(self.watch.as_ref(), &unfinished);
        }
        // Under the lock, so that a rewritten file is not put in its place after this.
        backend::remove(self.watch.as_ref(), &removed.path)
    }

    /// What was removed from the head of the store, as one gap.
    pub fn evicted(&self) -> Option<Gap> {
        let segments = self.segments();
        let first = segments.iter().find_map(|segment| segment.head.clone())?;
        let known = *self.removed_from.lock().unwrap_or_else(PoisonError::into_inner);
        if first.number <= 1 && known.is_none() {
            return None;
        }
        let from = known.unwrap_or(0).min(first.created);
        Some(Gap {
            from,
            to: first.created,
            class: Class::All,
            lost: Some(first.first_event.saturating_sub(1)),
            reason: GapReason::Evicted,
        })
    }

    /// Something of a segment cannot be read.
    pub fn damaged(&self, segment: &Segment, first: u64, zone: Option<&Zone>) {
        if !segment.path.exists() {
            return; // Removed meanwhile, which is another gap.
        }
        let span = zone.map(|zone| (zone.min_time, zone.max_time)).or(segment.totals().span);
        let created = segment.head.as_ref().map_or(0, |head| head.created);
        let (from, to) = span.unwrap_or((created, created));
        let lost = zone.map(|zone| u64::from(zone.count));
        let gap = Gap { from, to, class: Class::All, lost, reason: GapReason::Damaged };
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        let known = damage.get(&(segment.number, first)).map(|gap| gap.lost);
        // Of a block and of its first page the larger loss is told.
        if known.is_none_or(|known| known < lost) {
            damage.insert((segment.number, first), gap);
        }
        drop(damage);
        let new = known.is_none();
        if new {
            tracing::warn!(file = %segment.path.display(), first, "a block cannot be read; its events are missing");
        }
    }

    /// What was met of a segment while it was being recovered is no damage.
    pub fn heal(&self, number: u64) {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _), _| *other != number);
    }

    /// Damage met so far.
    pub fn damage(&self) -> Vec<Gap> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// A view of a segment; too many open files are closed, the least recently used first.
    pub fn view(&self, segment: &Segment) -> Result<View, FileError> {
        let view = segment.read()?;
        let stale: Vec<u64> = {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.retain(|number| *number != segment.number);
            recent.push_back(segment.number);
            let over = recent.len().saturating_sub(OPEN_SEGMENTS);
            recent.drain(..over).collect()
        };
        if !stale.is_empty() {
            for segment in self.segments().iter().filter(|segment| stale.contains(&segment.number)) {
                segment.let_go();
            }
        }
        Ok(view)
    }

    /// A context, looked for from the newest segment on.
    pub fn context(&self, id: ContextId) -> Option<Arc<Context>> {
        self.segments().iter().rev().find_map(|segment| {
            let view = self.view(segment).ok()?;
            Contexts::new(self, segment, &view).ok()?.get(id)
        })
    }

    /// The end of a process, looked for from the newest segment on.
    pub fn exit(&self, process: ProcessKey) -> Option<Exit> {
        self.segments().iter().rev().find_map(|segment| {
            let mut found = None;
            let mut look = |exit: Exit| found = found.or(Some(exit).filter(|exit| exit.process == process));
            super::contexts::each_exit(&self.view(segment).ok()?, &mut look).ok()?;
            found
        })
    }
}
