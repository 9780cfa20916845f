//! For benchmarks: blocks by themselves, and what each table costs.

use std::path::Path;

use event::{Context, Event, Kind, Nanos};
use redb::{ReadableDatabase, ReadableTableMetadata, TableHandle};

pub use crate::block::Clock;
use crate::block::{BlockBuilder, Core, Form, GENESIS, Rest, Zone, column_sizes, encode, pages};
use crate::bytes::Damaged;
use crate::context;
use crate::segment::file::{FileError, guarded, readable};

/// A block with its header row.
#[derive(Debug)]
pub struct Block(Zone, Vec<u8>);

impl Block {
    /// Of events in the open form, or packed at a level of zstd.
    #[must_use]
    pub fn of(events: &[&Event], level: Option<i32>) -> Self {
        let (zone, value) = encode(1, events, true, &GENESIS, level.map_or(Form::Open, Form::Closed));
        Self(zone, value)
    }

    /// Of events in the open form, their times told by a clock that is followed from block to block.
    #[must_use]
    pub fn open(events: &[&Event], clock: &mut Clock) -> Self {
        let mut builder = BlockBuilder::new(events.len());
        (1..).zip(events).for_each(|(id, event)| builder.push(id, event));
        builder.follow(clock);
        let (zone, value) = builder.finish(true, &GENESIS, Form::Open);
        Self(zone, value)
    }

    /// Bytes stored, the header row included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.1.len() + self.0.encode().len()
    }

    /// Each column's name, its bytes before it was packed, and those stored.
    #[must_use]
    pub fn columns(&self) -> Vec<(&'static str, u64, usize)> {
        let mut columns = column_sizes(&self.0, self.1.clone());
        let row = self.0.encode().len();
        columns.push(("header row", row as u64, row));
        columns
    }

    /// Decodes what a filter by kind needs, and counts the events that fit.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn count(&self, kind: Kind) -> Result<usize, Damaged> {
        let mut found = 0;
        for core in self.pages()? {
            let fits: Vec<bool> = core.shapes()?.iter().map(|shape| shape.kind == kind).collect();
            found += core.shape_column()?.iter().filter(|shape| fits[**shape as usize]).count();
        }
        Ok(found)
    }

    /// Decodes what a filter by path needs, and counts the events that fit.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn count_below(&self, prefix: &str) -> Result<usize, Damaged> {
        let pages = self.pages()?;
        let Some(core) = pages.first() else { return Ok(0) };
        let mut fits = vec![false; core.paths()?.len()];
        for path in core.paths()?.starting_with(prefix).into_iter().flatten() {
            fits[path] = true;
        }
        let mut of_file = vec![false];
        of_file.extend(core.file_paths()?.iter().map(|path| fits[*path as usize]));
        let mut found = 0;
        for core in &pages {
            found += core.files()?.iter().filter(|file| of_file[**file as usize]).count();
        }
        Ok(found)
    }

    /// Decodes all columns over events; gives their number.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn decode(&self) -> Result<usize, Damaged> {
        let mut found = 0;
        for core in self.pages()? {
            core.paths()?;
            core.file_paths()?;
            core.destinations()?;
            found += core.times()?.len() + core.tids()?.len() + core.kinds()?.len() + core.files()?.len();
        }
        Ok(found)
    }

    /// Decodes all events.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn events(&self) -> Result<Vec<Event>, Damaged> {
        let pages = self.pages()?;
        let Some(core) = pages.first() else { return Ok(Vec::new()) };
        let rest = Rest::decode(&self.0, core.tables())?;
        let rows = pages.iter().flat_map(|core| (0..core.len()).map(move |row| (core, row)));
        rows.map(|(core, row)| core.event(&self.0, &rest, row)).collect()
    }

    fn pages(&self) -> Result<Vec<Core>, Damaged> {
        pages(&self.0, self.1.clone())
    }
}

/// What a table of a segment costs.
#[derive(Clone, Debug)]
pub struct TableCost {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Bytes of keys and values.
    pub stored: u64,
    /// Bytes that redb adds, its half-filled pages included.
    pub around: u64,
}

/// What each table of a segment's file costs; what is missing to the file's length is redb's own.
///
/// # Errors
/// If it cannot be read.
pub fn tables(segment: &Path) -> Result<Vec<TableCost>, String> {
    let cost = || -> Result<Vec<TableCost>, FileError> {
        let database = readable(segment)?;
        let read = database.begin_read()?;
        let mut costs = Vec::new();
        for table in read.list_tables()? {
            let (name, table) = (table.name().to_owned(), read.open_untyped_table(table)?);
            let stats = table.stats()?;
            let (rows, stored) = (table.len()?, stats.stored_bytes());
            costs.push(TableCost {
                name,
                rows,
                stored,
                around: stats.metadata_bytes() + stats.fragmented_bytes(),
            });
        }
        Ok(costs)
    };
    guarded(cost).map_err(|error| error.to_string())
}

/// A chunk of contexts in the open form, or packed at a level of zstd: each column's name, its bytes before it was
/// packed, and those stored.
#[must_use]
pub fn context_columns(contexts: &[&Context], level: Option<i32>) -> Vec<(&'static str, u64, usize)> {
    context::column_sizes(&context::encode(contexts, level.map_or(Form::Open, Form::Closed)))
}

/// A chunk of all contexts, however many: each column's name, and its bytes before they are packed.
#[must_use]
pub fn context_bytes(contexts: &[&Context]) -> Vec<(&'static str, Vec<u8>)> {
    context::column_bytes(&context::encode(contexts, Form::Closed(1)))
}

/// The clock of each of some pages of so many times: the length of its step in 2^-32 ns, or 0 if they are better told in
/// nanoseconds.
#[must_use]
pub fn clocks(times: &[Nanos], page: usize) -> Vec<u64> {
    crate::block::clocks(times, page)
}

/// Times by a clock of [`clocks`], as steps (zigzag) from the one before, the first from `before`; and its slips.
#[must_use]
pub fn steps(before: Nanos, times: &[Nanos], clock: u64) -> (Vec<u64>, Vec<u8>) {
    crate::block::steps(before, times, clock)
}
