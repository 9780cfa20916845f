//! Opening a segment's file, and reading its facts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, ReadTransaction, ReadableDatabase, StorageBackend};
use serde::de::DeserializeOwned;

use super::backend::{Direct, Overlay, Watch};
use super::meta::{CLOSED, Closed, FORMAT, HEAD, Head, ORIGIN};
use super::tables::META;
use crate::block::Hash;
use crate::bytes::Damaged;
use crate::limits::READER_PAGE_CACHE;

/// A segment's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Written by a newer release.
    #[error(transparent)]
    Newer(#[from] migrations::Newer),
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// redb met an error before and wants to be opened anew.
    #[error("an earlier error of this file")]
    Previous,
}

impl From<redb::Error> for FileError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => Self::Io(error),
            redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::LockPoisoned(_) => {
                Self::Previous
            }
            other => Self::Damaged(other.to_string()),
        }
    }
}

macro_rules! through_redb {
    ($($error:ty),*) => { $(impl From<$error> for FileError {
        fn from(error: $error) -> Self {
            redb::Error::from(error).into()
        }
    })* };
}
through_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::CompactionError,
    redb::SetDurabilityError
);

impl From<Damaged> for FileError {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged.to_string())
    }
}

/// Runs what may panic inside redb: on a file that something else than redb changed, it may, and that must cost no
/// more than the file.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(FileError::Damaged("the file's structure is damaged".to_owned())))
}

/// An open file. Closing it is work for redb too, and may panic as any other on a file changed under it.
#[derive(Debug)]
pub struct Handle(Option<Database>);

impl Handle {
    /// Takes care of a database.
    pub const fn new(database: Database) -> Self {
        Self(Some(database))
    }

    /// The database.
    pub fn database(&self) -> Result<&Database, FileError> {
        self.0.as_ref().ok_or(FileError::Previous)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let database = self.0.take();
        let _ = guarded(move || {
            drop(database);
            Ok(())
        });
    }
}

/// Name of a segment's file.
pub fn name(number: u64) -> String {
    format!("{number:012}.redb")
}

/// Number of a segment's file.
pub fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".redb")?;
    if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) { name.parse().ok() } else { None }
}

/// The segments' files of a directory, by number.
pub fn list(dir: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if let Some(number) = number(&path) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

fn database(backend: impl StorageBackend, cache: usize) -> Result<Database, FileError> {
    guarded(|| Ok(Builder::new().set_cache_size(cache).create_with_backend(backend)?))
}

/// Opens a file to write, with so many bytes of redb's cache.
pub fn writable(
    path: &Path,
    create: bool,
    cache: usize,
    watch: Option<Arc<dyn Watch>>,
) -> Result<Database, FileError> {
    let backend = Direct::open(path, create, watch)?;
    if !create && backend.len()? == 0 {
        return Err(FileError::Damaged("the file is empty".to_owned()));
    }
    database(backend, cache)
}

/// Opens a file without ever writing to it.
pub fn readable(path: &Path) -> Result<Database, FileError> {
    let backend = Overlay::open(path)?;
    if backend.len()? == 0 {
        return Err(FileError::Damaged("the file is empty".to_owned()));
    }
    database(backend, READER_PAGE_CACHE)
}

/// A row of the facts.
pub fn fact<T: DeserializeOwned>(read: &ReadTransaction, row: &str) -> Result<Option<T>, FileError> {
    let table = read.open_table(META)?;
    let Some(value) = table.get(row)? else { return Ok(None) };
    rmp_serde::from_slice(value.value())
        .map(Some)
        .map_err(|error| FileError::Damaged(format!("the row {row:?} is damaged: {error}")))
}

/// The format version of a segment; an error if it is not known here.
pub fn version(read: &ReadTransaction) -> Result<u32, FileError> {
    let table = read.open_table(META)?;
    let row = table.get(FORMAT)?.ok_or_else(|| FileError::Damaged("no format version".to_owned()))?;
    let bytes: [u8; 4] =
        row.value().try_into().map_err(|_| FileError::Damaged("the format version is damaged".to_owned()))?;
    let version = u32::from_le_bytes(bytes);
    migrations::check(version)?;
    Ok(version)
}

/// The digest that a segment had when it was closed, if it was written anew since.
pub fn origin(read: &ReadTransaction) -> Result<Option<Hash>, FileError> {
    let table = read.open_table(META)?;
    let Some(value) = table.get(ORIGIN)? else { return Ok(None) };
    let origin = value.value().try_into().map_err(|_| Damaged("the row \"origin\" is damaged"))?;
    Ok(Some(origin))
}

/// Checks the format version and gives it with the facts of a segment.
pub fn facts(database: &Database) -> Result<(u32, Head, Option<Closed>), FileError> {
    guarded(|| {
        let read = database.begin_read()?;
        let version = version(&read)?;
        let head = fact(&read, HEAD)?.ok_or_else(|| FileError::Damaged("no head".to_owned()))?;
        Ok((version, head, fact(&read, CLOSED)?))
    })
}
