//! Events gathered for a block: each distinct file, detail and shape once, the rest as rows.

use event::{Detail, Event, EventId, Kind, Nanos};

use super::clock::Clock;
use super::core::Core;
use super::files::{Files, Order};
use super::intern::{Interned, Table, hash, hash_numbers};
use super::rest::Rest;
use super::zone::Zone;
use crate::bytes::Damaged;
use crate::limits::MAX_BLOCK_EVENTS;

/// What events have in common: few combinations of these come again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub kind: Kind,
    pub flags: u32,
    pub retval: i64,
    /// Index of the detail.
    pub detail: u32,
}

impl Shape {
    fn hash(&self) -> u64 {
        hash_numbers(&[
            u64::from(self.kind.number()) << 32 | u64::from(self.flags),
            self.retval.cast_unsigned(),
            u64::from(self.detail),
        ])
    }
}

/// Rows of a block to be, and what they refer to.
///
/// Events are added in order of id, one by one or out of blocks that are read back ([`BlockBuilder::absorb`]: to join small
/// blocks, or to leave events out); then [`BlockBuilder::finish`] makes the block.
#[derive(Debug)]
pub struct BlockBuilder {
    pub(super) ids: Vec<EventId>,
    pub(super) times: Vec<Nanos>,
    pub(super) contexts: Vec<u64>,
    pub(super) tids: Vec<u32>,
    pub(super) shape_column: Vec<u32>,
    /// 0 for none, else one more than the index.
    pub(super) file_column: Vec<u32>,
    /// Likewise; shorter than the others if the last rows have none.
    pub(super) destinations: Vec<u32>,
    pub(super) files: Files,
    pub(super) shapes: Vec<Shape>,
    /// Step of the clock by which a block of an open segment tells its times, in parts of a nanosecond, or 0.
    pub(super) clock: u64,
    /// As `MessagePack`.
    pub(super) details: Interned,
    /// Memory for the detail that is looked up.
    encoded: Vec<u8>,
    shape_table: Table,
    /// The latest simple details, each with its number.
    latest: [(Option<Simple>, u32); LATEST],
}

/// A detail of two numbers at most, of which there are few, and which come again and again: which one, and these.
type Simple = (u8, u32, u32);

/// How many of these are remembered; the one that was met first goes.
const LATEST: usize = 8;
const NO_DETAILS: [(Option<Simple>, u32); LATEST] = [(None, 0); LATEST];

const fn simple(detail: &Detail) -> Option<Simple> {
    Some(match detail {
        Detail::None => (0, 0, 0),
        Detail::Open { flags, mode } => (1, *flags, *mode),
        Detail::Mkdir { mode } => (2, *mode, 0),
        Detail::Unlink { flags } => (3, *flags, 0),
        Detail::Rename { flags } => (4, *flags, 0),
        Detail::Exit { status } => (5, *status, 0),
        _ => return None,
    })
}

/// Events whose paths are looked for at once.
const AHEAD: usize = 32;

fn path_hash(event: &Event) -> u64 {
    event.file.as_ref().map_or(0, |file| hash(file.path.as_bytes()))
}

/// Counts within a block fit.
pub fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Default for BlockBuilder {
    fn default() -> Self {
        Self::new(0)
    }
}

impl BlockBuilder {
    /// With room for so many events.
    pub fn new(events: usize) -> Self {
        let events = events.min(MAX_BLOCK_EVENTS);
        Self {
            ids: Vec::with_capacity(events),
            times: Vec::with_capacity(events),
            contexts: Vec::with_capacity(events),
            tids: Vec::with_capacity(events),
            shape_column: Vec::with_capacity(events),
            file_column: Vec::with_capacity(events),
            destinations: Vec::new(),
            files: Files::new(events / 4),
            shapes: Vec::new(),
            clock: 0,
            details: Interned::default(),
            encoded: Vec::new(),
            shape_table: Table::new(64),
            latest: NO_DETAILS,
        }
    }

    /// Lets go of all events; the memory is used again.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.times.clear();
        self.contexts.clear();
        self.tids.clear();
        self.shape_column.clear();
        self.file_column.clear();
        self.destinations.clear();
        self.files.clear();
        self.shapes.clear();
        self.clock = 0;
        self.details.clear();
        self.shape_table.clear();
        self.latest = NO_DETAILS;
    }

    /// The order of the files so far.
    pub fn order(&self) -> Order {
        self.files.order()
    }

    /// The paths of the files so far.
    pub fn paths<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a [u8]> {
        order.paths.iter().map(|path| self.files.path(*path))
    }

    /// The directories that these are in, with their slash, ascending.
    pub fn directories<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a [u8]> {
        self.files.directories(order)
    }

    /// Has the times of a block of an open segment told in steps of its clock, if it has some.
    pub fn follow(&mut self, clock: &mut Clock) {
        self.clock = clock.of_block(&self.times);
    }

    /// Events so far.
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Adds an event. Ids must grow.
    pub fn push(&mut self, id: EventId, event: &Event) {
        self.add(id, event, path_hash(event));
    }

    /// Adds events, their ids being `first` and the next ones.
    pub fn extend(&mut self, first: EventId, events: &[Event]) {
        let mut ids = first..;
        let mut hashes = [0; AHEAD];
        for events in events.chunks(AHEAD) {
            for (hash, event) in hashes.iter_mut().zip(events) {
                *hash = path_hash(event);
            }
            for hash in &hashes {
                self.files.fetch(*hash);
            }
            for ((hash, event), id) in hashes.iter().zip(events).zip(&mut ids) {
                self.add(id, event, *hash);
            }
        }
    }

    /// Kinds and times of the events from one on.
    pub fn kinds_and_times(&self, from: usize) -> impl Iterator<Item = (Kind, Nanos)> {
        let kinds = self.shape_column.iter().map(|shape| self.shapes[*shape as usize].kind);
        kinds.zip(self.times.iter().copied()).skip(from)
    }

    /// `path` is the hash of the file's path, if it has one.
    fn add(&mut self, id: EventId, event: &Event, path: u64) {
        self.ids.push(id);
        self.times.push(event.time);
        self.contexts.push(event.context);
        self.tids.push(event.tid);
        let detail = self.detail(&event.detail);
        let shape = self.shape(Shape { kind: event.kind, flags: event.flags, retval: event.retval, detail });
        self.shape_column.push(shape);
        let file = event.file.as_ref().map_or(0, |file| self.files.number(file, path) + 1);
        self.file_column.push(file);
        if let Some(destination) = &event.destination {
            let destination = self.files.number(destination, hash(destination.path.as_bytes())) + 1;
            self.destinations.resize(self.times.len() - 1, 0);
            self.destinations.push(destination);
        }
    }

    /// Distinct files so far.
    pub const fn file_count(&self) -> usize {
        self.files.states.len()
    }

    /// Adds the events of a page for whose rows `keep` says yes. Pages must come in order of id.
    ///
    /// # Errors
    /// If the page is damaged; then some of its events may have been added, and the builder is to be dropped.
    pub fn absorb(
        &mut self,
        zone: &Zone,
        core: &Core,
        rest: &Rest,
        mut keep: impl FnMut(usize) -> bool,
    ) -> Result<(), Damaged> {
        let missing = Damaged("an event is incomplete");
        let (times, whos, tids) = (core.times()?, core.whos()?, core.tids()?);
        let files = core.files()?;
        // What the block's numbers are here; filled when they are met.
        let mut here = vec![u32::MAX; core.file_count()];
        let mut details = std::collections::HashMap::new();
        for row in 0..core.len() {
            if !keep(row) {
                continue;
            }
            let mut file = |this: &mut Self, index: u32| -> Result<u32, Damaged> {
                let Some(index) = index.checked_sub(1) else { return Ok(0) };
                let place = here.get_mut(index as usize).ok_or(missing)?;
                if *place == u32::MAX {
                    let file = core.file(rest, index)?;
                    *place = this.files.number(&file, hash(file.path.as_bytes()));
                }
                Ok(*place + 1)
            };
            let place = file(self, *files.get(row).ok_or(missing)?)?;
            let destination = file(self, core.destination(row)?)?;
            let number = rest.detail_number(core, row).ok_or(missing)?;
            let detail = match details.get(&number) {
                Some(detail) => *detail,
                None => {
                    let detail = self.detail(rest.detail(core, row).ok_or(missing)?);
                    details.insert(number, detail);
                    detail
                }
            };
            let shape = Shape { detail, ..core.shape(row)? };
            let who = *whos.get(row).ok_or(missing)?;
            self.ids.push(core.id(row));
            self.contexts.push(*zone.contexts.get(who as usize).ok_or(missing)?);
            self.times.push(*times.get(row).ok_or(missing)?);
            self.tids.push(*tids.get(row).ok_or(missing)?);
            let shape = self.shape(shape);
            self.shape_column.push(shape);
            self.file_column.push(place);
            if destination > 0 {
                self.destinations.resize(self.times.len() - 1, 0);
                self.destinations.push(destination);
            }
        }
        Ok(())
    }

    fn shape(&mut self, shape: Shape) -> u32 {
        let shapes = &mut self.shapes;
        let next = number(shapes.len());
        let found =
            self.shape_table.find(shape.hash(), next, |index| shapes.get(index as usize) == Some(&shape));
        found.unwrap_or_else(|| {
            shapes.push(shape);
            next
        })
    }

    fn detail(&mut self, detail: &Detail) -> u32 {
        let simple = simple(detail);
        if simple.is_some()
            && let Some((_, number)) = self.latest.iter().find(|latest| latest.0 == simple)
        {
            return *number;
        }
        self.encoded.clear();
        // Into memory it cannot fail.
        let _ = rmp_serde::encode::write(&mut self.encoded, detail);
        let number = self.details.number(&self.encoded);
        if simple.is_some() {
            self.latest.rotate_right(1);
            self.latest[0] = (simple, number);
        }
        number
    }
}
