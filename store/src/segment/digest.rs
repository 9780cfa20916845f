//! The digest of a segment: a hash over all that is stored in it, and over the segment before.
//!
//! It is over the stored bytes, so that it can be checked as fast as they are read. Segments of format 1 have theirs over
//! what was stored before compression; [`digest`] knows both rules.

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableError};

use super::file::FileError;
use super::meta::{HEAD, Head, ORIGIN, PACKED, REWRITTEN, Totals};
use super::tables::{
    CONTEXTS, EXITS, FILTERS, GAPS, INDEX, META, PATHS, PIDS, PROVENANCE, SUMMARIES, ZONES, try_all,
};
use crate::block::Hash;
use crate::context::{encode_one, unpack_stream};

/// First format whose hashes are over stored bytes.
pub const STORED_FROM: u32 = 2;

/// Digest of a segment by the rule of its format, from what it has beside its blocks, and from its last block's chain hash.
pub fn digest(
    format: u32,
    read: &ReadTransaction,
    head: &Head,
    totals: &Totals,
    last_block: &Hash,
) -> Result<Hash, FileError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head.previous.unwrap_or_default());
    hasher.update(&head.number.to_be_bytes());
    hasher.update(&head.first_event.to_be_bytes());
    hasher.update(last_block);
    if format < STORED_FROM {
        streams(read, &mut hasher)?;
    } else {
        facts(read, totals, &mut hasher)?;
        tables(read, &mut hasher)?;
    }
    Ok(*hasher.finalize().as_bytes())
}

/// Format 1: the hashes of the streams of contexts, exits and gaps, and of provenance if there is any (so that it is the
/// same in segments of before there was such a table).
fn streams(read: &ReadTransaction, hasher: &mut blake3::Hasher) -> Result<(), FileError> {
    for (table, always) in [(CONTEXTS, true), (EXITS, true), (GAPS, true), (PROVENANCE, false)] {
        let mut stream = blake3::Hasher::new();
        if let Some(table) = existing(read, table)? {
            try_all(&table, |_, value| -> Result<(), FileError> {
                stream.update(&unpack_stream(&value)?);
                Ok(())
            })?;
        }
        if always || stream.count() > 0 {
            hasher.update(stream.finalize().as_bytes());
        }
    }
    Ok(())
}

/// Format 2: the rows of facts that never change once the segment is closed, and what it says to have.
fn facts(read: &ReadTransaction, totals: &Totals, hasher: &mut blake3::Hasher) -> Result<(), FileError> {
    let meta = read.open_table(META)?;
    for row in [HEAD, PACKED, ORIGIN, REWRITTEN] {
        match meta.get(row)? {
            Some(value) => {
                hasher.update(&[1]);
                add(hasher, value.value());
            }
            None => {
                hasher.update(&[0]);
            }
        }
    }
    add(hasher, &encode_one(totals));
    Ok(())
}

/// Format 2: the hash of each table's rows. Blocks are not among them: the chain has them.
fn tables(read: &ReadTransaction, hasher: &mut blake3::Hasher) -> Result<(), FileError> {
    rows(read, ZONES, hasher)?;
    for table in [CONTEXTS, SUMMARIES, EXITS, GAPS, PROVENANCE] {
        rows(read, table, hasher)?;
    }
    rows(read, PATHS, hasher)?;
    rows(read, PIDS, hasher)?;
    rows(read, INDEX, hasher)?;
    rows(read, FILTERS, hasher)
}

/// Adds the hash of a table's rows in order, each with the lengths of its key and value; a table that is not there is as
/// one without rows.
fn rows<K: Key>(
    read: &ReadTransaction,
    table: TableDefinition<'static, K, &'static [u8]>,
    hasher: &mut blake3::Hasher,
) -> Result<(), FileError> {
    let mut all = blake3::Hasher::new();
    if let Some(table) = existing(read, table)? {
        for row in table.iter()? {
            let (key, value) = row?;
            add(&mut all, K::as_bytes(&key.value()).as_ref());
            add(&mut all, value.value());
        }
    }
    hasher.update(all.finalize().as_bytes());
    Ok(())
}

/// Adds bytes after their length (big-endian u64).
fn add(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

/// A table that may not be there.
fn existing<K: Key>(
    read: &ReadTransaction,
    table: TableDefinition<'static, K, &'static [u8]>,
) -> Result<Option<redb::ReadOnlyTable<K, &'static [u8]>>, FileError> {
    match read.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
