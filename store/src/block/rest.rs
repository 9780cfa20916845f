//! What is looked at only for events that fit: details.

use std::sync::OnceLock;

use event::{Detail, File};

use super::column::Stored;
use super::core::Core;
use super::place;
use super::tables::{Source, Tables};
use super::version1;
use super::zone::Zone;
use crate::bytes::{Damaged, Input};

/// Details of a block, and in format 1 its files' facts; in later ones the tables have these.
#[derive(Debug)]
pub struct Rest {
    /// Distinct files of format 1, their paths left out.
    pub(super) files: Option<Vec<File>>,
    pub(super) details: Details,
}

/// Details of events.
#[derive(Debug)]
pub(super) struct Details {
    /// Decoded when asked for; `None` for one that is damaged.
    pub list: Vec<OnceLock<Option<Detail>>>,
    /// As `MessagePack`, and where each ends; empty if all are decoded.
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
    /// Of each event, in format 1; later on shapes have it.
    pub column: Option<Vec<u32>>,
}

impl Rest {
    /// From a block that [`Tables::decode`] read.
    pub fn decode(zone: &Zone, tables: &Tables) -> Result<Self, Damaged> {
        match &tables.source {
            Source::Version1 { value, .. } => version1::rest(zone, tables.file_count(), value),
            Source::Columns { tables: stored, .. } => {
                Ok(Self { files: None, details: Details::decode(stored)? })
            }
        }
    }

    /// A distinct file of format 1, its path left empty; `None` if the tables have the files.
    pub(super) fn file(&self, index: usize) -> Option<Result<File, Damaged>> {
        let file = |files: &Vec<File>| files.get(index).cloned().ok_or(Damaged("an event is incomplete"));
        self.files.as_ref().map(file)
    }

    /// Number of an event's detail within the block: equal details have one number.
    pub(super) fn detail_number(&self, core: &Core, row: usize) -> Option<u32> {
        match &self.details.column {
            Some(column) => column.get(core.from() + row).copied(),
            None => core.shape(row).ok().map(|shape| shape.detail),
        }
    }

    /// Of an event; `None` if it is damaged.
    pub fn detail(&self, core: &Core, row: usize) -> Option<&Detail> {
        let number = self.detail_number(core, row)? as usize;
        let decode = || {
            let end = *self.details.ends.get(number)?;
            let start = number.checked_sub(1).map_or(Some(0), |n| self.details.ends.get(n).copied())?;
            rmp_serde::from_slice(Input(self.details.bytes.get(start..end)?).bytes().ok()?).ok()
        };
        self.details.list.get(number)?.get_or_init(decode).as_ref()
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        let files = self.files.as_ref().map_or(0, Vec::len) * (size_of::<File>() + 8);
        files
            + self.details.list.len() * (size_of::<Detail>() + 64)
            + self.details.column.as_ref().map_or(0, Vec::len) * 4
    }
}

impl Details {
    fn decode(stored: &Stored) -> Result<Self, Damaged> {
        let bytes = stored.bytes(place::DETAILS)?;
        let mut input = Input(&bytes);
        let ends = (0..stored.count(place::DETAIL_COUNT)).map(|_| {
            input.bytes()?;
            Ok(bytes.len() - input.0.len())
        });
        let ends = ends.collect::<Result<Vec<_>, Damaged>>()?;
        Ok(Self { list: ends.iter().map(|_| OnceLock::new()).collect(), ends, column: None, bytes })
    }
}
