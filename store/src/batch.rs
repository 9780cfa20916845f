//! What is appended at once.

use std::sync::Arc;

use event::{Context, Event, EventId, Exit, Gap, Provenance};
use serde::{Deserialize, Serialize};

/// One group commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// New contexts, numbered by the recorder from [`crate::Writer::next_context_id`] on.
    pub contexts: Vec<Arc<Context>>,
    /// Events in the order of recording.
    pub events: Vec<Event>,
    /// Ends of processes.
    pub exits: Vec<Exit>,
    /// Losses.
    pub gaps: Vec<Gap>,
    /// What was found out about files; it holds for all contexts that name them, earlier ones too, in place of what was
    /// known before. Each segment has it of the files that its own contexts name.
    #[serde(default)]
    pub provenance: Vec<Arc<Provenance>>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contexts.is_empty()
            && self.events.is_empty()
            && self.exits.is_empty()
            && self.gaps.is_empty()
            && self.provenance.is_empty()
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Id of the batch's first event (the next id, if it has none); the others follow.
    pub first_event: EventId,
    /// How many events.
    pub events: u64,
    /// Whether a new segment was begun for it.
    pub rotated: bool,
}
