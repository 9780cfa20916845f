//! A chunk of contexts of any format.

use event::{Context, ContextId};

use super::decode::Table;
use super::place::COLUMNS_FROM;
use super::version2::Stream;
use crate::bytes::Damaged;

/// Whether a segment of a format has summaries beside its contexts.
pub const fn has_summaries(format: u32) -> bool {
    format < COLUMNS_FROM
}

/// A chunk of contexts, of which each is made when it is asked for.
#[derive(Debug)]
pub struct Chunk(Form);

#[derive(Debug)]
enum Form {
    Stream(Stream),
    Table(Box<Table>),
}

/// Tells versions of a chunk apart that has the same key, and in that the first contexts are the same: the checksum of the
/// directory, which knows how many there are, and the length. (Of a stream the checksum at its end.)
pub fn version(format: u32, value: &[u8]) -> u64 {
    let sum = if has_summaries(format) { value.last_chunk() } else { value.first_chunk() };
    (value.len() as u64) << 32 | u64::from(sum.map_or(0, |sum| u32::from_le_bytes(*sum)))
}

impl Chunk {
    /// From a stored value.
    pub fn unpack(format: u32, value: &[u8]) -> Result<Self, Damaged> {
        Ok(Self(if has_summaries(format) {
            Form::Stream(Stream::unpack(value)?)
        } else {
            Form::Table(Box::new(Table::unpack(value)?))
        }))
    }

    /// A context; `None` if it is not there.
    pub fn get(&self, id: ContextId) -> Result<Option<Context>, Damaged> {
        match &self.0 {
            Form::Stream(stream) => stream.get(id),
            Form::Table(table) => table.place(id).map(|place| table.context(place)).transpose(),
        }
    }

    /// All contexts, by id.
    pub fn all(&self) -> Result<Vec<Context>, Damaged> {
        match &self.0 {
            Form::Stream(stream) => stream.all().collect(),
            Form::Table(table) => table.all(),
        }
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        match &self.0 {
            Form::Stream(stream) => stream.size(),
            Form::Table(table) => table.size(),
        }
    }
}
