//! The latest row of an id, while a chunk's rows are decoded one after the other.

use std::collections::HashMap;

use event::ContextId;

/// Finds the latest row of an id among those that were decoded: where ids grow, as nearly always, they are a list to search.
pub struct Places<'a> {
    /// Of all rows, decoded or not.
    ids: &'a [ContextId],
    /// Rows that were decoded.
    done: usize,
    /// Some that were found lately, by their last bits: many come from a few.
    lately: [(ContextId, usize); LATELY],
    /// If ids do not grow.
    unordered: Option<HashMap<ContextId, usize>>,
}

/// Entries of that memory.
const LATELY: usize = 16;

impl<'a> Places<'a> {
    /// No row is decoded yet.
    pub fn new(ids: &'a [ContextId], growing: bool) -> Self {
        let unordered = (!growing).then(HashMap::new);
        Self { ids, done: 0, lately: [(0, usize::MAX); LATELY], unordered }
    }

    /// Place of the latest row of an id.
    pub fn find(&mut self, id: ContextId) -> Option<usize> {
        if let Some(places) = &self.unordered {
            return places.get(&id).copied();
        }
        let ids = &self.ids[..self.done];
        // Mostly the last one.
        if ids.last() == Some(&id) {
            return ids.len().checked_sub(1);
        }
        let lately = &mut self.lately[usize::try_from(id % LATELY as u64).unwrap_or(0)];
        if lately.0 == id && lately.1 < ids.len() {
            return Some(lately.1);
        }
        let place = ids.binary_search(&id).ok()?;
        *lately = (id, place);
        Some(place)
    }

    /// One more row was decoded.
    pub fn advance(&mut self) {
        if let (Some(places), Some(id)) = (&mut self.unordered, self.ids.get(self.done)) {
            places.insert(*id, self.done);
        }
        self.done = (self.done + 1).min(self.ids.len());
    }
}
