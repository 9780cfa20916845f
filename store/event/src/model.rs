//! One event.

use serde::{Deserialize, Serialize};

use crate::{ContextId, Detail, File, Kind, Nanos, Outcome};

/// Store-wide number of an event in the order of recording, from 1, kept across restarts.
pub type EventId = u64;

/// One thing that happened, as the recorder hands it to the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Nanos,
    /// What.
    pub kind: Kind,
    /// Who: the state of the process when it acted (for setuid and its like: before the change).
    pub context: ContextId,
    /// Thread that acted.
    pub tid: u32,
    /// What the syscall returned; 0 for fork, exec, exit.
    pub retval: i64,
    /// [`event_flags`].
    pub flags: u32,
    /// The file, if the kind has one. For exec and exit it is the image's executable and is left out here. For mount it
    /// is the mount point, so that it is found by its path like any other, and stands in the detail as well.
    pub file: Option<File>,
    /// Second file of rename and link.
    pub destination: Option<Box<File>>,
    /// The rest.
    pub detail: Detail,
}

/// Bits of [`Event::flags`].
pub mod event_flags {
    /// Through `io_uring`.
    pub const ASYNC: u32 = 1;
    /// By a 32-bit call.
    pub const COMPAT: u32 = 2;
}

impl Event {
    /// `evt.outcome`.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.kind {
            // setfsuid returns the previous id, which may look like an errno only for ids near 2^32.
            Kind::Fork | Kind::Exec | Kind::Exit => Outcome::Success,
            _ => Outcome::of_return(self.retval),
        }
    }
}
