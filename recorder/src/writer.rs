//! The only thread that writes the store. A store that refuses costs events, counted; who is who is kept and
//! written when it accepts again.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use event::{Class, Event, Gap, GapReason};
use store::{AppendError, Batch, Writer};

use crate::{limits, stats::Stats};

/// How often what is kept is tried again when nothing new comes.
const RETRY: Duration = Duration::from_secs(1);
/// How often a failing store is reported.
const COMPLAIN: Duration = Duration::from_secs(10);

/// Writes batches until the other end is gone, then closes the store.
///
/// # Errors
/// If what was kept cannot be written at the end either.
pub fn run(
    mut writer: Writer,
    batches: &Receiver<Batch>,
    stats: &Arc<Stats>,
    mut copy: impl FnMut(&Batch),
) -> Result<(), AppendError> {
    let mut kept = Batch::default();
    let mut complained: Option<Instant> = None;
    loop {
        let (batch, over) = match batches.recv_timeout(RETRY) {
            Ok(batch) => {
                copy(&batch);
                (batch, false)
            }
            Err(RecvTimeoutError::Timeout) => (Batch::default(), false),
            Err(RecvTimeoutError::Disconnected) => (Batch::default(), true),
        };
        let batch = merge(std::mem::take(&mut kept), batch);
        if batch != Batch::default() {
            match writer.append(&batch) {
                Ok(_) => {
                    stats.committed.add(batch.events.len() as u64);
                    if complained.take().is_some() {
                        tracing::info!("the store accepts again");
                    }
                }
                Err(error) => {
                    stats.failed_commits.add(1);
                    stats.refused.add(batch.events.len() as u64);
                    if complained.is_none_or(|last| last.elapsed() >= COMPLAIN) {
                        complained = Some(Instant::now());
                        tracing::error!(%error, events = batch.events.len(), "the store refuses: these events are lost and counted; recording goes on");
                    }
                    if over {
                        return Err(error);
                    }
                    kept = without_events(batch);
                }
            }
        }
        if over {
            return writer.close();
        }
    }
}

fn merge(mut kept: Batch, batch: Batch) -> Batch {
    if kept == Batch::default() {
        return batch;
    }
    kept.contexts.extend(batch.contexts);
    kept.exits.extend(batch.exits);
    kept.gaps.extend(batch.gaps);
    kept.provenance.extend(batch.provenance);
    kept.events = batch.events;
    kept
}

/// What must not be lost with the events: who was who, who ended, and the gap itself.
fn without_events(mut batch: Batch) -> Batch {
    for class in [Class::Process, Class::File, Class::Network, Class::Kernel] {
        let lost = batch.events.iter().filter(|event| event.kind.class() == class);
        batch.gaps.extend(gap(class, lost));
    }
    batch.gaps = crate::pipeline::join_gaps(std::mem::take(&mut batch.gaps), i64::MAX / 4);
    batch.events.clear();
    let excess = batch.contexts.len().saturating_sub(limits::KEPT_FOR_STORE);
    batch.contexts.drain(..excess);
    let excess = batch.exits.len().saturating_sub(limits::KEPT_FOR_STORE);
    batch.exits.drain(..excess);
    let excess = batch.provenance.len().saturating_sub(limits::KEPT_FOR_STORE);
    batch.provenance.drain(..excess);
    batch
}

fn gap<'a>(class: Class, lost: impl Iterator<Item = &'a Event> + Clone) -> Option<Gap> {
    let from = lost.clone().map(|event| event.time).min()?;
    let to = lost.clone().map(|event| event.time).max()?;
    Some(Gap { from, to, class, lost: Some(lost.count() as u64), reason: GapReason::StoreFailed })
}

#[cfg(test)]
mod tests {
    use event::{Detail, Kind};

    use super::*;

    fn event(kind: Kind, time: i64) -> Event {
        Event {
            time,
            kind,
            context: 1,
            tid: 1,
            retval: 0,
            flags: 0,
            file: None,
            destination: None,
            detail: Detail::None,
        }
    }

    /// A small file system of its own; `None` where none can be mounted.
    struct Small(tempfile::TempDir);

    impl Small {
        fn mount() -> Option<Self> {
            let dir = tempfile::tempdir().unwrap();
            let mount = ["-t", "tmpfs", "-o", "size=16m,mode=0700", "tacho"];
            let done = std::process::Command::new("mount").args(mount).arg(dir.path()).output();
            if done.is_ok_and(|done| done.status.success()) {
                return Some(Self(dir));
            }
            eprintln!("SKIPPED: mounting a small file system needs root");
            None
        }
    }

    impl Drop for Small {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
        }
    }

    #[test]
    fn on_a_full_disk_events_are_dropped_and_counted_until_there_is_room() {
        let Some(small) = Small::mount() else { return };
        let ballast = small.0.path().join("ballast");
        std::fs::write(&ballast, vec![1; 11 << 20]).unwrap();
        let dir = small.0.path().join("store");
        let options = store::Options { segment_size: 1 << 20, pack: false, ..store::Options::default() };
        let writer = Writer::open(&dir, options).unwrap();
        let (sender, batches) = std::sync::mpsc::channel();
        let (mut total, mut random) = (0_i64, 1_u64);
        for _ in 0..120 {
            let events = (0..500).map(|_| {
                total += 1;
                let mut event = event(Kind::Open, total);
                let name = (0..8).fold(String::new(), |name, _| {
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    format!("{name}/{:x}", random >> 8)
                });
                event.file = Some(event::File { path: name, ..event::File::default() });
                event
            });
            sender.send(Batch { events: events.collect(), ..Batch::default() }).unwrap();
        }
        drop(sender);
        let stats = Arc::new(Stats::default());
        let watched = Arc::clone(&stats);
        run(writer, &batches, &stats, |_| {
            if watched.failed_commits.get() == 5 {
                let _ = std::fs::remove_file(&ballast);
            }
        })
        .unwrap();
        let (committed, refused) = (stats.committed.get(), stats.refused.get());
        assert_eq!(committed + refused, total.cast_unsigned());
        assert!(refused >= 5 * 500, "the disk was never full");
        let store = store::Store::open(&dir).unwrap();
        assert_eq!(store.stats().events, committed);
        let gaps = store.gaps(None, None, &[]);
        let lost: u64 = gaps
            .iter()
            .filter(|gap| gap.reason == GapReason::StoreFailed && gap.class == Class::File)
            .map(|gap| gap.lost.unwrap())
            .sum();
        assert_eq!(lost, refused, "{gaps:?}");
        assert!(store.stats().newest.unwrap() > gaps.iter().map(|gap| gap.to).max().unwrap());
    }

    #[test]
    fn refused_events_become_gaps_of_their_class() {
        let events = vec![event(Kind::Open, 5), event(Kind::Open, 9), event(Kind::Fork, 7)];
        let kept = without_events(Batch { events, ..Batch::default() });
        let kept =
            without_events(merge(kept, Batch { events: vec![event(Kind::Open, 20)], ..Batch::default() }));
        assert!(kept.events.is_empty());
        let file: Vec<_> = kept.gaps.iter().filter(|gap| gap.class == Class::File).collect();
        assert_eq!(file.len(), 1);
        assert_eq!((file[0].from, file[0].to, file[0].lost), (5, 20, Some(3)));
        assert_eq!(kept.gaps.len(), 2);
    }
}
