//! What filters look at: paths and columns of a block, each decoded when it is asked for.

use std::sync::{Arc, OnceLock};

use event::{Event, EventId, File, Kind, Nanos, Outcome};

use super::build::Shape;
use super::column::Stored;
use super::encode::outcome;
use super::paths::Paths;
use super::place;
use super::rest::Rest;
use super::version1;
use super::zone::Zone;
use crate::bytes::{Damaged, unzigzag};
use crate::limits::MAX_BLOCK_EVENTS;

/// Format from which on a block's events may have ids with holes between them, and columns are unpacked one by one.
pub const SPARSE_FROM: u32 = 2;

/// Something that is decoded once, when it is asked for.
pub(super) type Lazy<T> = OnceLock<Result<T, Damaged>>;

/// Where columns come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A block of format 1: everything was decoded at once; the rest is still to be decoded of this stored value.
    Version1(Vec<u8>),
    /// Columns that are decoded when they are asked for.
    Columns(Stored),
}

/// Paths and columns of a block. All columns over events have [`Core::len`] elements. A column that is damaged is an error
/// whenever it is asked for.
#[derive(Debug)]
pub struct Core {
    pub(super) source: Arc<Source>,
    pub(super) count: usize,
    pub(super) contexts: usize,
    pub(super) file_count: usize,
    /// Id of the first event, and earliest time.
    pub(super) first: (EventId, Nanos),
    /// Ids of the events, ascending; empty if they are the first and the next ones.
    pub(super) ids: Vec<EventId>,
    pub(super) paths: Lazy<Paths>,
    pub(super) file_paths: Lazy<Vec<u32>>,
    pub(super) times: Lazy<Vec<Nanos>>,
    pub(super) whos: Lazy<Vec<u32>>,
    pub(super) tids: Lazy<Vec<u32>>,
    pub(super) shapes: Lazy<Vec<Shape>>,
    pub(super) shape_column: Lazy<Arc<Vec<u32>>>,
    pub(super) kinds: Lazy<Vec<Kind>>,
    pub(super) files: Lazy<Vec<u32>>,
    pub(super) destinations: Lazy<Vec<u32>>,
}

fn lazy<T>(cell: &Lazy<T>, decode: impl FnOnce() -> Result<T, Damaged>) -> Result<&T, Damaged> {
    cell.get_or_init(decode).as_ref().map_err(|damaged| *damaged)
}

impl Core {
    /// From a stored block of any format (the zone knows which). Little is decoded yet.
    pub fn decode(zone: &Zone, value: &[u8]) -> Result<Self, Damaged> {
        if zone.format < SPARSE_FROM {
            return version1::core(zone, value);
        }
        let count = zone.count as usize;
        if count > MAX_BLOCK_EVENTS {
            return Err(Damaged("a block has too many events"));
        }
        let stored = Stored::open(value, place::COUNTS, place::COLUMNS)?;
        let file_count = stored.count(place::FILE_COUNT);
        if file_count > 2 * count {
            return Err(Damaged("too many files"));
        }
        let ids = ids(zone, &stored)?;
        Ok(Self {
            source: Arc::new(Source::Columns(stored)),
            count,
            contexts: zone.contexts.len(),
            file_count,
            first: (zone.first, zone.min_time),
            ids,
            paths: Lazy::new(),
            file_paths: Lazy::new(),
            times: Lazy::new(),
            whos: Lazy::new(),
            tids: Lazy::new(),
            shapes: Lazy::new(),
            shape_column: Lazy::new(),
            kinds: Lazy::new(),
            files: Lazy::new(),
            destinations: Lazy::new(),
        })
    }

    /// All columns of format 1 are there from the start, so that nothing asks for them.
    fn stored(&self) -> Result<&Stored, Damaged> {
        match &*self.source {
            Source::Columns(stored) => Ok(stored),
            Source::Version1(_) => Err(Damaged("a column is missing")),
        }
    }

    /// Number of events.
    pub const fn len(&self) -> usize {
        self.count
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

    /// Distinct paths, in an order of their own: see [`Paths`].
    pub fn paths(&self) -> Result<&Paths, Damaged> {
        lazy(&self.paths, || Paths::decode(self.stored()?))
    }

    /// Number of distinct files.
    pub const fn file_count(&self) -> usize {
        self.file_count
    }

    /// Path of each distinct file: index into [`Core::paths`], always in range. It never falls.
    pub fn file_paths(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let stored = self.stored()?;
            let paths = u32::try_from(stored.count(place::PATH_COUNT)).unwrap_or(u32::MAX);
            let mut path = 0_u32;
            let starts = stored.small(place::PATH_STARTS, self.file_count, 1)?;
            let places = starts.into_iter().map(|new| {
                path = path.wrapping_add(new);
                path.wrapping_sub(1)
            });
            let places: Vec<u32> = places.collect();
            if path == paths && places.first().is_none_or(|first| *first == 0) {
                Ok(places)
            } else {
                Err(Damaged("files and paths do not agree"))
            }
        };
        lazy(&self.file_paths, decode).map(Vec::as_slice)
    }

    /// Per event.
    pub fn times(&self) -> Result<&[Nanos], Damaged> {
        let decode = || {
            let mut time = self.first.1;
            let steps = self.stored()?.numbers(place::TIMES, self.count)?;
            let times = steps.into_iter().map(|step| {
                time = time.wrapping_add(unzigzag(step));
                time
            });
            Ok(times.collect())
        };
        lazy(&self.times, decode).map(Vec::as_slice)
    }

    /// Per event: index into the header row's contexts, always in range.
    pub fn whos(&self) -> Result<&[u32], Damaged> {
        let decode = || self.stored()?.small(place::WHOS, self.count, below(self.contexts)?);
        lazy(&self.whos, decode).map(Vec::as_slice)
    }

    /// Per event.
    pub fn tids(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let mut last = vec![None; self.contexts];
            let mut newest = 0_i64;
            let steps = self.stored()?.numbers(place::TIDS, self.count)?;
            let tids = steps.into_iter().zip(self.whos()?).map(|(step, who)| {
                let before = last[*who as usize].unwrap_or(newest);
                let tid = unzigzag(step).wrapping_add(before);
                if last[*who as usize].replace(tid).is_none() {
                    newest = tid;
                }
                u32::try_from(tid).map_err(|_| Damaged("a thread id is out of range"))
            });
            tids.collect()
        };
        lazy(&self.tids, decode).map(Vec::as_slice)
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
            let details = stored.small(
                place::SHAPE_DETAILS,
                count,
                if count == 0 { 0 } else { below(stored.count(place::DETAIL_COUNT))? },
            )?;
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

    /// Per event: index into [`Core::shapes`], always in range.
    pub fn shape_column(&self) -> Result<&Arc<Vec<u32>>, Damaged> {
        lazy(&self.shape_column, || {
            let stored = self.stored()?;
            let most = if self.count == 0 { 0 } else { below(stored.count(place::SHAPE_COUNT))? };
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
            let most = self.file_count;
            let mut last = vec![0_u32; self.contexts];
            let mut follower = vec![0_u32; most + 1];
            let files = codes.into_iter().zip(self.whos()?).map(|(code, who)| {
                if code == 0 {
                    return Ok(0);
                }
                let before = last[*who as usize];
                let followed = &mut follower[before as usize];
                let file = if code > 1 {
                    u32::try_from(unzigzag(code - 2).wrapping_add(i64::from(before))).unwrap_or(0)
                } else if *followed == 0 {
                    before + 1
                } else {
                    *followed
                };
                if file == 0 || file as usize > most {
                    return Err(Damaged("an event has no such file"));
                }
                *followed = file;
                last[*who as usize] = file;
                Ok(file)
            });
            files.collect()
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
            stored.small(place::DESTINATIONS, self.count, self.file_count as u64)
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

    /// Bytes in memory, about, once all is decoded.
    pub fn size(&self) -> usize {
        let stored = match &*self.source {
            Source::Version1(value) => 2 * value.len(),
            // The text of paths is most of what was packed.
            Source::Columns(stored) => 2 * stored.len(),
        };
        let columns = self.count * 25 + self.ids.len() * 8 + self.file_count * 8;
        size_of::<Self>() + columns + stored
    }

    /// A distinct file; its index is one less than what the columns of files say.
    pub(super) fn file(&self, rest: &Rest, index: u32) -> Result<File, Damaged> {
        let missing = Damaged("an event is incomplete");
        let mut file = rest.file(index as usize).ok_or(missing)?;
        let path = self.file_paths()?.get(index as usize).ok_or(missing)?;
        self.paths()?.get(*path as usize).ok_or(missing)?.clone_into(&mut file.path);
        Ok(file)
    }

    /// Puts an event together again.
    pub fn event(&self, zone: &Zone, rest: &Rest, row: usize) -> Result<Event, Damaged> {
        let missing = Damaged("an event is incomplete");
        let file = |index: u32| index.checked_sub(1).map(|index| self.file(rest, index)).transpose();
        let who = *self.whos()?.get(row).ok_or(missing)?;
        let shape = self.shape(row)?;
        Ok(Event {
            time: *self.times()?.get(row).ok_or(missing)?,
            kind: shape.kind,
            context: *zone.contexts.get(who as usize).ok_or(missing)?,
            tid: *self.tids()?.get(row).ok_or(missing)?,
            retval: shape.retval,
            flags: shape.flags,
            file: file(*self.files()?.get(row).ok_or(missing)?)?,
            destination: file(self.destination(row)?)?,
            detail: rest.detail(row).ok_or(missing)?.clone(),
        })
    }
}

/// Largest index of a list.
fn below(count: usize) -> Result<u64, Damaged> {
    (count as u64).checked_sub(1).ok_or(Damaged("a column refers to nothing"))
}

/// Ids of the events, if there are holes between them.
fn ids(zone: &Zone, stored: &Stored) -> Result<Vec<EventId>, Damaged> {
    if stored.constant(place::IDS) == Some(0) {
        let whole = zone.last.wrapping_sub(zone.first).wrapping_add(1) == u64::from(zone.count);
        return if whole { Ok(Vec::new()) } else { Err(Damaged("ids are missing")) };
    }
    let mut last = zone.first.wrapping_sub(1);
    let steps = stored.numbers(place::IDS, zone.count as usize)?;
    // Whatever wraps does not grow, and is noticed below.
    let ids = steps.into_iter().map(|step| {
        last = last.wrapping_add(step).wrapping_add(1);
        last
    });
    let ids: Vec<EventId> = ids.collect();
    if last == zone.last && ids.is_sorted_by(|a, b| a < b) {
        Ok(ids)
    } else {
        Err(Damaged("ids do not fit the header row"))
    }
}
