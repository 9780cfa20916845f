//! What filters look at: columns of a page of a block, each decoded when it is asked for.

use std::sync::Arc;

use event::{Event, EventId, File, Kind, Nanos, Outcome};

use super::build::Shape;
use super::column::Stored;
use super::encode::outcome;
use super::followers::Followers;
use super::forward::Forward;
use super::group::Group;
use super::paths::Paths;
use super::place;
use super::rest::Rest;
use super::tables::{Lazy, Tables, below, lazy};
use super::ticks;
use super::zone::Zone;
use crate::bytes::{Damaged, unzigzag};

/// Columns of a page that were decoded already.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub file_count: usize,
    pub times: Vec<Nanos>,
    pub whos: Vec<u32>,
    pub tids: Vec<u32>,
    pub shape_column: Arc<Vec<u32>>,
    pub files: Vec<u32>,
    pub destinations: Vec<u32>,
}

/// A page of a block with the block's tables. All columns over events have [`Core::len`] elements. A column that is damaged
/// is an error whenever it is asked for.
#[derive(Debug)]
pub struct Core {
    tables: Arc<Tables>,
    /// `None` if all columns are decoded.
    stored: Option<Stored>,
    count: usize,
    /// Row in the block of the first event.
    from: usize,
    /// See [`Tables::clock`].
    clock: u64,
    /// Id of the first event, and earliest time.
    first: (EventId, Nanos),
    /// Ids of the events, ascending; empty if they are the first and the next ones.
    ids: Vec<EventId>,
    times: Forward<Nanos>,
    whos: Lazy<Vec<u32>>,
    tids: Forward<u32>,
    shape_column: Lazy<Arc<Vec<u32>>>,
    kinds: Lazy<Vec<Kind>>,
    files: Lazy<Vec<u32>>,
    destinations: Lazy<Vec<u32>>,
}

impl Core {
    /// A page by its columns. Little is decoded yet.
    pub(super) fn of(tables: &Arc<Tables>, page: usize, stored: Stored) -> Result<Self, Damaged> {
        let rows = tables.page_rows(page);
        let start = *tables.starts()?.get(page).ok_or(Damaged("a page is missing"))?;
        let ids = ids(&stored, rows.len(), &tables.page_ids(page)?, page + 1 == tables.page_count())?;
        let first = (start.id, start.times.0);
        let clock = tables.clock(page)?;
        Ok(Self { stored: Some(stored), ids, clock, ..Self::new(tables, rows.start, rows.len(), first) })
    }

    fn new(tables: &Arc<Tables>, from: usize, count: usize, first: (EventId, Nanos)) -> Self {
        Self {
            tables: Arc::clone(tables),
            stored: None,
            count,
            from,
            clock: 0,
            first,
            ids: Vec::new(),
            times: Forward::new(),
            whos: Lazy::new(),
            tids: Forward::new(),
            shape_column: Lazy::new(),
            kinds: Lazy::new(),
            files: Lazy::new(),
            destinations: Lazy::new(),
        }
    }

    /// The one page of a block of format 1.
    pub(super) fn ready(tables: &Arc<Tables>, first: (EventId, Nanos), columns: Columns) -> Self {
        let Columns { times, whos, tids, shape_column, files, destinations, .. } = columns;
        Self {
            times: times.into(),
            whos: Ok(whos).into(),
            tids: tids.into(),
            shape_column: Ok(shape_column).into(),
            files: Ok(files).into(),
            destinations: Ok(destinations).into(),
            ..Self::new(tables, 0, tables.len(), first)
        }
    }

    fn stored(&self) -> Result<&Stored, Damaged> {
        self.stored.as_ref().ok_or(Damaged("a column is missing"))
    }

    /// The block's tables.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Number of events.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Row in the block of the first event.
    pub(super) const fn from(&self) -> usize {
        self.from
    }

    /// Id of an event. Ids grow with the rows, but in a thinned segment not always by one.
    pub fn id(&self, row: usize) -> EventId {
        match self.ids.get(row) {
            Some(id) => *id,
            None => self.first.0.saturating_add(row as u64),
        }
    }

    /// Row of the first event whose id is at least so much; [`Core::len`] if there is none. An event's own row, if
    /// [`Core::id`] of it is the id asked for.
    pub fn row_from(&self, id: EventId) -> usize {
        if self.ids.is_empty() {
            return usize::try_from(id.saturating_sub(self.first.0)).unwrap_or(usize::MAX).min(self.count);
        }
        self.ids.partition_point(|other| *other < id)
    }

    /// See [`Tables::paths`].
    pub fn paths(&self) -> Result<&Paths, Damaged> {
        self.tables.paths()
    }

    /// See [`Tables::file_count`].
    pub fn file_count(&self) -> usize {
        self.tables.file_count()
    }

    /// See [`Tables::file_paths`].
    pub fn file_paths(&self) -> Result<&[u32], Damaged> {
        self.tables.file_paths()
    }

    /// See [`Tables::shapes`].
    pub fn shapes(&self) -> Result<&[Shape], Damaged> {
        self.tables.shapes()
    }

    /// Per event.
    pub fn times(&self) -> Result<&[Nanos], Damaged> {
        self.times.all(|| self.first_times(self.count))
    }

    /// Those of the first events.
    fn first_times(&self, count: usize) -> Result<Vec<Nanos>, Damaged> {
        let (stored, earliest) = (self.stored()?, self.first.1);
        if self.clock == 0 {
            return stored.first_sums(place::TIMES, self.count, count, earliest);
        }
        let steps = stored.first_numbers(place::TIMES, self.count, count)?;
        ticks::decode(earliest, &steps, self.count, &stored.bytes(place::SLIPS)?, self.clock)
    }

    /// Per event: index into the header row's contexts, always in range.
    pub fn whos(&self) -> Result<&[u32], Damaged> {
        let decode = || self.stored()?.small(place::WHOS, self.count, below(self.tables.contexts)?);
        lazy(&self.whos, decode).map(Vec::as_slice)
    }

    /// Per event.
    pub fn tids(&self) -> Result<&[u32], Damaged> {
        self.tids.all(|| self.first_tids(self.count))
    }

    /// Those of the first events.
    fn first_tids(&self, count: usize) -> Result<Vec<u32>, Damaged> {
        // Of each context one more than its last one, 0 if it had none: there may be many contexts.
        let mut last = vec![0_i64; self.tables.contexts];
        let mut newest = 0_i64;
        let steps = self.stored()?.first_numbers(place::TIDS, self.count, count)?;
        // Not collected as results, of which nobody knows how many there will be.
        let mut tids = Vec::with_capacity(steps.len());
        for (step, who) in steps.into_iter().zip(self.whos()?) {
            let last = &mut last[*who as usize];
            let before = if *last == 0 { newest } else { *last - 1 };
            let tid = unzigzag(step).wrapping_add(before);
            if *last == 0 {
                newest = tid;
            }
            tids.push(u32::try_from(tid).map_err(|_| Damaged("a thread id is out of range"))?);
            *last = tid + 1;
        }
        Ok(tids)
    }

    /// Per event: index into [`Core::shapes`], always in range.
    pub fn shape_column(&self) -> Result<&Arc<Vec<u32>>, Damaged> {
        lazy(&self.shape_column, || {
            let stored = self.stored()?;
            let most = below(stored.count(place::SHAPE_COUNT))?;
            Ok(Arc::new(stored.small(place::SHAPES, self.count, most)?))
        })
    }

    /// Per event.
    pub fn kinds(&self) -> Result<&[Kind], Damaged> {
        let decode = || {
            let shapes = self.shapes()?;
            Ok(self.shape_column()?.iter().map(|shape| shapes[*shape as usize].kind).collect())
        };
        lazy(&self.kinds, decode).map(Vec::as_slice)
    }

    /// The shape of an event.
    pub fn shape(&self, row: usize) -> Result<Shape, Damaged> {
        let missing = Damaged("an event is incomplete");
        let index = *self.shape_column()?.get(row).ok_or(missing)?;
        self.shapes()?.get(index as usize).copied().ok_or(missing)
    }

    /// Per event: 0, or one more than the index of its file.
    pub fn files(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let codes = self.stored()?.numbers(place::FILES, self.count)?;
            let most = self.file_count();
            let mut last = vec![0_u32; self.tables.contexts];
            let mut followers = Followers::new(self.tables.followers()?, most, self.count);
            let mut files = Vec::with_capacity(self.count);
            for (code, who) in codes.into_iter().zip(self.whos()?) {
                if code == 0 {
                    files.push(0);
                    continue;
                }
                let last = &mut last[*who as usize];
                let file = if code == 1 {
                    followers.after(*last)?
                } else {
                    let file = u32::try_from(unzigzag(code - 2).wrapping_add(i64::from(*last)));
                    let file = file.ok().filter(|file| (1..=most).contains(&(*file as usize)));
                    let file = file.ok_or(Damaged("an event has no such file"))?;
                    followers.set(*last, file);
                    file
                };
                *last = file;
                files.push(file);
            }
            Ok(files)
        };
        lazy(&self.files, decode).map(Vec::as_slice)
    }

    /// Likewise of its destination. Empty if no event of the block has one: use [`Core::destination`] for one event.
    pub fn destinations(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let stored = self.stored()?;
            if stored.constant(place::DESTINATIONS) == Some(0) {
                return Ok(Vec::new());
            }
            stored.small(place::DESTINATIONS, self.count, self.file_count() as u64)
        };
        lazy(&self.destinations, decode).map(Vec::as_slice)
    }

    /// Element of the column of destinations.
    pub fn destination(&self, row: usize) -> Result<u32, Damaged> {
        Ok(self.destinations()?.get(row).copied().unwrap_or(0))
    }

    /// `evt.outcome` of a shape.
    pub const fn outcome(shape: &Shape) -> Outcome {
        outcome(shape.kind, shape.retval)
    }

    /// Path of a file column's value: index into [`Core::paths`].
    pub fn path(&self, file: u32) -> Result<Option<u32>, Damaged> {
        let paths = self.file_paths()?;
        Ok(file.checked_sub(1).and_then(|file| paths.get(file as usize)).copied())
    }

    /// Whether the tables tell of all that this page has.
    pub fn check_pages(&self, page: usize) -> Result<(), Damaged> {
        let bit = 1_u64.checked_shl(u32::try_from(page).unwrap_or(u32::MAX)).unwrap_or(0);
        let tables = &self.tables;
        let told = |pages: u64| pages & bit != 0;
        let (mut contexts, mut shapes) = (vec![false; tables.contexts], vec![false; self.shapes()?.len()]);
        let mut paths = vec![false; self.paths()?.len()];
        for row in 0..self.len() {
            contexts[self.whos()?[row] as usize] = true;
            shapes[self.shape_column()?[row] as usize] = true;
            for file in [self.files()?[row], self.destination(row)?] {
                if let Some(path) = self.path(file)? {
                    paths[path as usize] = true;
                }
            }
        }
        let (earliest, latest) = (self.times()?.iter().min().copied(), self.times()?.iter().max().copied());
        let whole = tables.all_told(place::CONTEXT_PAGES, &contexts, told)?
            && tables.all_told(place::SHAPE_PAGES, &shapes, told)?
            && tables.path_pages()?.into_iter().zip(&paths).all(|(pages, there)| !there || told(pages))
            && earliest.is_none_or(|time| tables.pages_within(Some(time), None).is_ok_and(told))
            && latest.is_none_or(|time| tables.pages_within(None, time.checked_add(1)).is_ok_and(told));
        if whole { Ok(()) } else { Err(Damaged("its tables do not tell what its pages have")) }
    }

    /// Bytes in memory, about, once all is decoded, the tables left out.
    pub fn size(&self) -> usize {
        let stored = self.stored.as_ref().map_or(0, Stored::len);
        size_of::<Self>() + self.count * 25 + self.ids.len() * 8 + stored
    }

    /// A distinct file, of a block that was read as a whole; its index is one less than what the columns of files say.
    pub(super) fn file(&self, rest: &Rest, index: u32) -> Result<File, Damaged> {
        self.file_of(rest, index, |group| self.tables.group(group).cloned())
    }

    /// A distinct file, out of the group that has it.
    fn file_of<E: From<Damaged>>(
        &self,
        rest: &Rest,
        index: u32,
        group: impl FnOnce(usize) -> Result<Arc<Group>, E>,
    ) -> Result<File, E> {
        let missing = Damaged("an event is incomplete");
        let Some(file) = rest.file(index as usize) else {
            let group = group(self.tables.group_of(index as usize)?)?;
            return Ok(group.file(index as usize, self.tables.names()?)?);
        };
        let mut file = file?;
        let path = self.file_paths()?.get(index as usize).ok_or(missing)?;
        self.paths()?.get(*path as usize).ok_or(missing)?.clone_into(&mut file.path);
        Ok(file)
    }

    /// Puts an event of a block that was read as a whole together again.
    pub fn event(&self, zone: &Zone, rest: &Rest, row: usize) -> Result<Event, Damaged> {
        self.event_of(zone, rest, (row, self.count), |group| self.tables.group(group).cloned())
    }

    /// Puts an event together again, its files out of the groups that have them. `last` is the last row of the page that is
    /// asked for now.
    pub fn event_of<E: From<Damaged>>(
        &self,
        zone: &Zone,
        rest: &Rest,
        (row, last): (usize, usize),
        group: impl Fn(usize) -> Result<Arc<Group>, E>,
    ) -> Result<Event, E> {
        let missing = Damaged("an event is incomplete");
        let file =
            |index: u32| index.checked_sub(1).map(|index| self.file_of(rest, index, &group)).transpose();
        let who = *self.whos()?.get(row).ok_or(missing)?;
        let shape = self.shape(row)?;
        Ok(Event {
            time: self.times.get((row, last, self.count), |count| self.first_times(count))?,
            kind: shape.kind,
            context: *zone.contexts.get(who as usize).ok_or(missing)?,
            tid: self.tids.get((row, last, self.count), |count| self.first_tids(count))?,
            retval: shape.retval,
            flags: shape.flags,
            file: file(*self.files()?.get(row).ok_or(missing)?)?,
            destination: file(self.destination(row)?)?.map(Box::new),
            detail: rest.detail(self, row).ok_or(missing)?.clone(),
        })
    }
}

/// Ids of a page's events, if there are holes between them; `within` are those that it may have.
fn ids(
    stored: &Stored,
    count: usize,
    within: &std::ops::Range<EventId>,
    is_last: bool,
) -> Result<Vec<EventId>, Damaged> {
    if stored.constant(place::IDS) == Some(0) {
        let end = within.start.checked_add(count as u64);
        let fits = end.is_some_and(|end| end == within.end || (end < within.end && !is_last));
        return if fits { Ok(Vec::new()) } else { Err(Damaged("ids are missing")) };
    }
    let mut last = within.start.wrapping_sub(1);
    // Whatever wraps does not grow, and is noticed below.
    let ids = stored.numbers(place::IDS, count)?.into_iter().map(|step| {
        last = last.wrapping_add(step).wrapping_add(1);
        last
    });
    let ids: Vec<EventId> = ids.collect();
    let end = last.saturating_add(1);
    let fits = end == within.end || (end < within.end && !is_last);
    if fits && ids.first().is_none_or(|first| *first >= within.start) && ids.is_sorted_by(|a, b| a < b) {
        Ok(ids)
    } else {
        Err(Damaged("ids do not fit the header row"))
    }
}
