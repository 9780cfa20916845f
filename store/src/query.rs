//! Asking for events.

use std::net::IpAddr;
use std::sync::Arc;

use event::render::{Other, Subject};
use event::{Category, Context, Event, EventId, Kind, Nanos, Outcome, ProcessKey};

use crate::{Lineage, PathPattern};

/// What is wanted. An empty list or `None` restricts nothing; several values of a field are OR, different fields AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Events by number.
    pub ids: Vec<EventId>,
    /// Process ids.
    pub pids: Vec<u32>,
    /// Parents' process ids, as when the context began.
    pub ppids: Vec<u32>,
    /// Thread ids.
    pub tids: Vec<u32>,
    /// Processes.
    pub processes: Vec<ProcessKey>,
    /// Processes that these created.
    pub parents: Vec<ProcessKey>,
    /// Also everything that descends from `pids` or `processes`.
    pub descendants: bool,
    /// Of the file, its destination, the image executed (exec, exit), or the mount point (mount).
    pub paths: Vec<PathPattern>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Categories.
    pub categories: Vec<Category>,
    /// Of opens, only those that could write to the file or make it.
    pub writes: bool,
    /// Outcomes.
    pub outcomes: Vec<Outcome>,
    /// Real user ids.
    pub uids: Vec<u32>,
    /// Real users' names.
    pub users: Vec<String>,
    /// Task names.
    pub comms: Vec<String>,
    /// Paths of the image that runs.
    pub exes: Vec<PathPattern>,
    /// Container ids.
    pub containers: Vec<String>,
    /// Addresses, either end.
    pub ips: Vec<IpAddr>,
    /// Ports, either end.
    pub ports: Vec<u16>,
    /// From this moment on.
    pub since: Option<Nanos>,
    /// Before this moment.
    pub until: Option<Nanos>,
}

/// Direction of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    #[default]
    Asc,
    /// Newest first.
    Desc,
}

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What is wanted.
    pub filter: Filter,
    /// In which direction.
    pub order: Order,
    /// How many at most.
    pub limit: usize,
    /// Where the page before ended: that event is left out, and all on its far side.
    pub after: Option<EventId>,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order asked for.
    pub events: Vec<Found>,
    /// To be passed as `after`; `None` when there is no more. It need not be the id of an event.
    pub next: Option<EventId>,
}

/// An event with what it refers to.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its number.
    pub id: EventId,
    /// The event.
    pub event: Event,
    /// The state of its process.
    pub context: Arc<Context>,
    /// Image and ancestors.
    pub lineage: Lineage,
    /// The other process that the event is about ([`event::Detail::other`]), if it has one.
    pub other: Option<OtherProcess>,
}

impl Found {
    /// Hands over the event with all that is needed to render it.
    pub fn with_subject<T>(&self, take: impl FnOnce(&Subject<'_>) -> T) -> T {
        let ancestors = self.lineage.to_render();
        let of_other = self.other.as_ref().map(|other| other.lineage.to_render()).unwrap_or_default();
        take(&Subject {
            id: self.id,
            event: &self.event,
            context: &self.context,
            image: self.lineage.image(),
            ancestors: &ancestors,
            ancestors_truncated: self.lineage.truncated(),
            other: self.other.as_ref().map(|other| Other {
                context: &other.context,
                image: other.lineage.image(),
                ancestors: &of_other,
                ancestors_truncated: other.lineage.truncated(),
            }),
        })
    }
}

/// The target of a signal, a tracee: another process than the one that acted.
#[derive(Clone, Debug)]
pub struct OtherProcess {
    /// Its state then.
    pub context: Arc<Context>,
    /// Its image and ancestors.
    pub lineage: Lineage,
}
