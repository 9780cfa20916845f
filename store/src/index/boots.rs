//! Boots by number: nearly all processes of a segment are of one.

use event::{BootId, ProcessKey};

/// Distinct boots in order of appearance.
#[derive(Debug, Default)]
pub struct Boots(Vec<BootId>);

/// A process with its boot's number; in order of pid first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Short {
    pub pid: u32,
    pub boot: u32,
    pub start: u64,
}

impl Boots {
    /// Number of a boot.
    pub fn number(&mut self, boot: BootId) -> u32 {
        // The last one is the likely one.
        let place = self.0.iter().rposition(|known| *known == boot).unwrap_or_else(|| {
            self.0.push(boot);
            self.0.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// A process in short.
    pub fn short(&mut self, process: ProcessKey) -> Short {
        Short { pid: process.pid, boot: self.number(process.boot), start: process.start }
    }

    /// In full.
    pub fn process(&self, short: Short) -> ProcessKey {
        ProcessKey { boot: self.0[short.boot as usize], start: short.start, pid: short.pid }
    }

    /// The place of each in ascending order, and that order.
    pub fn ranks(&self) -> (Vec<u32>, Vec<BootId>) {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = |boot| u32::try_from(sorted.partition_point(|other| other < boot)).unwrap_or(u32::MAX);
        (self.0.iter().map(rank).collect(), sorted)
    }
}
