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
use crate::limits::CACHE_BYTES;

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

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<(Sort, Key), (Cached, usize, u64)>,
    order: BTreeMap<u64, (Sort, Key)>,
    bytes: usize,
    clock: u64,
}

/// Least recently used goes first.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Inner>);

impl Cache {
    /// Looks one up.
    pub fn get(&self, sort: Sort, key: Key) -> Option<Cached> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        let (cached, _, used) = inner.entries.get_mut(&(sort, key))?;
        inner.order.remove(used);
        inner.clock += 1;
        *used = inner.clock;
        inner.order.insert(inner.clock, (sort, key));
        Some(cached.clone())
    }

    /// Keeps one, and lets others go if need be. What is larger than a quarter of the cache is not kept: a packed block is up to a tenth.
    pub fn put(&self, sort: Sort, key: Key, cached: Cached, bytes: usize) {
        if bytes > CACHE_BYTES / 4 {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        inner.clock += 1;
        if let Some((_, old, used)) = inner.entries.insert((sort, key), (cached, bytes, inner.clock)) {
            inner.bytes -= old;
            inner.order.remove(&used);
        }
        inner.order.insert(inner.clock, (sort, key));
        inner.bytes += bytes;
        while inner.bytes > CACHE_BYTES
            && let Some((_, oldest)) = inner.order.pop_first()
        {
            if let Some((_, bytes, _)) = inner.entries.remove(&oldest) {
                inner.bytes -= bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Cache, Cached, Sort};
    use crate::limits::CACHE_BYTES;

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = Cache::default();
        let size = CACHE_BYTES / 10;
        for key in 0..20 {
            cache.put(Sort::Outlines, (key, 0, 0), Cached::Outlines(Arc::default()), size);
            let _ = cache.get(Sort::Outlines, (0, 0, 0));
        }
        assert!(cache.get(Sort::Outlines, (0, 0, 0)).is_some());
        assert!(cache.get(Sort::Outlines, (1, 0, 0)).is_none());
        assert!(cache.get(Sort::Outlines, (19, 0, 0)).is_some());
        assert!(cache.0.lock().unwrap().bytes <= CACHE_BYTES);
    }
}
