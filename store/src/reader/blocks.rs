//! The blocks of a segment, read in parts: tables, groups of files, pages. What was read is cached part by part.

use std::sync::Arc;

use super::cache::{Cached, Sort};
use super::segment::{Segment, View};
use super::shared::Shared;
use crate::block::{Core, Group, PAGES_FROM, Rest, Tables, Zone, directory_end};
use crate::bytes::Damaged;
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::{BLOCKS, PieceKey, get, get_first, get_range};

/// The blocks of a segment.
pub struct Blocks<'a> {
    pub shared: &'a Shared,
    pub segment: &'a Segment,
    table: redb::ReadOnlyTable<&'static PieceKey, &'static [u8]>,
}

impl<'a> Blocks<'a> {
    pub fn new(shared: &'a Shared, segment: &'a Segment, view: &View) -> Result<Self, FileError> {
        let table = guarded(|| Ok(view.transaction.open_table(BLOCKS)?))?;
        Ok(Self { shared, segment, table })
    }

    /// Of a block, or of a page or group of it.
    fn key(&self, zone: &Zone, part: usize) -> (u64, u64, u64) {
        (self.segment.uid, zone.first, u64::from(zone.count) | (part as u64) << 32)
    }

    /// The tables of a block; of a small one all of it.
    pub fn tables(&self, zone: &Zone) -> Result<Arc<Tables>, FileError> {
        let key = self.key(zone, 0);
        if let Some(Cached::Tables(tables)) = self.shared.cache.get(Sort::Tables, key) {
            return Ok(tables);
        }
        let tables = Arc::new(guarded(|| self.read_tables(zone))?);
        self.shared.cache.put(Sort::Tables, key, Cached::Tables(Arc::clone(&tables)), tables.size());
        Ok(tables)
    }

    /// Of a block in pages only what is before its groups, unless the first piece has everything.
    fn read_tables(&self, zone: &Zone) -> Result<Tables, FileError> {
        let missing = Damaged("a block is missing");
        if zone.format >= PAGES_FROM {
            let first = get_first(&self.table, zone.first)?.ok_or(missing)?;
            if directory_end(&first)? <= first.len() {
                let first = Arc::new(first);
                let tables = Tables::decode(zone, &first)?;
                if tables.is_whole() {
                    return Ok(tables);
                }
                let (needed, all) = tables.lengths();
                let mut value = first.get(..needed).unwrap_or(&first).to_vec();
                value.extend(get_range(&self.table, zone.first, all, value.len()..needed)?);
                return Ok(tables.with(value));
            }
        }
        Ok(Tables::decode(zone, &Arc::new(get(&self.table, zone.first)?.ok_or(missing)?))?)
    }

    /// A group of the files of a block.
    pub fn group(&self, zone: &Zone, tables: &Tables, group: usize) -> Result<Arc<Group>, FileError> {
        if tables.is_whole() {
            return Ok(Arc::clone(tables.group(group)?));
        }
        let key = self.key(zone, group);
        if let Some(Cached::Group(group)) = self.shared.cache.get(Sort::Group, key) {
            return Ok(group);
        }
        let (range, (_, all)) = (tables.group_range(group), tables.lengths());
        let value = guarded(|| Ok(get_range(&self.table, zone.first, all, range.clone())?))?;
        let group = Arc::new(tables.group_in(group, Arc::new(value), range.start)?);
        self.shared.cache.put(Sort::Group, key, Cached::Group(Arc::clone(&group)), group.size());
        Ok(group)
    }

    /// A page of a block.
    pub fn page(&self, zone: &Zone, tables: &Arc<Tables>, page: usize) -> Result<Arc<Core>, FileError> {
        let key = self.key(zone, page);
        if let Some(Cached::Core(core)) = self.shared.cache.get(Sort::Core, key) {
            return Ok(core);
        }
        let core = if tables.is_whole() {
            tables.page(page, &tables.value(), 0)?
        } else {
            let (range, (_, all)) = (tables.page_range(page), tables.lengths());
            let value = guarded(|| Ok(get_range(&self.table, zone.first, all, range.clone())?))?;
            tables.page(page, &Arc::new(value), range.start)?
        };
        let core = Arc::new(core);
        self.shared.cache.put(Sort::Core, key, Cached::Core(Arc::clone(&core)), core.size());
        Ok(core)
    }

    /// The rest of a block.
    pub fn rest(&self, zone: &Zone, tables: &Tables) -> Result<Arc<Rest>, FileError> {
        let key = self.key(zone, 0);
        if let Some(Cached::Rest(rest)) = self.shared.cache.get(Sort::Rest, key) {
            return Ok(rest);
        }
        let rest = Arc::new(Rest::decode(zone, tables)?);
        self.shared.cache.put(Sort::Rest, key, Cached::Rest(Arc::clone(&rest)), rest.size());
        Ok(rest)
    }
}
