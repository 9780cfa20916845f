//! How a store is written.

use std::sync::Arc;
use std::time::Duration;

use event::BootId;

use crate::faults::Watch;

/// Settings of a [`crate::Writer`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Cap on the whole directory in bytes, kept by removing the oldest segments; under 8 MiB, an open segment alone may
    /// exceed it. Default 4 GiB.
    pub max_size: u64,
    /// A segment is closed at this many bytes; taken as an eighth of `max_size` if that is less. Default 64 MiB.
    pub segment_size: u64,
    /// A segment is closed when it is this old. Default 24 h.
    pub segment_age: Duration,
    /// For the recorder: how long events may wait for their group commit. Default 250 ms.
    pub commit_interval: Duration,
    /// The running boot.
    pub boot: BootId,
    /// Whether closed segments are rewritten smaller in a background thread. Default true.
    pub pack: bool,
    /// For tests: sees, and may refuse, all that is done to the segments' files.
    #[doc(hidden)]
    pub watch: Option<Arc<dyn Watch>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_size: 4 << 30,
            segment_size: 64 << 20,
            segment_age: Duration::from_hours(24),
            commit_interval: Duration::from_millis(250),
            boot: 0,
            pack: true,
            watch: None,
        }
    }
}
