//! Asking how many events there were when.

use event::Nanos;

use crate::Filter;

/// By what events are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// `evt.category`.
    #[default]
    Category,
    /// `evt.name`.
    Name,
    /// `evt.outcome`.
    Outcome,
    /// Real user's name.
    User,
    /// Task name.
    Comm,
    /// Path of the image that runs.
    Exe,
    /// Container id.
    Container,
    /// Process id (of [`event::ProcessKey`]).
    Process,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Category,
        Self::Name,
        Self::Outcome,
        Self::User,
        Self::Comm,
        Self::Exe,
        Self::Container,
        Self::Process,
    ];

    /// Word of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Name => "name",
            Self::Outcome => "outcome",
            Self::User => "user",
            Self::Comm => "comm",
            Self::Exe => "exe",
            Self::Container => "container",
            Self::Process => "process",
        }
    }

    /// Whether its values are a closed list, all of which are always counted.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Category | Self::Name | Self::Outcome)
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct TimelineQuery {
    /// What is counted; its `since` and `until` are not looked at.
    pub filter: Filter,
    /// From this moment on.
    pub since: Nanos,
    /// Before this moment.
    pub until: Nanos,
    /// In how many parts the span is cut, as equal as whole nanoseconds allow; some are empty if it has fewer.
    pub buckets: usize,
    /// By what.
    pub by: By,
    /// How many values of an open list are told apart: those with most events.
    pub top: usize,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Where the buckets begin, and where the last one ends: one more than there are buckets.
    pub edges: Vec<Nanos>,
    /// What was told apart: all values of a closed list, else those with most events first, and by name if they have as
    /// many. An empty one is that of events without such a thing, or of which it is not known.
    pub values: Vec<String>,
    /// By bucket, then by value.
    pub counts: Vec<Vec<u64>>,
    /// By bucket: events of all other values.
    pub rest: Vec<u64>,
    /// How many values the others have; at least so many if there were too many to keep apart.
    pub other_values: usize,
    /// Whether the budget was enough for all of the span.
    pub whole: bool,
}
