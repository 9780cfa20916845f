//! What filters look at: paths and columns of a block.

use std::borrow::Cow;

use event::{Event, EventId, Kind, Nanos, Outcome};

use super::rest::Rest;
use super::version1;
use super::zone::Zone;
use crate::bytes::Damaged;

/// Format from which on a block's events may have ids with holes between them.
pub const SPARSE_FROM: u32 = 2;

/// Paths and columns of a block. Columns are decoded when they are first asked for; each is `Err` from then on if it is
/// damaged. All columns over events have [`Core::len`] elements.
#[derive(Debug)]
pub struct Core {
    pub(super) count: usize,
    /// Id of the first event.
    pub(super) first: EventId,
    /// Ids of the events, ascending; empty if they are the first and the next ones.
    pub(super) ids: Vec<EventId>,
    pub(super) paths: Paths,
    pub(super) file_paths: Vec<u32>,
    pub(super) times: Vec<Nanos>,
    pub(super) whos: Vec<u32>,
    pub(super) tids: Vec<u32>,
    pub(super) kinds: Vec<Kind>,
    pub(super) retvals: Vec<i64>,
    pub(super) flags: Vec<u32>,
    pub(super) files: Vec<u32>,
    pub(super) destinations: Vec<u32>,
}

#[expect(clippy::unnecessary_wraps, reason = "a column may be decoded when it is asked for")]
impl Core {
    /// From a stored block of any format (the zone knows which).
    pub fn decode(zone: &Zone, value: &[u8]) -> Result<Self, Damaged> {
        version1::core(zone, value)
    }

    /// Number of events.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Id of an event. Ids grow with the rows, but in a thinned segment not always by one.
    pub fn id(&self, row: usize) -> EventId {
        match self.ids.get(row) {
            Some(id) => *id,
            None => self.first.saturating_add(row as u64),
        }
    }

    /// Row of the first event whose id is at least so much; [`Core::len`] if there is none. An event's own row, if
    /// [`Core::id`] of it is the id asked for.
    pub fn row_from(&self, id: EventId) -> usize {
        if self.ids.is_empty() {
            return usize::try_from(id.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.count);
        }
        self.ids.partition_point(|other| *other < id)
    }

    /// Distinct paths, ascending.
    pub fn paths(&self) -> Result<&Paths, Damaged> {
        Ok(&self.paths)
    }

    /// Number of distinct files.
    pub fn file_count(&self) -> usize {
        self.file_paths.len()
    }

    /// Path of each distinct file: index into [`Core::paths`]. It never falls.
    pub fn file_paths(&self) -> Result<&[u32], Damaged> {
        Ok(&self.file_paths)
    }

    /// Per event.
    pub fn times(&self) -> Result<&[Nanos], Damaged> {
        Ok(&self.times)
    }

    /// Per event: index into the header row's contexts, always in range.
    pub fn whos(&self) -> Result<&[u32], Damaged> {
        Ok(&self.whos)
    }

    /// Per event.
    pub fn tids(&self) -> Result<&[u32], Damaged> {
        Ok(&self.tids)
    }

    /// Per event.
    pub fn kinds(&self) -> Result<&[Kind], Damaged> {
        Ok(&self.kinds)
    }

    /// Per event.
    pub fn retvals(&self) -> Result<&[i64], Damaged> {
        Ok(&self.retvals)
    }

    /// Per event.
    pub fn flags(&self) -> Result<&[u32], Damaged> {
        Ok(&self.flags)
    }

    /// Per event: 0, or one more than the index of its file.
    pub fn files(&self) -> Result<&[u32], Damaged> {
        Ok(&self.files)
    }

    /// Likewise of its destination. Empty if no event of the block has one: use [`Core::destination`] for one event.
    pub fn destinations(&self) -> Result<&[u32], Damaged> {
        Ok(&self.destinations)
    }

    /// Element of the column of destinations.
    pub fn destination(&self, row: usize) -> Result<u32, Damaged> {
        Ok(self.destinations()?.get(row).copied().unwrap_or(0))
    }

    /// `evt.outcome` of each event.
    pub fn outcomes(&self) -> Result<Cow<'_, [Outcome]>, Damaged> {
        let outcome = |(kind, retval): (&Kind, &i64)| match kind {
            Kind::Fork | Kind::Exec | Kind::Exit => Outcome::Success,
            _ => Outcome::of_return(*retval),
        };
        Ok(Cow::Owned(self.kinds()?.iter().zip(self.retvals()?).map(outcome).collect()))
    }

    /// Path of a file column's value: index into [`Core::paths`].
    pub fn path(&self, file: u32) -> Result<Option<u32>, Damaged> {
        let paths = self.file_paths()?;
        Ok(file.checked_sub(1).and_then(|file| paths.get(file as usize)).copied())
    }

    /// Bytes in memory, about, once all is decoded.
    pub fn size(&self) -> usize {
        self.count * 41 + self.ids.len() * 8 + self.file_paths.len() * 4 + self.paths.size()
    }

    /// Puts an event together again.
    pub fn event(&self, zone: &Zone, rest: &Rest, row: usize) -> Result<Event, Damaged> {
        let missing = Damaged("an event is incomplete");
        let file = |index: u32| {
            let Some(index) = index.checked_sub(1) else { return Ok(None) };
            let mut file = rest.file(index as usize).ok_or(missing)?;
            let path = self.file_paths()?.get(index as usize).ok_or(missing)?;
            self.paths()?.get(*path as usize).ok_or(missing)?.clone_into(&mut file.path);
            Ok(Some(file))
        };
        let who = *self.whos()?.get(row).ok_or(missing)?;
        Ok(Event {
            time: *self.times()?.get(row).ok_or(missing)?,
            kind: *self.kinds()?.get(row).ok_or(missing)?,
            context: *zone.contexts.get(who as usize).ok_or(missing)?,
            tid: *self.tids()?.get(row).ok_or(missing)?,
            retval: *self.retvals()?.get(row).ok_or(missing)?,
            flags: *self.flags()?.get(row).ok_or(missing)?,
            file: file(*self.files()?.get(row).ok_or(missing)?)?,
            destination: file(self.destination(row)?)?,
            detail: rest.detail(row).ok_or(missing)?.clone(),
        })
    }
}

/// Distinct paths, ascending by bytes, in one piece of memory.
#[derive(Debug, Default)]
pub struct Paths {
    text: String,
    /// Behind the last byte of each.
    ends: Vec<u32>,
}

impl Paths {
    /// Adds one.
    pub(super) fn push(&mut self, path: &str) {
        self.text.push_str(path);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The first that is not less than a text; [`Paths::len`] if there is none.
    pub fn from(&self, least: &str) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(|path| path < least) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Bytes in memory.
    pub const fn size(&self) -> usize {
        self.text.len() + 4 * self.ends.len()
    }
}
