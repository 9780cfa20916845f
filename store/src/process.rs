//! Asking for processes, and what an event's process came from.

use std::sync::Arc;

use event::render;
use event::{Context, Exit, Image, Nanos, ProcessKey, Source};

use crate::Filter;

/// Image and ancestors of a context. Shared between the events of the same context.
#[derive(Clone, Debug, Default)]
pub struct Lineage(pub(crate) Arc<Resolved>);

#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub image: Option<Arc<Image>>,
    pub ancestors: Vec<Ancestor>,
    pub truncated: bool,
}

impl Lineage {
    /// A lineage put together by hand (for tests and renderers of live events).
    #[must_use]
    pub fn new(image: Option<Arc<Image>>, ancestors: Vec<Ancestor>, truncated: bool) -> Self {
        Self(Arc::new(Resolved { image, ancestors, truncated }))
    }

    /// The image of the context; `None` if unknown.
    #[must_use]
    pub fn image(&self) -> Option<&Image> {
        self.0.image.as_deref()
    }

    /// Nearest first, earlier images of the same process included.
    #[must_use]
    pub fn ancestors(&self) -> &[Ancestor] {
        &self.0.ancestors
    }

    /// The ancestors as a renderer takes them.
    pub(crate) fn to_render(&self) -> Vec<render::Ancestor<'_>> {
        let ancestors = self.0.ancestors.iter();
        ancestors.map(|one| render::Ancestor { context: &one.context, image: one.image.as_deref() }).collect()
    }

    /// Whether there are more than are kept.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.0.truncated
    }
}

/// One step of a lineage.
#[derive(Clone, Debug)]
pub struct Ancestor {
    /// The state it was in.
    pub context: Arc<Context>,
    /// Its image; `None` if unknown.
    pub image: Option<Arc<Image>>,
}

/// A question for processes.
#[derive(Clone, Debug, Default)]
pub struct ProcessQuery {
    /// Only `pids`, `ppids`, `parents`, `processes`, `descendants`, `uids`, `users`, `comms`, `exes`, `containers`, and
    /// `since`/`until` (alive in that span) are looked at. A process fits if one of its contexts does that was in force
    /// at some moment of the span (and of `at`).
    pub filter: Filter,
    /// Alive at this moment.
    pub at: Option<Nanos>,
    /// How many at most.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<ProcessKey>,
}

/// An answer, in the order of [`ProcessKey`].
#[derive(Clone, Debug, Default)]
pub struct ProcessPage {
    /// The processes.
    pub processes: Vec<Process>,
    /// To be passed as `after`; `None` when there is no more.
    pub next: Option<ProcessKey>,
}

/// One execution of one task group.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its identity.
    pub key: ProcessKey,
    /// Parent's pid at its start.
    pub ppid: u32,
    /// Who created it.
    pub parent: Option<ProcessKey>,
    /// The fork's time, else when it was first met.
    pub start: Nanos,
    /// Its states in order.
    pub contexts: Vec<Arc<Context>>,
    /// Its images in order.
    pub images: Vec<ProcessImage>,
    /// Its end.
    pub exit: Option<Exit>,
    /// When a later boot was first seen: nobody lives on then, also of whom the end was not recorded.
    pub boot_over: Option<Nanos>,
    /// Where the knowledge of it first came from.
    pub source: Source,
}

/// One image of a process.
#[derive(Clone, Debug)]
pub struct ProcessImage {
    /// The state in which it began (or was first met).
    pub context: Arc<Context>,
    /// When; 0 if unknown.
    pub exec_time: Nanos,
    /// The image.
    pub image: Arc<Image>,
}
