//! The reading ends of the rings.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::Duration,
};

use abi::Class;
use aya::maps::{MapData, RingBuf};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// One ring for each class.
pub struct Rings {
    rings: [RingBuf<MapData>; Class::COUNT],
}

impl Rings {
    pub(super) fn new(rings: [RingBuf<MapData>; Class::COUNT]) -> Self {
        Self { rings }
    }

    /// Waits until a ring has filled to its mark, at most so long. A signal ends the wait early.
    pub fn wait(&self, most: Duration) {
        let fds: [BorrowedFd<'_>; Class::COUNT] = self.rings.each_ref().map(|ring| ring.as_fd());
        let mut polled = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let most = Timespec {
            tv_sec: i64::try_from(most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(most.subsec_nanos()),
        };
        // Whatever woke it, the rings are drained next.
        let _ = poll(&mut polled, Some(&most));
    }

    /// Hands over up to `most` records of a class, oldest first; returns how many.
    pub fn drain(&mut self, class: Class, most: usize, take: &mut dyn FnMut(&[u8])) -> usize {
        let ring = &mut self.rings[class as usize];
        let mut count = 0;
        while count < most
            && let Some(record) = ring.next()
        {
            take(&record);
            count += 1;
        }
        count
    }
}
