//! What the handlers share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use store::Store;
use tokio::sync::Semaphore;

use crate::audit::AuditLog;
use crate::door::Door;
use crate::limits::{MAX_READS, MAX_REQUESTS, MAX_STREAMS, QUESTION_TIME};

/// What this server does besides answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A recorder writes the store.
    Recording,
    /// Nobody does.
    Serving,
}

impl Role {
    /// Word of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Serving => "serving",
        }
    }
}

/// What only the recorder knows: losses, its own cost.
pub trait Live: Send + Sync {
    /// Probes are attached and events reach the store.
    fn ready(&self) -> bool;
    /// An object for `recorder` of `/stats`.
    fn stats(&self) -> serde_json::Value;
    /// Appends lines of the Prometheus text format, each ending in a line feed, names beginning `tachograph_`.
    fn metrics(&self, out: &mut String);
}

/// The state of the router. Cheap to clone; clones share the limits, so that a socket and an address that serve one
/// store get one measure together.
#[derive(Clone)]
pub struct AppState {
    pub(crate) store: Store,
    pub(crate) role: Role,
    pub(crate) live: Option<Arc<dyn Live>>,
    pub(crate) door: Door,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) reads: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) audit: Option<Arc<AuditLog>>,
    /// Work on one question.
    pub(crate) work: Duration,
}

impl AppState {
    /// A server of this store behind a Unix socket's door.
    #[must_use]
    pub fn new(store: Store, role: Role) -> Self {
        Self {
            store,
            role,
            live: None,
            door: Door::socket(),
            requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
            reads: Arc::new(Semaphore::new(MAX_READS)),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            audit: None,
            work: QUESTION_TIME,
        }
    }

    /// With the recorder's own numbers.
    #[must_use]
    pub fn with_live(mut self, live: Arc<dyn Live>) -> Self {
        self.live = Some(live);
        self
    }

    /// With a log of who asked what.
    #[must_use]
    pub fn with_audit(mut self, log: Arc<AuditLog>) -> Self {
        self.audit = Some(log);
        self
    }

    /// With another measure of work on one question, after which its answer is a partial one: for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn with_work(mut self, work: Duration) -> Self {
        self.work = work;
        self
    }

    /// Behind another door.
    #[must_use]
    pub fn with_door(mut self, door: Door) -> Self {
        self.door = door;
        self
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("role", &self.role).field("door", &self.door).finish_non_exhaustive()
    }
}
