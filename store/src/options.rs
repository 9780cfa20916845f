//! How a store is written, and how much of it is kept.

use std::sync::Arc;
use std::time::Duration;

use event::BootId;

use crate::faults::{Host, Watch};
use crate::limits::MIN_SEGMENT;
use crate::{LeftOutRule, SegmentSigner};

/// Settings of a [`crate::Writer`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Cap on the whole directory in bytes, kept by thinning and removing the oldest segments; under 8 MiB, an open segment
    /// alone may exceed it. Default 4 GiB.
    pub max_size: u64,
    /// Segments whose latest event is older are removed; `None` keeps them whatever their age. Default `None`.
    pub max_age: Option<Duration>,
    /// Bytes of the file system that are left free, by removing the oldest segments; at most a tenth of it. So that who
    /// fills a disk cannot empty the store, it is not made smaller for that than a quarter of `max_size`, or of the file
    /// system if that is less. Default 0.
    pub min_free: u64,
    /// Bytes that pins may keep, of those of `max_size`, at most half of them; `None` is a quarter. Default `None`.
    pub pin_max_size: Option<u64>,
    /// Bytes of `max_size` for segments that were thinned, which have the events of processes' lifecycle and credentials
    /// alone; at most half of them, 0 removes segments whole; `None` is an eighth. Default `None`.
    pub keep_lifecycle: Option<u64>,
    /// A segment is closed at this many bytes; taken as an eighth of `max_size` if that is less. Default 64 MiB.
    pub segment_size: u64,
    /// A segment is closed when it is this old, or an eighth of `max_age` if that is less. Default 24 h.
    pub segment_age: Duration,
    /// For the recorder: how long events may wait for their group commit. Default 250 ms.
    pub commit_interval: Duration,
    /// The running boot.
    pub boot: BootId,
    /// What is left out on purpose, kept with what is recorded. Default none.
    pub left_out: Vec<LeftOutRule>,
    /// Whether closed segments are rewritten smaller in a background thread. Without it none is thinned. Default true.
    pub pack: bool,
    /// Signs segments as they are closed or written anew. Default `None`.
    pub signer: Option<Arc<SegmentSigner>>,
    /// For tests: sees, and may refuse, all that is done to the segments' files.
    #[doc(hidden)]
    pub watch: Option<Arc<dyn Watch>>,
    /// For tests: clocks and a file system's room in place of the running ones.
    #[doc(hidden)]
    pub host: Option<Arc<dyn Host>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_size: 4 << 30,
            max_age: None,
            min_free: 0,
            pin_max_size: None,
            keep_lifecycle: None,
            segment_size: 64 << 20,
            segment_age: Duration::from_hours(24),
            commit_interval: Duration::from_millis(250),
            boot: 0,
            left_out: Vec::new(),
            pack: true,
            signer: None,
            watch: None,
            host: None,
        }
    }
}

impl Options {
    /// Size at which a segment is closed.
    pub(crate) fn close_at(&self) -> u64 {
        self.segment_size.min(self.max_size / 8).max(MIN_SEGMENT)
    }

    /// Age at which a segment is closed.
    pub(crate) fn close_after(&self) -> Duration {
        self.max_age.map_or(self.segment_age, |age| self.segment_age.min(age / 8))
    }

    /// Bytes that pins may keep.
    #[must_use]
    pub fn pin_limit(&self) -> u64 {
        self.pin_max_size.unwrap_or(self.max_size / 4).min(self.max_size / 2)
    }

    /// Bytes of thinned segments.
    pub(crate) fn lifecycle_limit(&self) -> u64 {
        self.keep_lifecycle.unwrap_or(self.max_size / 8).min(self.max_size / 2)
    }
}
