//! What retention goes by: the clocks and the room of the file system. Tests have a host of their own, whose clock jumps.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use event::Nanos;
use rustix::time::{ClockId, clock_gettime};

/// Room of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Of all.
    pub total: u64,
    /// Free for ordinary users.
    pub free: u64,
}

/// The clocks and the file system.
pub trait Host: Send + Sync + fmt::Debug {
    /// The wall clock, which may be wrong and may be set.
    fn wall(&self) -> Nanos;
    /// Time since boot, suspension included: it only goes on.
    fn since_boot(&self) -> Duration;
    /// Room where a directory is; `None` if it cannot be told.
    fn space(&self, dir: &Path) -> Option<Space>;
}

/// The running one.
#[derive(Debug)]
pub struct Running;

impl Host for Running {
    fn wall(&self) -> Nanos {
        // Before 1970 is a clock that was never set.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Nanos::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
    }

    fn since_boot(&self) -> Duration {
        let now = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
    }

    fn space(&self, dir: &Path) -> Option<Space> {
        let found = rustix::fs::statvfs(dir).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Some(Space { total: bytes(found.f_blocks), free: bytes(found.f_bavail) })
    }
}
