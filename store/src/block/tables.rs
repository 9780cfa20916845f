//! What all pages of a block refer to: shapes, paths, which path each file has; and which pages have what.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use event::{EventId, Kind, Nanos};

use super::build::Shape;
use super::column::Stored;
use super::core::{Columns, Core};
use super::facts::Names;
use super::group::Group;
use super::groups::{Groups, Place};
use super::numbers::Numbers;
use super::paths::Paths;
use super::place;
use super::version1;
use super::zone::Zone;
use crate::bytes::{Damaged, unzigzag};
use crate::limits::{MAX_BLOCK_EVENTS, MAX_PAGES};

/// Format from which on a block's events may have ids with holes between them, and columns are unpacked one by one.
pub const SPARSE_FROM: u32 = 2;
/// Format from which on a block's events are in pages.
pub const PAGES_FROM: u32 = 3;
/// Format from which on times are told in steps of the clock.
const STEPS_FROM: u32 = 4;

/// Columns of a page in a format.
const fn page_columns(format: u32) -> usize {
    if format < STEPS_FROM { place::PAGE_3 } else { place::PAGE }
}

/// Something that is decoded once, when it is asked for.
pub(super) type Lazy<T> = OnceLock<Result<T, Damaged>>;

/// Decodes it if that was not done yet.
pub(super) fn lazy<T>(cell: &Lazy<T>, decode: impl FnOnce() -> Result<T, Damaged>) -> Result<&T, Damaged> {
    cell.get_or_init(decode).as_ref().map_err(|damaged| *damaged)
}

/// Largest index of a list.
pub(super) fn below(count: usize) -> Result<u64, Damaged> {
    (count as u64).checked_sub(1).ok_or(Damaged("a column refers to nothing"))
}

/// Where tables come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A block of format 1: all was decoded at once, but for the rest, which is to be decoded of this stored value.
    Version1 { value: Vec<u8>, page: Box<Columns> },
    /// Columns that are decoded when they are asked for: those of the tables, those of groups of files (how many), and those
    /// of the pages.
    Columns { tables: Stored, groups: Stored, group_count: usize, pages: Stored },
}

/// Tables of a block, each decoded when it is asked for. One that is damaged is an error whenever it is asked for.
#[derive(Debug)]
pub struct Tables {
    pub(super) source: Source,
    pub(super) count: usize,
    pub(super) contexts: usize,
    pub(super) file_count: usize,
    pub(super) path_count: usize,
    /// Events of each page but the last.
    page_rows: usize,
    /// Version of the segment's format.
    pub(super) format: u32,
    /// Bytes of the value that come before groups and pages, and bytes of all of it.
    lengths: (usize, usize),
    /// First and last id, earliest and latest time.
    ids: (EventId, EventId),
    times: (Nanos, Nanos),
    pub(super) groups: Lazy<Groups>,
    pub(super) names: Lazy<Names>,
    pub(super) paths: Lazy<Paths>,
    pub(super) file_paths: Lazy<Vec<u32>>,
    shapes: Lazy<Vec<Shape>>,
    followers: Lazy<Numbers>,
    clocks: Lazy<Numbers>,
    starts: Lazy<Vec<Start>>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// Its first id.
    pub id: EventId,
    /// Its earliest and latest time.
    pub times: (Nanos, Nanos),
}

impl Tables {
    /// Of a stored block of any format (the zone knows which). Of a value of format 3 only the directory must be there
    /// yet. Little is decoded.
    pub fn decode(zone: &Zone, value: &Arc<Vec<u8>>) -> Result<Self, Damaged> {
        let count = zone.count as usize;
        if zone.format < SPARSE_FROM {
            return version1::tables(zone, value);
        }
        if count > MAX_BLOCK_EVENTS {
            return Err(Damaged("a block has too many events"));
        }
        if zone.format < PAGES_FROM {
            let all = Stored::open(Arc::clone(value), place::COUNTS_2, |_| Ok(place::COLUMNS_2))?;
            let pages = all.some(0..place::PAGE_3);
            let mut constants = [0; place::TABLES - place::FOLLOWERS];
            for (column, count) in
                [(place::GROUP_FILES, place::FILE_COUNT), (place::GROUP_PATHS, place::PATH_COUNT)]
            {
                constants[column - place::FOLLOWERS] = all.count(count) as u64;
            }
            let tables = all.pick(&place::TABLES_2, &constants);
            let groups = all.pick(&place::GROUP_2, &[1]);
            return Self::of(zone, Source::Columns { tables, groups, group_count: 1, pages }, count.max(1));
        }
        let table_columns = if zone.format < STEPS_FROM { place::TABLES_3 } else { place::TABLES };
        let page_columns = page_columns(zone.format);
        let places = |counts: &[usize]| match counts {
            [files, _, _, _, rows, groups]
                if *rows > 0 && count.div_ceil(*rows) <= MAX_PAGES && groups <= files =>
            {
                let pages = table_columns + place::GROUP * groups;
                Ok(pages..pages + page_columns * count.div_ceil(*rows))
            }
            _ => Err(Damaged("a block has too many pages or groups")),
        };
        let all = Stored::open(Arc::clone(value), place::COUNTS, |counts| Ok(places(counts)?.end))?;
        let (rows, group_count) = (all.count(place::PAGE_ROWS), all.count(place::GROUP_COUNT));
        let tables = all.with_constants(0..table_columns, &[0; place::TABLES][table_columns..]);
        let pages = table_columns + place::GROUP * group_count;
        let groups = all.some(table_columns..pages);
        let pages = all.some(pages..pages + page_columns * count.div_ceil(rows));
        Self::of(zone, Source::Columns { tables, groups, group_count, pages }, rows)
    }

    fn of(zone: &Zone, source: Source, page_rows: usize) -> Result<Self, Damaged> {
        let count = zone.count as usize;
        let (file_count, path_count) = match &source {
            Source::Version1 { page, .. } => (page.file_count, 0),
            Source::Columns { tables, .. } => {
                (tables.count(place::FILE_COUNT), tables.count(place::PATH_COUNT))
            }
        };
        let lengths = match &source {
            Source::Version1 { value, .. } => (value.len(), value.len()),
            Source::Columns { tables, groups, pages, .. } => {
                let own = tables.total();
                (own, own.max(groups.total()).max(pages.total()))
            }
        };
        if file_count > 2 * count || path_count > file_count {
            return Err(Damaged("too many files"));
        }
        Ok(Self {
            source,
            count,
            contexts: zone.contexts.len(),
            file_count,
            path_count,
            page_rows,
            format: zone.format,
            lengths,
            ids: (zone.first, zone.last),
            times: (zone.min_time, zone.max_time),
            groups: Lazy::new(),
            names: Lazy::new(),
            paths: Lazy::new(),
            file_paths: Lazy::new(),
            shapes: Lazy::new(),
            followers: Lazy::new(),
            clocks: Lazy::new(),
            starts: Lazy::new(),
        })
    }

    /// Tables that were decoded already.
    pub(super) fn ready(
        zone: &Zone,
        source: Source,
        paths: Paths,
        starts: Vec<u32>,
        shapes: Vec<Shape>,
    ) -> Result<Self, Damaged> {
        let ready = Self::of(zone, source, (zone.count as usize).max(1))?;
        let path_count = paths.len();
        let list = vec![Place::ready(Group::ready(paths, ready.file_count, starts))];
        let groups = Groups { list, keys: Paths::default() };
        Ok(Self { path_count, groups: Ok(groups).into(), shapes: Ok(shapes).into(), ..ready })
    }

    /// The same, with the bytes of its own columns, which are before those of groups and pages.
    pub fn with(mut self, value: Vec<u8>) -> Self {
        if let Source::Columns { tables, groups, pages, .. } = &mut self.source {
            // None of them keeps the bytes that the directory was read from.
            let value = Arc::new(value);
            for columns in [tables, groups, pages] {
                columns.read_from(Arc::clone(&value));
            }
        }
        self
    }

    /// All columns of format 1 are there from the start, so that nothing asks for them.
    pub(super) fn stored(&self) -> Result<&Stored, Damaged> {
        match &self.source {
            Source::Columns { tables, .. } => Ok(tables),
            Source::Version1 { .. } => Err(Damaged("a column is missing")),
        }
    }

    /// Bytes of the value that come before groups and pages, and bytes of all of it. Not of formats 1 and 2.
    pub const fn lengths(&self) -> (usize, usize) {
        self.lengths
    }

    /// Whether the whole value is there: groups and pages need not be read.
    pub fn is_whole(&self) -> bool {
        match &self.source {
            Source::Columns { tables, .. } => tables.len() >= self.lengths.1,
            Source::Version1 { .. } => true,
        }
    }

    /// Number of events.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Number of pages.
    pub fn page_count(&self) -> usize {
        self.count.div_ceil(self.page_rows)
    }

    /// Where in the list of columns a page's are.
    const fn page_places(&self, page: usize) -> Range<usize> {
        let columns = page_columns(self.format);
        page * columns..(page + 1) * columns
    }

    /// Where in the value a page's columns are.
    pub fn page_range(&self, page: usize) -> Range<usize> {
        match &self.source {
            Source::Columns { pages, .. } => pages.range(self.page_places(page)),
            Source::Version1 { .. } => 0..0,
        }
    }

    /// Rows of a page.
    pub fn page_rows(&self, page: usize) -> Range<usize> {
        let start = page.saturating_mul(self.page_rows).min(self.count);
        start..start.saturating_add(self.page_rows).min(self.count)
    }

    /// Length of the step in which a page's times are told, in parts of a nanosecond; 0 if they are told in nanoseconds.
    pub(super) fn clock(&self, page: usize) -> Result<u64, Damaged> {
        let clocks = lazy(&self.clocks, || self.stored()?.lookup(place::STEPS, self.page_count()))?;
        clocks.get(page).ok_or(Damaged("a page is missing"))
    }

    /// Where each page begins.
    pub(super) fn starts(&self) -> Result<&[Start], Damaged> {
        let decode = || {
            let pages = self.page_count();
            if pages <= 1 {
                return Ok(vec![Start { id: self.ids.0, times: self.times }; pages]);
            }
            let stored = self.stored()?;
            let (mut id, mut time) = (self.ids.0, self.times.0);
            let ids = stored.numbers(place::PAGE_IDS, pages)?;
            let times = stored.numbers(place::PAGE_TIMES, pages)?;
            let spans = stored.numbers(place::PAGE_SPANS, pages)?;
            let starts = (0..pages).map(|page| {
                id = id.wrapping_add(ids[page]);
                let first = id;
                id = id.wrapping_add(self.page_rows(page).len() as u64);
                time = time.wrapping_add(unzigzag(times[page]));
                Start { id: first, times: (time, time.wrapping_add(spans[page].cast_signed())) }
            });
            let starts: Vec<Start> = starts.collect();
            if starts.is_sorted_by(|a, b| a.id < b.id) && starts.iter().all(|start| start.id <= self.ids.1) {
                Ok(starts)
            } else {
                Err(Damaged("pages are not in order"))
            }
        };
        lazy(&self.starts, decode).map(Vec::as_slice)
    }

    /// The bytes that the tables are read from; those of the pages may be among them.
    pub fn value(&self) -> Arc<Vec<u8>> {
        match &self.source {
            Source::Columns { tables, .. } => Arc::clone(tables.value()),
            Source::Version1 { .. } => Arc::default(),
        }
    }

    /// Earliest and latest time of a page.
    pub fn page_times(&self, page: usize) -> Result<(Nanos, Nanos), Damaged> {
        self.starts()?.get(page).map(|start| start.times).ok_or(Damaged("a page is missing"))
    }

    /// First id of a page, and the first one behind it, about.
    pub fn page_ids(&self, page: usize) -> Result<Range<EventId>, Damaged> {
        let starts = self.starts()?;
        let first = starts.get(page).ok_or(Damaged("a page is missing"))?.id;
        Ok(first..starts.get(page + 1).map_or(self.ids.1.saturating_add(1), |next| next.id))
    }

    /// Which pages have times in a span, a bit each.
    pub fn pages_within(&self, since: Option<Nanos>, until: Option<Nanos>) -> Result<u64, Damaged> {
        if self.page_count() <= 1 || (since.is_none() && until.is_none()) {
            return Ok(u64::MAX);
        }
        let mut pages = 0;
        for (page, start) in self.starts()?.iter().enumerate() {
            let (first, last) = start.times;
            if since.is_none_or(|since| last >= since) && until.is_none_or(|until| first < until) {
                pages |= 1 << page;
            }
        }
        Ok(pages)
    }

    /// Which pages can have some of these ids, a bit each.
    pub fn pages_of_ids(&self, ids: &[EventId]) -> Result<u64, Damaged> {
        if self.page_count() <= 1 {
            return Ok(u64::MAX);
        }
        let mut pages = 0;
        for page in 0..self.page_count() {
            let own = self.page_ids(page)?;
            if ids.iter().any(|id| own.contains(id)) {
                pages |= 1 << page;
            }
        }
        Ok(pages)
    }

    fn pages_of(&self, column: usize, of: &[bool]) -> Result<u64, Damaged> {
        if self.page_count() <= 1 {
            return Ok(u64::MAX);
        }
        let pages = self.stored()?.numbers(column, of.len())?;
        Ok(pages.iter().zip(of).fold(0, |all, (pages, wanted)| if *wanted { all | pages } else { all }))
    }

    /// Whether a column of pages tells of all that are there.
    pub(super) fn all_told(
        &self,
        column: usize,
        there: &[bool],
        told: impl Fn(u64) -> bool,
    ) -> Result<bool, Damaged> {
        if self.page_count() <= 1 {
            return Ok(true);
        }
        let pages = self.stored()?.numbers(column, there.len())?;
        Ok(pages.into_iter().zip(there).all(|(pages, there)| !there || told(pages)))
    }

    /// Which pages have events of some of the header row's contexts, a bit each.
    pub fn pages_of_contexts(&self, contexts: &[bool]) -> Result<u64, Damaged> {
        self.pages_of(place::CONTEXT_PAGES, contexts)
    }

    /// Likewise of some shapes.
    pub fn pages_of_shapes(&self, shapes: &[bool]) -> Result<u64, Damaged> {
        self.pages_of(place::SHAPE_PAGES, shapes)
    }

    /// The distinct combinations of kind, flags, return value and detail: few. What only looks at these is answered for
    /// the shapes first, and then for the events by [`Core::shape_column`].
    pub fn shapes(&self) -> Result<&[Shape], Damaged> {
        let decode = || {
            let stored = self.stored()?;
            let count = stored.count(place::SHAPE_COUNT);
            if count > self.count {
                return Err(Damaged("too many shapes"));
            }
            let kinds = stored.small(place::SHAPE_KINDS, count, 255)?;
            let flags = stored.small(place::SHAPE_FLAGS, count, u64::from(u32::MAX))?;
            let retvals = stored.numbers(place::SHAPE_RETVALS, count)?;
            let most = if count == 0 { 0 } else { below(stored.count(place::DETAIL_COUNT))? };
            let details = stored.small(place::SHAPE_DETAILS, count, most)?;
            let shape = |index: usize| {
                let kind = u8::try_from(kinds[index]).unwrap_or(u8::MAX);
                Ok(Shape {
                    kind: Kind::try_from(kind).map_err(|_| Damaged("unknown kind"))?,
                    flags: flags[index],
                    retval: unzigzag(retvals[index]),
                    detail: details[index],
                })
            };
            (0..count).map(shape).collect()
        };
        lazy(&self.shapes, decode).map(Vec::as_slice)
    }

    /// Of each file, counted from 1 (0: no file), the one that is likely to come next; see [`Followers`].
    ///
    /// [`Followers`]: super::followers::Followers
    pub(super) fn followers(&self) -> Result<&Numbers, Damaged> {
        lazy(&self.followers, || self.stored()?.lookup(place::FOLLOWERS, self.file_count + 1))
    }

    /// A page; `value` has the bytes of [`Self::page_range`], from `base` on, and may have more.
    pub fn page(self: &Arc<Self>, page: usize, value: &Arc<Vec<u8>>, base: usize) -> Result<Core, Damaged> {
        if page >= self.page_count() {
            return Err(Damaged("a page is missing"));
        }
        match &self.source {
            Source::Columns { pages, .. } => {
                let stored = pages.part(self.page_places(page), Arc::clone(value), base);
                Core::of(self, page, stored)
            }
            Source::Version1 { page, .. } => {
                Ok(Core::ready(self, (self.ids.0, self.times.0), Columns::clone(page)))
            }
        }
    }

    /// Each column's name, bytes before it was packed, and bytes as stored.
    pub fn sizes(&self) -> Vec<(&'static str, u64, usize)> {
        let Source::Columns { tables, groups, pages, .. } = &self.source else { return Vec::new() };
        let names = place::PAGE_NAMES.iter().take(page_columns(self.format)).cycle().copied();
        let group_names = place::GROUP_NAMES.iter().cycle().copied();
        let tables = tables.sizes(place::TABLE_NAMES.into_iter()).into_iter();
        tables.chain(groups.sizes(group_names)).chain(pages.sizes(names)).collect()
    }

    /// Bytes in memory, about, once all is decoded.
    pub fn size(&self) -> usize {
        let stored = match &self.source {
            Source::Version1 { value, .. } => 2 * value.len() + self.count * 25,
            // The text of paths is most of what was packed; files have facts.
            Source::Columns { tables, .. } if self.is_whole() => 3 * tables.len() + self.file_count * 40,
            Source::Columns { tables, .. } => 3 * tables.len(),
        };
        // Followers of files.
        size_of::<Self>() + self.file_count * 4 + stored
    }
}

/// All pages of a whole stored value, in order.
pub fn pages(zone: &Zone, value: Vec<u8>) -> Result<Vec<Core>, Damaged> {
    let value = Arc::new(value);
    let tables = Arc::new(Tables::decode(zone, &value)?);
    (0..tables.page_count()).map(|page| tables.page(page, &value, 0)).collect()
}
