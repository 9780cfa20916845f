//! Events gathered for a block: each distinct file, detail and shape once, the rest as rows.

use std::borrow::Borrow;
use std::ops::Deref;

use event::{Detail, Event, EventId, File, Kind, Nanos};

use super::clock::Clock;
use super::core::Core;
use super::encode::Order;
use super::intern::{Table, hash, hash_numbers, mix};
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

/// A file that is kept elsewhere or here; small, so that a list of them grows cheaply.
#[derive(Debug)]
pub enum Held<'a> {
    There(&'a File),
    Own(Box<File>),
}

impl Deref for Held<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Self::There(file) => file,
            Self::Own(file) => file,
        }
    }
}

/// Rows of a block to be, and what they refer to.
///
/// Events are added in order of id, one by one or out of blocks that are read back ([`BlockBuilder::absorb`]: to join small
/// blocks, or to leave events out); then [`BlockBuilder::finish`] makes the block.
#[derive(Debug)]
pub struct BlockBuilder<'a> {
    pub(super) ids: Vec<EventId>,
    pub(super) times: Vec<Nanos>,
    pub(super) contexts: Vec<u64>,
    pub(super) tids: Vec<u32>,
    pub(super) shape_column: Vec<u32>,
    /// 0 for none, else one more than the index.
    pub(super) file_column: Vec<u32>,
    /// Likewise; shorter than the others if the last rows have none.
    pub(super) destinations: Vec<u32>,
    pub(super) files: Vec<Held<'a>>,
    pub(super) shapes: Vec<Shape>,
    /// Step of the clock by which a block of an open segment tells its times, in parts of a nanosecond, or 0.
    pub(super) clock: u64,
    /// As `MessagePack`.
    pub(super) details: Vec<Vec<u8>>,
    /// Memory for the detail that is looked up.
    encoded: Vec<u8>,
    hashes: Vec<u64>,
    file_table: Table,
    shape_table: Table,
    detail_table: Table,
    /// Details of the latest opens: flags, mode, index.
    opens: [(u32, u32, u32); 4],
}

/// Of a file's content; the path tells most apart, the rest its states.
fn hash_of(file: &File) -> u64 {
    let hash = mix(hash(file.path.as_bytes()), u64::from(file.flags));
    file.facts.as_ref().map_or(hash, |facts| {
        let times = facts.mtime.cast_unsigned().rotate_left(32) ^ facts.ctime.cast_unsigned();
        mix(mix(hash, facts.inode), times ^ u64::from(facts.mode))
    })
}

/// Counts within a block fit.
pub fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Default for BlockBuilder<'_> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<'a> BlockBuilder<'a> {
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
            files: Vec::new(),
            shapes: Vec::new(),
            clock: 0,
            details: Vec::new(),
            encoded: Vec::new(),
            hashes: Vec::new(),
            file_table: Table::new(events / 4),
            shape_table: Table::new(64),
            detail_table: Table::new(64),
            opens: [(0, 0, u32::MAX); 4],
        }
    }

    /// Paths of all files so far, in order of directory and name; one comes again with each state of the file.
    pub fn paths(&self, order: &Order) -> impl Iterator<Item = &str> {
        order.files.iter().filter_map(|file| Some(self.files.get(*file as usize)?.path.as_str()))
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
    pub fn push(&mut self, id: EventId, event: &'a Event) {
        self.add(id, event, Held::There);
    }

    /// Adds an event without holding on to it.
    pub fn push_owned(&mut self, id: EventId, event: &Event) {
        self.add(id, event, |file| Held::Own(Box::new(file.clone())));
    }

    fn add<'e>(&mut self, id: EventId, event: &'e Event, keep: impl Fn(&'e File) -> Held<'a>) {
        self.ids.push(id);
        self.times.push(event.time);
        self.contexts.push(event.context);
        self.tids.push(event.tid);
        let detail = self.detail(&event.detail);
        let shape = self.shape(Shape { kind: event.kind, flags: event.flags, retval: event.retval, detail });
        self.shape_column.push(shape);
        let file = event.file.as_ref().map_or(0, |file| self.file(file, &keep) + 1);
        self.file_column.push(file);
        if let Some(destination) = &event.destination {
            let destination = self.file(destination, &keep) + 1;
            self.destinations.resize(self.times.len() - 1, 0);
            self.destinations.push(destination);
        }
    }

    /// Distinct files so far.
    pub const fn file_count(&self) -> usize {
        self.files.len()
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
                    *place = this.file(core.file(rest, index)?, |file| Held::Own(Box::new(file)));
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

    /// `keep` makes of a file that is new what is held.
    fn file<F: Borrow<File>>(&mut self, file: F, keep: impl FnOnce(F) -> Held<'a>) -> u32 {
        let hash = hash_of(file.borrow());
        let (files, hashes) = (&mut self.files, &mut self.hashes);
        let next = number(files.len());
        let found = self.file_table.find(hash, next, |index| {
            files.get(index as usize).is_some_and(|known| same(known, file.borrow()))
        });
        found.unwrap_or_else(|| {
            files.push(keep(file));
            hashes.push(hash);
            self.file_table.grow(|index| hashes.get(index as usize).copied().unwrap_or(0));
            next
        })
    }

    fn shape(&mut self, shape: Shape) -> u32 {
        let shapes = &mut self.shapes;
        let next = number(shapes.len());
        let found =
            self.shape_table.find(shape.hash(), next, |index| shapes.get(index as usize) == Some(&shape));
        found.unwrap_or_else(|| {
            shapes.push(shape);
            self.shape_table.grow(|index| shapes.get(index as usize).map_or(0, Shape::hash));
            next
        })
    }

    fn detail(&mut self, detail: &Detail) -> u32 {
        if let Detail::Open { flags, mode } = detail {
            let known = self.opens.iter().find(|known| known.0 == *flags && known.1 == *mode);
            if let Some((_, _, index)) = known.filter(|known| known.2 != u32::MAX) {
                return *index;
            }
        }
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        // Into memory it cannot fail.
        let _ = rmp_serde::encode::write(&mut encoded, detail);
        let details = &mut self.details;
        let next = number(details.len());
        let found = self.detail_table.find(hash(&encoded), next, |index| {
            details.get(index as usize).is_some_and(|known| *known == encoded)
        });
        let index = found.unwrap_or_else(|| {
            details.push(encoded.clone());
            self.detail_table.grow(|index| details.get(index as usize).map_or(0, |known| hash(known)));
            next
        });
        self.encoded = encoded;
        if let Detail::Open { flags, mode } = detail {
            self.opens.rotate_right(1);
            self.opens[0] = (*flags, *mode, index);
        }
        index
    }
}

/// What differs is looked at first, what is nearly always equal last; pointers spare a comparison of what they point to.
fn same(a: &File, b: &File) -> bool {
    let facts = match (&a.facts, &b.facts) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            (a.inode, a.mtime, a.ctime, a.mode, a.uid, a.gid, a.mount_id)
                == (b.inode, b.mtime, b.ctime, b.mode, b.uid, b.gid, b.mount_id)
                && (std::sync::Arc::ptr_eq(&a.mount_path, &b.mount_path) || a.mount_path == b.mount_path)
                && a.filesystem == b.filesystem
        }
        _ => false,
    };
    facts && a.flags == b.flags && a.path == b.path && a.raw == b.raw && a.error == b.error
}
