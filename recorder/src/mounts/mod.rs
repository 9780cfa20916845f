//! Mount tables: what is mounted where, and the notice that it changed.

mod parse;
mod table;

pub use parse::{MountInfo, parse};
pub use table::Mounts;

use std::{fs::File, os::fd::AsFd as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Watches `/proc/self/mountinfo`, which polls as an exceptional condition after a change (`proc_pid_mounts(5)`).
#[derive(Debug)]
pub struct MountWatch {
    file: Option<File>,
}

impl MountWatch {
    /// Without /proc nothing ever changes.
    #[must_use]
    pub fn new() -> Self {
        Self { file: File::open("/proc/self/mountinfo").ok() }
    }

    /// Has the table changed since the last call?
    pub fn changed(&mut self) -> bool {
        let Some(file) = &self.file else { return false };
        let mut polled = [PollFd::from_borrowed_fd(file.as_fd(), PollFlags::PRI)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut polled, Some(&now)).is_ok()
            && polled[0].revents().intersects(PollFlags::PRI | PollFlags::ERR)
    }
}

impl Default for MountWatch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_changed_when_nothing_was_mounted() {
        let mut watch = MountWatch::new();
        watch.changed();
        assert!(watch.file.is_some());
    }
}
