//! What is looked at only for events that fit: files' facts and details.

use event::{Detail, File};

use super::version1;
use super::zone::Zone;
use crate::bytes::Damaged;

/// Files' facts and details of a block.
#[derive(Debug)]
pub struct Rest {
    /// Distinct files, their paths left empty.
    pub(super) files: Vec<File>,
    pub(super) details: Vec<Detail>,
    pub(super) detail_column: Vec<u32>,
}

impl Rest {
    /// From a stored block of any format; `files` is [`super::Core::file_count`] of the same block.
    pub fn decode(zone: &Zone, files: usize, value: &[u8]) -> Result<Self, Damaged> {
        version1::rest(zone, files, value)
    }

    /// A distinct file, its path left empty.
    pub(super) fn file(&self, index: usize) -> Option<File> {
        self.files.get(index).cloned()
    }

    /// Of an event.
    pub fn detail(&self, row: usize) -> Option<&Detail> {
        self.details.get(*self.detail_column.get(row)? as usize)
    }

    /// Bytes in memory, about.
    pub const fn size(&self) -> usize {
        self.files.len() * (size_of::<File>() + 8)
            + self.details.len() * (size_of::<Detail>() + 64)
            + self.detail_column.len() * 4
    }
}
