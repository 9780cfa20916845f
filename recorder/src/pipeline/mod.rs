//! From the rings to batches for the store: drain, count losses, order, convert.

mod convert;
mod loss;
mod order;
mod requests;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::SyncSender,
    },
    time::{Duration, Instant},
};

use abi::{Class, Counters, RecordKind};
use event::{Gap, GapReason, Nanos};
use store::Batch;

pub use self::convert::{ConvertError, Converter};
pub use self::loss::join_gaps;
use self::{
    loss::{LossTracker, class_of},
    order::Reorder,
    requests::Requests,
};
use crate::{
    clock::{self, Clock, TICK},
    decode, limits,
    mounts::MountWatch,
    process::{Output, ProcessTable, snapshot},
    provenance::Collector,
    stats::Stats,
};

/// Losses that lie within this time of each other are reported as one gap.
const NEAR: Nanos = 1_000_000_000;
const SECOND: Duration = Duration::from_secs(1);
const RECONCILE: Duration = Duration::from_secs(30);

/// Where records come from. The kernel's rings; a test's own.
pub trait Source {
    /// Waits until there is something to drain, at most so long.
    fn wait(&mut self, most: Duration);
    /// Hands over up to `most` records of a class, oldest first; returns how many.
    fn drain(&mut self, class: Class, most: usize, take: &mut dyn FnMut(&[u8])) -> usize;
    /// The probes' counts, by CPU.
    fn counters(&self) -> Vec<Counters>;
    /// Runs of the probes that were skipped.
    fn missed(&self) -> u64 {
        0
    }
    /// Now and then: what depends on files may have changed.
    fn refresh(&mut self) {}
}

/// The pipeline's state. It runs in a thread of its own, [`Pipeline::run`].
pub struct Pipeline<S> {
    source: S,
    converter: Converter,
    reorder: Reorder,
    requests: Requests,
    loss: LossTracker,
    clock: Clock,
    mounts: MountWatch,
    collector: Collector,
    batch: Batch,
    gaps: Vec<Gap>,
    sink: SyncSender<Batch>,
    stats: Arc<Stats>,
    commit_interval: Duration,
}

impl<S: Source> Pipeline<S> {
    /// `attached`: time since boot at which the probes were attached. `gaps`: what is known to be missing already.
    pub fn new(
        source: S,
        table: ProcessTable,
        attached: u64,
        gaps: Vec<Gap>,
        sink: SyncSender<Batch>,
        stats: Arc<Stats>,
        commit_interval: Duration,
    ) -> Self {
        let mut converter = Converter::new(table);
        converter.files.forget();
        converter.files.refill();
        converter.files.remount();
        Self {
            source,
            converter,
            reorder: Reorder::default(),
            requests: Requests::default(),
            loss: LossTracker::new(attached),
            clock: Clock::now(),
            mounts: MountWatch::new(),
            collector: Collector::off(),
            batch: Batch::default(),
            gaps,
            sink,
            stats,
            commit_interval,
        }
    }

    /// With what finds out hashes and packages.
    #[must_use]
    pub fn with_collector(self, collector: Collector) -> Self {
        Self { collector, ..self }
    }

    /// Enters the processes that run already. The probes are attached, so what begins or ends meanwhile is in the
    /// rings; what the rings tell of a process is better than what /proc tells, and is left to them. `before`: who
    /// lived when the store was last written.
    pub fn begin(&mut self, before: Vec<Arc<event::Context>>) {
        let entries = snapshot();
        let mut forked = HashSet::new();
        self.drain(&mut |bytes| {
            if let Ok(record) = decode::parse(bytes)
                && RecordKind::from_number(record.header.kind) == Some(RecordKind::Fork)
            {
                forked.insert((record.header.tgid, record.header.start / TICK));
            }
        });
        let mut out = Output::default();
        self.converter.table.begin(entries, &forked, before, self.clock, &mut out);
        self.absorb(out);
    }

    /// Runs until `stop` is set, and then until all that was in the rings at that moment is out: on a busy host they are
    /// never empty.
    pub fn run(mut self, stop: &AtomicBool) {
        let mut committed = Instant::now();
        let mut second = Instant::now();
        let mut reconciled = Instant::now();
        let mut stopped = None;
        loop {
            if stop.load(Ordering::Acquire) {
                stopped.get_or_insert_with(clock::since_boot);
            } else {
                self.source.wait(limits::POLL);
            }
            let (mark, count) = self.drain(&mut |_| {});
            let hold = u64::try_from(limits::HOLD.as_nanos()).unwrap_or(u64::MAX);
            let last = stopped.is_some_and(|stopped| count == 0 || mark > stopped);
            self.convert(if last { u64::MAX } else { mark.saturating_sub(hold) });
            if second.elapsed() >= SECOND || last {
                second = Instant::now();
                self.expire(last);
                self.every_second();
            }
            if reconciled.elapsed() >= RECONCILE {
                reconciled = Instant::now();
                self.reconcile();
            }
            if committed.elapsed() >= self.commit_interval || last {
                committed = Instant::now();
                self.flush();
            }
            if last {
                self.batch.provenance = self.collector.finish();
                self.flush();
                return;
            }
        }
    }

    /// Empties the rings into the reorder buffer; returns the time since boot up to which everything has been
    /// seen, and how many records came.
    fn drain(&mut self, look: &mut dyn FnMut(&[u8])) -> (u64, usize) {
        let mut mark = clock::since_boot();
        let mut total = 0;
        for class in Class::ALL {
            let mut newest = 0;
            let Self { source, reorder, loss, gaps, stats, clock, .. } = self;
            let count = source.drain(class, limits::DRAIN, &mut |bytes| {
                look(bytes);
                match decode::parse(bytes) {
                    Ok(record) => {
                        let header = record.header;
                        newest = newest.max(header.time);
                        gaps.extend(loss.saw(class, header.cpu, header.seq, header.time, *clock));
                        reorder.push(header.time, class, bytes);
                    }
                    Err(error) => {
                        // It is lost, but it came: its number is no hole.
                        if let Some(header) = decode::header(bytes) {
                            gaps.extend(loss.saw(class, header.cpu, header.seq, header.time, *clock));
                        }
                        tracing::warn!(%error, "a record cannot be read: counted as lost");
                        stats.undecodable.add(1);
                        gaps.push(undecodable(class_of(class), clock::wall()));
                    }
                }
            });
            stats.records[class as usize].add(count as u64);
            if count >= limits::DRAIN {
                mark = mark.min(newest);
            }
            total += count;
        }
        (mark, total)
    }

    fn convert(&mut self, until: u64) {
        let mut requests = std::mem::take(&mut self.requests);
        while let Some(bytes) = self.reorder.pop(until) {
            requests.pass(bytes, &mut |bytes| self.convert_one(bytes));
        }
        self.requests = requests;
        // At the end nothing more is waited for.
        let now = if until == u64::MAX { u64::MAX } else { clock::since_boot() };
        self.batch.events.extend(self.converter.expired_packets(now));
        if self.batch.events.len() >= limits::BATCH_EVENTS {
            self.flush();
        }
    }

    fn convert_one(&mut self, bytes: &[u8]) {
        if self.batch.events.len() >= limits::BATCH_EVENTS {
            self.flush();
        }
        // It was read once on its way in.
        let Ok(record) = decode::parse(bytes) else { return };
        let mut out = Output::default();
        if let Some(events) = self.converter.packet(&record, self.clock, &mut out) {
            self.absorb(out);
            self.batch.events.extend(events);
            return;
        }
        match self.converter.convert(&record, self.clock, &mut out) {
            Ok(event) => {
                self.absorb(out);
                self.batch.events.extend(event);
            }
            Err(error) => {
                tracing::warn!(%error, "a record cannot be understood: counted as lost");
                self.stats.undecodable.add(1);
                let time = self.clock.wall_of(record.header.time);
                self.gaps.push(undecodable(event::Class::All, time));
                self.absorb(out);
            }
        }
    }

    /// Tells the requests that have waited too long; at the end all of them.
    fn expire(&mut self, last: bool) {
        let mut requests = std::mem::take(&mut self.requests);
        requests.expire(clock::since_boot(), last, &mut |bytes| self.convert_one(bytes));
        self.stats.requests_unfinished.set(requests.unfinished());
        self.requests = requests;
    }

    fn absorb(&mut self, out: Output) {
        for context in &out.contexts {
            self.collector.began(context);
        }
        self.batch.events.extend(out.events);
        self.batch.contexts.extend(out.contexts);
        self.batch.exits.extend(out.exits);
    }

    fn every_second(&mut self) {
        let counters = self.source.counters();
        let found = self.loss.compare(&counters, clock::since_boot(), self.clock);
        self.gaps.extend(found);
        let missed = self.source.missed();
        self.gaps.extend(self.loss.skipped(missed, clock::since_boot(), self.clock));
        if self.gaps.iter().any(|gap| matches!(gap.class, event::Class::File | event::Class::All)) {
            self.converter.files.forget();
        }
        self.converter.files.refill();
        if self.mounts.changed() {
            self.converter.files.remount();
            self.collector.remount();
        }
        let step = self.clock.refresh();
        if step.unsigned_abs() > 1_000_000_000 {
            tracing::warn!(step_ms = step / 1_000_000, "the wall clock was set");
            self.gaps.push(stepped(self.clock.wall_of(clock::since_boot()), step));
        }
        self.converter.table.refill();
        self.converter.modules.refill();
        self.stats.unread_dns.set(self.converter.packets.counts().unread);
        let mut out = Output::default();
        self.converter.every_second(&mut out);
        self.absorb(out);
        let late = self.reorder.late();
        self.stats.publish(&counters, self.loss.lost(), self.converter.table.counts(), late, missed);
    }

    fn reconcile(&mut self) {
        self.source.refresh();
        let mut out = Output::default();
        let exists = |pid: u32| Path::new(&format!("/proc/{pid}")).exists();
        self.converter.table.reconcile(clock::wall(), exists, &mut out);
        self.absorb(out);
    }

    /// Hands the batch to the store; waits if the store is behind, while the rings take what comes.
    fn flush(&mut self) {
        self.batch.gaps = join_gaps(std::mem::take(&mut self.gaps), NEAR);
        self.batch.provenance.extend(self.collector.take());
        if self.batch == Batch::default() {
            return;
        }
        // The store's thread ends only after this one.
        if self.sink.send(std::mem::take(&mut self.batch)).is_err() {
            tracing::error!("the store's thread is gone: what was read is lost");
        }
    }
}

/// The wall clock shows `now` since it was set by `step`: the times between what it showed and what it shows were skipped,
/// or come again.
fn stepped(now: Nanos, step: Nanos) -> Gap {
    let before = now.saturating_sub(step);
    let (from, to) = (now.min(before), now.max(before));
    Gap { from, to, class: event::Class::All, lost: Some(0), reason: GapReason::ClockStep }
}

fn undecodable(class: event::Class, time: Nanos) -> Gap {
    Gap { from: time, to: time, class, lost: Some(1), reason: GapReason::Undecodable }
}

impl Source for crate::kernel::Recording {
    fn wait(&mut self, most: Duration) {
        self.rings.wait(most);
    }

    fn drain(&mut self, class: Class, most: usize, take: &mut dyn FnMut(&[u8])) -> usize {
        self.rings.drain(class, most, take)
    }

    fn counters(&self) -> Vec<Counters> {
        self.probes.counters()
    }

    fn missed(&self) -> u64 {
        self.probes.missed()
    }

    fn refresh(&mut self) {
        self.probes.refresh();
    }
}
