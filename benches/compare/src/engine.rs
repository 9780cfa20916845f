//! What every engine must do, and what is measured of it.

use std::time::Duration;

use anyhow::Result;
use store::Batch;

use crate::questions::{Question, Sort};

/// Events of an answer: the newest ones.
pub const LIMIT: usize = 100;

pub trait Engine {
    /// One durable commit.
    fn append(&mut self, batch: &Batch) -> Result<()>;
    /// Brings everything to its final form.
    fn close(&mut self) -> Result<()>;
    /// On the disk.
    fn bytes(&self) -> Result<u64>;
    /// The newest events that fit, decoded; how many.
    fn ask(&mut self, question: &Question) -> Result<usize>;
    /// Looks at every event for one thing that no index is over (a thread id); how many have it.
    fn scan(&mut self) -> Result<usize>;
}

/// The thread id that a full scan looks for: nobody's.
pub const SCANNED: u32 = 4_000_000_000;

/// Processor time of this process, all threads.
pub fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Of one engine.
#[derive(Debug)]
pub struct Figures {
    pub name: &'static str,
    /// Events a second, by the clock.
    pub ingest: f64,
    /// Events a second of processor time.
    pub ingest_cpu: f64,
    pub worst_commit: Duration,
    /// Bytes an event.
    pub open: f64,
    pub closed: f64,
    pub answers: Vec<(Sort, Vec<Duration>)>,
    /// Events a second.
    pub scan: f64,
    /// Events found over all questions: every engine must find as many.
    pub found: usize,
    count: usize,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "figures for a table")]
    pub fn new(
        name: &'static str,
        count: usize,
        wall: Duration,
        used: Duration,
        worst_commit: Duration,
        open: u64,
        closed: u64,
    ) -> Self {
        let events = count.max(1) as f64;
        Self {
            name,
            ingest: events / wall.as_secs_f64(),
            ingest_cpu: events / used.as_secs_f64(),
            worst_commit,
            open: open as f64 / events,
            closed: closed as f64 / events,
            answers: Vec::new(),
            scan: 0.0,
            found: 0,
            count,
        }
    }

    pub fn answered(&mut self, question: &Question, took: Duration, found: usize) {
        let sort = question.sort();
        match self.answers.iter_mut().find(|(other, _)| *other == sort) {
            Some((_, times)) => times.push(took),
            None => self.answers.push((sort, vec![took])),
        }
        self.found += found;
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a table")]
    pub fn scanned(&mut self, took: Duration, found: usize) {
        self.scan = self.count as f64 / took.as_secs_f64();
        self.found += found;
    }

    /// A percentile of the times of a sort of question.
    pub fn percentile(&self, sort: Sort, percent: usize) -> Option<Duration> {
        let (_, times) = self.answers.iter().find(|(other, _)| *other == sort)?;
        let mut times = times.clone();
        times.sort();
        times.get((times.len() - 1) * percent / 100).copied()
    }
}
