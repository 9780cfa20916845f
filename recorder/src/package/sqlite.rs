//! Reads the rows of one table of an `SQLite` database (sqlite.org, "Database File Format"), and nothing else.
//!
//! Why not `SQLite` itself: the databases of containers are made by whoever is in there, and would be handed to a large
//! parser in C, as root; and it cannot read a database in WAL mode without writing beside it. What stands in a
//! write-ahead log is not seen until it is checkpointed, which rpm does when it closes the database.

use std::{fs::File, os::unix::fs::FileExt as _};

use crate::limits::{PACKAGE_FILE, PACKAGE_TOTAL};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER: usize = 100;
const INTERIOR: u8 = 0x05;
const LEAF: u8 = 0x0d;
/// Levels of a tree: 20 of them hold more rows than a file can.
const DEPTH: u32 = 20;

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// The system refused.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It does not begin as one.
    #[error("no SQLite database")]
    Magic,
    /// It is not what the format says.
    #[error("damaged")]
    Damaged,
    /// It is larger than what is read.
    #[error("larger than {PACKAGE_TOTAL} bytes")]
    TooLarge,
    /// There is no such table.
    #[error("no such table")]
    Missing,
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    file: File,
    page: usize,
    /// Bytes of a page that are in use.
    usable: usize,
    pages: u32,
    /// Pages that may still be read: a loop ends here.
    left: u64,
}

/// A variable-length number and what is behind it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(9) {
        if place == 8 {
            return Some(((value << 8) | u64::from(*byte), &bytes[9..]));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?).into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The columns of a record that are text or blob; others are empty.
fn columns(record: &[u8]) -> Option<Vec<&[u8]>> {
    let (length, rest) = varint(record)?;
    let length = usize::try_from(length).ok()?;
    let before = record.len() - rest.len();
    let mut types = record.get(before..length)?;
    let mut body = record.get(length..)?;
    let mut columns = Vec::new();
    while !types.is_empty() {
        let (kind, rest) = varint(types)?;
        types = rest;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let (column, rest) = body.split_at_checked(usize::try_from(size).ok()?)?;
        body = rest;
        columns.push(if kind >= 12 { column } else { &[] });
    }
    Some(columns)
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(file: File) -> Result<Self, SqliteError> {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0)?;
        if &header[..16] != MAGIC {
            return Err(SqliteError::Magic);
        }
        let page = match u16_at(&header, 16) {
            Some(1) => 65_536,
            Some(page) if page.is_power_of_two() && page >= 512 => page,
            _ => return Err(SqliteError::Damaged),
        };
        // At least 480 bytes of a page are in use.
        let usable = page - usize::from(header[20]);
        let bytes = file.metadata()?.len();
        if usable < 480 {
            return Err(SqliteError::Damaged);
        }
        if bytes > PACKAGE_TOTAL {
            return Err(SqliteError::TooLarge);
        }
        let pages = u32::try_from(bytes / page as u64).unwrap_or(u32::MAX);
        Ok(Self { file, page, usable, pages, left: 2 * u64::from(pages) + 16 })
    }

    /// Calls `each` with the second column of every row of a table.
    ///
    /// # Errors
    /// If there is no such table, or at the first thing that is damaged: rows before it were told.
    pub fn rows(&mut self, table: &str, each: &mut dyn FnMut(&[u8])) -> Result<(), SqliteError> {
        let mut root = None;
        // The schema: type, name, table's name, root page, text.
        self.walk(1, DEPTH, &mut |record| {
            if let Some([b"table", name, _, _, ..]) = columns(record).as_deref()
                && *name == table.as_bytes()
            {
                root = root_page(record);
            }
        })?;
        self.walk(root.ok_or(SqliteError::Missing)?, DEPTH, &mut |record| {
            if let Some([_, value, ..]) = columns(record).as_deref() {
                each(value);
            }
        })
    }

    fn read(&mut self, page: u32) -> Result<Vec<u8>, SqliteError> {
        if page == 0 || page > self.pages || self.left == 0 {
            return Err(SqliteError::Damaged);
        }
        self.left -= 1;
        let mut bytes = vec![0; self.page];
        self.file.read_exact_at(&mut bytes, u64::from(page - 1) * self.page as u64)?;
        bytes.truncate(self.usable);
        Ok(bytes)
    }

    /// Calls `each` with every record of a tree.
    fn walk(&mut self, page: u32, depth: u32, each: &mut dyn FnMut(&[u8])) -> Result<(), SqliteError> {
        let bytes = self.read(page)?;
        let damaged = || SqliteError::Damaged;
        let start = if page == 1 { HEADER } else { 0 };
        let kind = *bytes.get(start).ok_or_else(damaged)?;
        let cells = u16_at(&bytes, start + 3).ok_or_else(damaged)?;
        let pointers = start + if kind == INTERIOR { 12 } else { 8 };
        for cell in 0..cells {
            let at = u16_at(&bytes, pointers + 2 * cell).ok_or_else(damaged)?;
            let cell = bytes.get(at..).ok_or_else(damaged)?;
            match kind {
                LEAF => self.record(cell, each)?,
                INTERIOR if depth > 0 => self.walk(u32_at(cell, 0).ok_or_else(damaged)?, depth - 1, each)?,
                _ => return Err(damaged()),
            }
        }
        match kind {
            LEAF => Ok(()),
            INTERIOR if depth > 0 => {
                self.walk(u32_at(&bytes, start + 8).ok_or_else(damaged)?, depth - 1, each)
            }
            _ => Err(damaged()),
        }
    }

    /// Puts a record together from its cell and the overflow pages. One that is too long is passed over.
    fn record(&mut self, cell: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), SqliteError> {
        let damaged = || SqliteError::Damaged;
        let (length, rest) = varint(cell).ok_or_else(damaged)?;
        let (_, rest) = varint(rest).ok_or_else(damaged)?;
        if length > PACKAGE_FILE {
            return Ok(());
        }
        let length = usize::try_from(length).map_err(|_| damaged())?;
        let most = self.usable - 35;
        if length <= most {
            each(rest.get(..length).ok_or_else(damaged)?);
            return Ok(());
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (self.usable - 4);
        let local = if local <= most { local } else { least };
        let mut record = rest.get(..local).ok_or_else(damaged)?.to_vec();
        let mut next = u32_at(rest, local).ok_or_else(damaged)?;
        while record.len() < length {
            let page = self.read(next)?;
            next = u32_at(&page, 0).ok_or_else(damaged)?;
            let part = page.get(4..).ok_or_else(damaged)?;
            record.extend_from_slice(&part[..part.len().min(length - record.len())]);
        }
        each(&record);
        Ok(())
    }
}

/// The fourth column of a row of the schema.
fn root_page(record: &[u8]) -> Option<u32> {
    let (length, rest) = varint(record)?;
    let mut types = record.get(record.len() - rest.len()..usize::try_from(length).ok()?)?;
    let mut body = record.get(usize::try_from(length).ok()?..)?;
    for _ in 0..3 {
        let (kind, rest) = varint(types)?;
        types = rest;
        // The three before are texts.
        body = body.get(usize::try_from(kind.checked_sub(12)? / 2).ok()?..)?;
    }
    let (kind, _) = varint(types)?;
    let bytes = body.get(..usize::try_from(kind).ok().filter(|size| *size <= 4)?)?;
    Some(bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
}
