//! The clocks and the room that retention goes by, made up.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::faults::{Host, Space};

/// Bytes of the file system.
pub const TOTAL: u64 = 64 << 20;

/// What is set is so until it is set again.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Now>);

#[derive(Clone, Copy, Debug, Default)]
struct Now {
    wall: i64,
    uptime: u64,
    scarce: bool,
}

impl Clock {
    /// The wall clock, and the time since boot, in nanoseconds.
    pub fn set(&self, wall: i64, uptime: u64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (now.wall, now.uptime) = (wall, uptime);
    }

    /// Whether others have taken all the room.
    pub fn set_scarce(&self, scarce: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).scarce = scarce;
    }

    fn now(&self) -> Now {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Clock {
    fn wall(&self) -> i64 {
        self.now().wall
    }

    fn since_boot(&self) -> Duration {
        Duration::from_nanos(self.now().uptime)
    }

    fn space(&self, _: &Path) -> Option<Space> {
        Some(Space { total: TOTAL, free: if self.now().scarce { 0 } else { TOTAL / 2 } })
    }
}
