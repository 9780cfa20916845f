//! Looking through several blocks, pages of a block, or segments at once, where one after the other takes long.
//!
//! A question about what is rare reads a little of many blocks, or of many pages. Its answer is still put together in the
//! order asked for: they are looked through in batches, each no larger than what is likely to be needed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism, scope};
use std::time::{Duration, Instant};

use crate::Budget;
use crate::limits::SCAN_THREADS;

/// A block that takes less is not worth another thread, which costs some 0.05 ms to begin and to end.
const WORTH: Duration = Duration::from_micros(100);
/// Likewise all pages of a block together that are likely to be needed yet.
const PAGES_WORTH: Duration = Duration::from_micros(300);
/// So many are looked through alone: most questions end with them, and what blocks have differs.
const ALONE: usize = 4;
/// Fewer, where so many more are likely to be needed.
const ALONE_OF_MANY: usize = 2;
const MANY: usize = 16;
/// Blocks of a batch for each thread, at most. They are begun in order, and none once there is enough.
const EACH: usize = 16;
/// Segments that are looked through together, at most.
const SEGMENTS: usize = 8;
/// Of blocks with so many pages to look through, pages are looked through at once, not blocks.
const PAGES: usize = 4;

/// Threads that one question may use: the machine is there for others.
fn usual() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| {
        let cores = available_parallelism().map_or(1, usize::from);
        (cores / 2).clamp(cores.min(2), SCAN_THREADS)
    })
}

/// How much a question looks through at once.
#[derive(Debug)]
pub struct Ahead {
    threads: usize,
    /// Whether that was asked for, so that it is not up to how long blocks take.
    always: bool,
    begun: Instant,
    /// Segments, blocks and pages that were looked through.
    segments: usize,
    blocks: usize,
    pages: usize,
    /// Events that fit, of each block, as indexes tell it; 0 if they do not.
    likely: usize,
}

impl Ahead {
    /// For a question that begins now.
    pub fn new(budget: &Budget) -> Self {
        Self {
            threads: budget.threads().unwrap_or_else(usual).max(1),
            always: budget.threads().is_some(),
            begun: Instant::now(),
            segments: 0,
            blocks: 0,
            pages: 0,
            likely: 0,
        }
    }

    /// The most threads.
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// So many events that are likely to fit are in so many blocks of the segments that come next, if that is known. Before
    /// any block was looked through, gives how many segments more are likely to be needed for what is missing.
    pub fn expect(&mut self, likely: Option<(u64, usize)>, missing: usize, budget: &Budget) -> usize {
        let each = likely.and_then(|(events, blocks)| events.checked_div(blocks as u64));
        self.likely = each.map_or(0, |each| usize::try_from(each).unwrap_or(usize::MAX).max(1));
        match likely {
            Some((_, blocks)) if self.blocks == 0 && !self.always => {
                let segments = self.needed(0, missing).div_ceil(blocks.max(1)).min(SEGMENTS);
                segments.min(budget.blocks_left()).saturating_sub(1)
            }
            _ => 0,
        }
    }

    /// So many segments were looked through.
    pub const fn segments_done(&mut self, segments: usize) {
        self.segments += segments;
    }

    /// So many blocks were looked through, and so many pages of them.
    pub const fn done(&mut self, blocks: usize, pages: usize) {
        self.blocks += blocks;
        self.pages += pages;
    }

    /// Blocks that are likely to be needed yet, if it is worth while to look through some of them at once; else one. It is
    /// guessed from what those before had.
    fn needed(&self, found: usize, wanted: usize) -> usize {
        if self.threads == 1 {
            return 1;
        }
        if self.blocks == 0 {
            // Not before blocks are known to take long, unless very many are needed.
            return missing(found, wanted)
                .checked_div(self.likely)
                .filter(|needed| *needed >= MANY)
                .unwrap_or(1);
        }
        let (needed, each) = guess((self.blocks, self.begun.elapsed()), (found, wanted));
        let alone = if needed < MANY { ALONE } else { ALONE_OF_MANY };
        let worth = self.blocks >= alone && self.pages / self.blocks < PAGES && each >= WORTH;
        if worth { needed.max(1) } else { 1 }
    }

    /// Blocks of the next batch, at least one.
    pub fn batch(&self, found: usize, wanted: usize, budget: &Budget) -> usize {
        let most = budget.blocks_left().min(EACH * self.threads);
        let needed = if self.always { most } else { self.needed(found, wanted) };
        needed.min(most).max(1)
    }

    /// Segments to look through together, at least one: a batch does not end with each.
    pub fn segments(&self, found: usize, wanted: usize, budget: &Budget) -> usize {
        let needed = if self.always {
            self.threads
        } else {
            match self.blocks.checked_div(self.segments) {
                None => 1,
                Some(of_segment) => self.needed(found, wanted).div_ceil(of_segment.max(1)),
            }
        };
        needed.min(budget.blocks_left()).clamp(1, SEGMENTS)
    }
}

/// Events that are missing yet; at least one, which tells that there are more.
fn missing(found: usize, wanted: usize) -> usize {
    wanted.saturating_sub(found).max(1)
}

/// How many blocks or pages are likely to be needed yet, and what each takes, by what those before had and took.
fn guess((done, took): (usize, Duration), (found, wanted): (usize, usize)) -> (usize, Duration) {
    let needed = missing(found, wanted).saturating_mul(done).checked_div(found).unwrap_or(usize::MAX);
    let each = u32::try_from(done).ok().and_then(|done| took.checked_div(done)).unwrap_or_default();
    (needed, each)
}

/// How many of the pages of a block that are left are looked through at once, one if that is not worth while; `done` of them
/// took so long and had so many of the events that were wanted.
pub fn pages(left: usize, done: (usize, Duration), found: (usize, usize)) -> usize {
    let (needed, each) = guess(done, found);
    let needed = needed.clamp(1, left.max(1));
    if each.saturating_mul(u32::try_from(needed).unwrap_or(u32::MAX)) < PAGES_WORTH { 1 } else { needed }
}

/// Does some work for each of some jobs, with as many threads as there are workers; the results are in the order of the
/// jobs. Where no thread can be begun, it is done without.
pub fn at_once<J: Sync, W: Send, R: Send>(
    jobs: &[J],
    workers: &mut [W],
    work: impl Fn(&J, &mut W) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = |worker: &mut W| {
        let mut results = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(place) else { return results };
            results.push((place, work(job, worker)));
        }
    };
    let Some((own, others)) = workers.split_first_mut() else { return Vec::new() };
    let mut results = scope(|scope| {
        let others: Vec<_> = (others.iter_mut().take(jobs.len().saturating_sub(1)))
            .filter_map(|worker| {
                Builder::new().name("store-scan".to_owned()).spawn_scoped(scope, || run(worker)).ok()
            })
            .collect();
        let mut results = run(own);
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Ahead, at_once, pages};
    use crate::Budget;

    #[test]
    fn results_are_in_the_order_of_the_jobs_and_each_is_done_once() {
        let jobs: Vec<u64> = (0..100).collect();
        for count in 1..5 {
            let mut workers = vec![0_u64; count];
            let results = at_once(&jobs, &mut workers, |job, done| {
                *done += 1;
                job * job
            });
            assert_eq!(results, jobs.iter().map(|job| job * job).collect::<Vec<_>>());
            assert_eq!(workers.iter().sum::<u64>(), 100);
        }
    }

    #[test]
    fn a_batch_is_no_larger_than_the_budget_and_than_what_is_likely_to_be_needed() {
        let budget = Budget::of_blocks(5).with_threads(4);
        let ahead = Ahead::new(&budget);
        assert_eq!(ahead.batch(0, 100, &budget), 5);
        budget.step();
        assert_eq!(ahead.batch(0, 100, &budget), 4);
        assert_eq!(Ahead::new(&Budget::unlimited().with_threads(3)).batch(0, 1, &Budget::unlimited()), 48);
        // The first block, and blocks that take no time, are looked through alone.
        let mut quick = Ahead { threads: 4, always: false, ..Ahead::new(&budget) };
        assert_eq!(quick.batch(0, 100, &Budget::unlimited()), 1);
        quick.done(usize::try_from(u32::MAX).unwrap(), 0);
        assert_eq!(quick.batch(0, 100, &Budget::unlimited()), 1);
        let long_ago = std::time::Instant::now().checked_sub(std::time::Duration::from_secs(1)).unwrap();
        let slow = Ahead { begun: long_ago, blocks: 10, segments: 3, ..quick };
        assert_eq!(slow.batch(0, 100, &Budget::unlimited()), 64);
        assert_eq!(slow.batch(50, 100, &Budget::unlimited()), 10);
        assert_eq!(slow.batch(80, 100, &Budget::unlimited()), 2);
        assert_eq!(slow.batch(99, 100, &Budget::unlimited()), 1);
        // Indexes can tell that very many will be needed.
        let mut new = Ahead { blocks: 0, ..slow };
        for (likely, needed, segments) in [
            (None, 1, 0),
            (Some((60, 20)), 33, 1),
            (Some((6, 2)), 33, 7),
            (Some((600, 20)), 1, 0),
            (Some((9, 0)), 1, 0),
        ] {
            assert_eq!(new.expect(likely, 100, &Budget::unlimited()), segments);
            assert_eq!(new.batch(0, 100, &Budget::unlimited()), needed);
        }
        // Where blocks have many pages, these are looked through at once.
        let deep = Ahead { pages: 40, blocks: 10, ..new };
        assert_eq!(deep.batch(0, 100, &Budget::unlimited()), 1);
        // As many segments as have the blocks that are needed: three had ten.
        for (ahead, found, segments) in
            [(&slow, 0, 8), (&slow, 50, 4), (&slow, 99, 1), (&deep, 50, 1), (&new, 50, 1)]
        {
            assert_eq!(ahead.segments(found, 100, &Budget::unlimited()), segments);
        }
    }

    #[test]
    fn pages_are_looked_through_at_once_if_enough_are_needed_and_they_take_long() {
        let (quick, slow) = (Duration::from_micros(5), Duration::from_micros(100));
        assert_eq!(pages(63, (1, slow), (0, 100)), 63);
        assert_eq!(pages(63, (2, 2 * slow), (20, 100)), 8);
        assert_eq!(pages(63, (1, slow), (99, 100)), 1);
        assert_eq!(pages(63, (1, quick), (10, 100)), 1);
        assert_eq!(pages(63, (1, quick), (1, 100)), 63);
        assert_eq!((pages(0, (1, slow), (0, 1)), pages(2, (0, slow), (0, 1))), (1, 1));
    }
}
