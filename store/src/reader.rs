//! Reading a store.

use std::path::Path;

use event::{Class, EventId, Gap, Nanos, ProcessKey};

use crate::{Found, OpenError, Page, Process, ProcessPage, ProcessQuery, Query, QueryError, Stats};

/// A store to read. Clones share their caches.
#[derive(Clone, Debug)]
pub struct Store {}

impl Store {
    /// Opens a store that nobody writes (or a directory of copied segments, or one segment's file), for reading only.
    ///
    /// # Errors
    /// If there is none, it is being written, or it comes from a newer release.
    pub fn open(_dir: &Path) -> Result<Self, OpenError> {
        Ok(Self {})
    }

    /// Events that fit, in the order of recording or against it.
    ///
    /// # Errors
    /// If the question makes no sense. Unreadable parts are left out and show as gaps.
    pub fn events(&self, _query: &Query) -> Result<Page, QueryError> {
        Ok(Page::default())
    }

    /// One event.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn event(&self, _id: EventId) -> Result<Option<Found>, QueryError> {
        Ok(None)
    }

    /// Processes that fit.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn processes(&self, _query: &ProcessQuery) -> Result<ProcessPage, QueryError> {
        Ok(ProcessPage::default())
    }

    /// One process.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn process(&self, _key: ProcessKey) -> Result<Option<Process>, QueryError> {
        Ok(None)
    }

    /// Spans in which something is missing, that overlap `since..until`: recorded losses, damage, removal. An empty
    /// `classes` means all; a gap of class `All` is always among them.
    #[must_use]
    pub fn gaps(&self, _since: Option<Nanos>, _until: Option<Nanos>, _classes: &[Class]) -> Vec<Gap> {
        Vec::new()
    }

    /// Recorded paths that begin with `prefix`, in byte order, with their numbers of events.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn paths(
        &self,
        _prefix: &str,
        _limit: usize,
        _after: Option<&str>,
    ) -> Result<Vec<(String, u64)>, QueryError> {
        Ok(Vec::new())
    }

    /// What is in it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
}
