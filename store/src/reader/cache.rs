//! Decoded blocks and contexts, so many bytes of them and no more.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::contexts::Outline;
use crate::block::{Core, Group, Rest, Tables};
use crate::context::{Chunk, Summary};
use crate::index::directory::Directory;
use crate::index::lives::Lives;
use crate::index::run::List;
use crate::index::tree::Tree;
use crate::limits::{CACHE_BYTES, INDEX_CACHE_BYTES};

/// What is cached, of which segment, in which version (a chunk of the open segment changes under the same key).
pub type Key = (u64, u64, u64);

/// Something decoded.
#[derive(Clone, Debug)]
pub enum Cached {
    /// Tables of a block.
    Tables(Arc<Tables>),
    /// A group of the files of a block.
    Group(Arc<Group>),
    /// Columns of a page of a block.
    Core(Arc<Core>),
    /// The rest of a block.
    Rest(Arc<Rest>),
    /// Summary of a chunk of contexts.
    Summary(Arc<Summary>),
    /// A chunk of contexts.
    Contexts(Arc<Chunk>),
    /// What was found out about files.
    Provenance(Arc<super::provenance::Map>),
    /// Directory of a packed segment.
    Directory(Arc<Directory>),
    /// Processes of a packed segment.
    Tree(Arc<Tree>),
    /// Processes of a segment that has no index of them.
    Lives(Arc<Lives>),
    /// Chunks of an index of a packed segment.
    List(Arc<List>),
    /// Paths of a packed segment that are images.
    Images(Arc<Vec<String>>),
    /// What is in a chunk of contexts, in short.
    Outline(Arc<Outline>),
    /// The same of all chunks of a segment.
    Outlines(Arc<Vec<Arc<Outline>>>),
}

/// The sort of a cached thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    Tables,
    Group,
    Core,
    Rest,
    Summary,
    Contexts,
    Provenance,
    Directory,
    Tree,
    Lives,
    List,
    Images,
    Outline,
    Outlines,
}

impl Sort {
    /// Whether it is small and of a whole segment, so that each question asks for it first. Blocks that are looked through
    /// must not drive it out.
    const fn is_index(self) -> bool {
        match self {
            Self::Tables | Self::Group | Self::Core | Self::Rest | Self::Summary | Self::Contexts => false,
            Self::Provenance
            | Self::Directory
            | Self::Tree
            | Self::Lives
            | Self::List
            | Self::Images
            | Self::Outline
            | Self::Outlines => true,
        }
    }
}

/// Of entries of one class: when each was used last, and their bytes.
#[derive(Debug, Default)]
struct Class {
    order: BTreeMap<u64, (Sort, Key)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    cached: Cached,
    bytes: usize,
    used: u64,
    /// Whether it is kept among the indexes.
    index: bool,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<(Sort, Key), Entry>,
    indexes: Class,
    parts: Class,
    clock: u64,
}

impl Inner {
    const fn class(&mut self, index: bool) -> &mut Class {
        if index { &mut self.indexes } else { &mut self.parts }
    }

    fn insert(&mut self, key: (Sort, Key), entry: Entry) {
        let (index, bytes, used) = (entry.index, entry.bytes, entry.used);
        if let Some(old) = self.entries.insert(key, entry) {
            let class = self.class(old.index);
            class.bytes -= old.bytes;
            class.order.remove(&old.used);
        }
        let class = self.class(index);
        class.bytes += bytes;
        class.order.insert(used, key);
    }

    /// Lets the least recently used go until the rest has so many bytes at most.
    fn shrink(&mut self, index: bool, most: usize) {
        while self.class(index).bytes > most
            && let Some((_, oldest)) = self.class(index).order.pop_first()
        {
            if let Some(entry) = self.entries.remove(&oldest) {
                self.class(index).bytes -= entry.bytes;
            }
        }
    }
}

/// Least recently used goes first: of indexes and of parts of blocks and contexts, each by itself.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Inner>);

impl Cache {
    /// Looks one up.
    pub fn get(&self, sort: Sort, key: Key) -> Option<Cached> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        let entry = inner.entries.get_mut(&(sort, key))?;
        let before = std::mem::replace(&mut entry.used, now);
        let (index, cached) = (entry.index, entry.cached.clone());
        let order = &mut inner.class(index).order;
        order.remove(&before);
        order.insert(now, (sort, key));
        Some(cached)
    }

    /// Keeps one, and lets others go if need be. What is larger than a quarter of the cache is not kept: a packed block is up
    /// to a tenth. An index that is larger than an eighth of those is kept as blocks are.
    pub fn put(&self, sort: Sort, key: Key, cached: Cached, bytes: usize) {
        let index = sort.is_index() && bytes <= INDEX_CACHE_BYTES / 8;
        let most = if index { INDEX_CACHE_BYTES } else { CACHE_BYTES - INDEX_CACHE_BYTES };
        if bytes > CACHE_BYTES / 4 {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let used = inner.clock;
        inner.insert((sort, key), Entry { cached, bytes, used, index });
        inner.shrink(index, most);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Cache, Cached, Sort};
    use crate::limits::{CACHE_BYTES, INDEX_CACHE_BYTES};

    fn put(cache: &Cache, sort: Sort, key: u64, bytes: usize) {
        cache.put(sort, (key, 0, 0), Cached::Outlines(Arc::default()), bytes);
    }

    fn has(cache: &Cache, key: u64) -> bool {
        cache.get(Sort::Outlines, (key, 0, 0)).is_some()
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = Cache::default();
        let size = CACHE_BYTES / 10;
        for key in 0..20 {
            put(&cache, Sort::Outlines, key, size);
            let _ = has(&cache, 0);
        }
        assert!(has(&cache, 0));
        assert!(!has(&cache, 1));
        assert!(has(&cache, 19));
        assert!(cache.0.lock().unwrap().parts.bytes <= CACHE_BYTES);
    }

    #[test]
    fn blocks_do_not_drive_out_what_every_question_asks_for() {
        let cache = Cache::default();
        let small = INDEX_CACHE_BYTES / 10;
        (0..5).for_each(|key| put(&cache, Sort::Outlines, key, small));
        (0..100).for_each(|key| put(&cache, Sort::Core, key, CACHE_BYTES / 10));
        assert!((0..5).all(|key| has(&cache, key)));
        // Written anew it counts once, and as what it is now.
        put(&cache, Sort::Outlines, 0, INDEX_CACHE_BYTES / 4);
        (5..20).for_each(|key| put(&cache, Sort::Outlines, key, small));
        assert!(!has(&cache, 1) && has(&cache, 19));
        let inner = cache.0.lock().unwrap();
        assert!(inner.indexes.bytes <= INDEX_CACHE_BYTES && inner.indexes.bytes == 10 * small);
        assert!(inner.parts.bytes <= CACHE_BYTES - INDEX_CACHE_BYTES);
        assert_eq!(inner.entries.len(), inner.indexes.order.len() + inner.parts.order.len());
    }
}
