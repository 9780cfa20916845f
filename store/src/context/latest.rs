//! The latest row of an id, while a chunk's rows are decoded one after the other.

use std::collections::HashMap;

use event::ContextId;

/// Finds the latest row of an id: where ids grow, as most do, they are a list to search.
pub struct Places {
    ids: Vec<ContextId>,
    /// Some that were found lately, by their last bits: many come from a few.
    lately: [(ContextId, usize); LATELY],
    /// Once they do not grow.
    unordered: Option<HashMap<ContextId, usize>>,
}

/// Entries of that memory.
const LATELY: usize = 16;

impl Places {
    /// For so many rows.
    pub fn new(count: usize) -> Self {
        Self { ids: Vec::with_capacity(count), lately: [(0, usize::MAX); LATELY], unordered: None }
    }

    /// Place of the latest row of an id.
    pub fn find(&mut self, id: ContextId) -> Option<usize> {
        if let Some(places) = &self.unordered {
            return places.get(&id).copied();
        }
        // Mostly the last one.
        if self.ids.last() == Some(&id) {
            return self.ids.len().checked_sub(1);
        }
        let lately = &mut self.lately[usize::try_from(id % LATELY as u64).unwrap_or(0)];
        if lately.0 == id && lately.1 < self.ids.len() {
            return Some(lately.1);
        }
        let place = self.ids.binary_search(&id).ok()?;
        *lately = (id, place);
        Some(place)
    }

    /// The id of the next row.
    pub fn push(&mut self, id: ContextId) {
        if self.unordered.is_none() && self.ids.last().is_some_and(|last| *last >= id) {
            self.unordered = Some(self.ids.iter().copied().zip(0..).collect());
        }
        if let Some(places) = &mut self.unordered {
            places.insert(id, self.ids.len());
        }
        self.ids.push(id);
    }
}
