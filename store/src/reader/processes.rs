//! Answering a question for processes.
//!
//! Processes are told in the order of their starts, which is not that of the segments that know them. So the answer is
//! made window by window: the next so many processes in order that can fit by what the indexes say, then those of them
//! that do fit by their states. A page ends with a window at the latest when its budget is spent.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use event::{BootId, Context, Exit, Nanos, ProcessKey};

use super::candidates::{Candidates, Span};
use super::contexts::{Contexts, each_exit};
use super::lineage::Resolver;
use super::lives::lives;
use super::provenance::Files;
use super::segment::Segment;
use super::shared::Shared;
use crate::index::lives::Overlap;
use crate::limits::{MAX_PROCESSES, PROCESS_WINDOW};
use crate::segment::file::FileError;
use crate::{Budget, Process, ProcessImage, ProcessPage, ProcessQuery, QueryError, SegmentState};

/// What is known of each process: its contexts, images and end.
type Parts = HashMap<ProcessKey, (BTreeMap<u64, Arc<Context>>, Vec<ProcessImage>, Option<Exit>)>;

/// Processes that are few enough to be looked up one by one.
const FEW: usize = 1_000;

/// Boots in the order of their first segments, then start, then pid.
type Place = (usize, BootId, u64, u32);

struct Boots(Vec<BootId>);

impl Boots {
    fn place(&self, key: &ProcessKey) -> Place {
        let at = self.0.iter().position(|boot| *boot == key.boot).unwrap_or(self.0.len());
        (at, key.boot, key.start, key.pid)
    }
}

/// One that can fit.
struct Candidate {
    key: ProcessKey,
    fits: bool,
    /// Segments, by their places, whose contexts of it must be asked, with these.
    doubts: Vec<(usize, Vec<u64>)>,
}

/// Answers a question.
pub fn processes(shared: &Shared, query: &ProcessQuery, budget: &Budget) -> Result<ProcessPage, QueryError> {
    let filter = &query.filter;
    if filter.descendants && filter.pids.is_empty() && filter.processes.is_empty() {
        return Err(QueryError::DescendantsOfNothing);
    }
    if query.limit > MAX_PROCESSES {
        return Err(QueryError::TooMuch {
            what: "the number of processes of one answer",
            limit: MAX_PROCESSES,
        });
    }
    if query.limit == 0 {
        return Ok(ProcessPage::default());
    }
    let segments: Vec<Arc<Segment>> = shared
        .segments()
        .into_iter()
        .filter(|segment| segment.head.is_some() && segment.form() != SegmentState::Damaged)
        .collect();
    let mut boots = Boots(Vec::new());
    for head in segments.iter().filter_map(|segment| segment.head.as_ref()) {
        if !boots.0.contains(&head.boot) {
            boots.0.push(head.boot);
        }
    }
    let search = Search { shared, segments: &segments, boots: &boots, query, span: Span::of(query) };
    let (mut keys, mut after, mut window) = (Vec::new(), query.after, query.limit + 1);
    let next = loop {
        let found = search.window(after, window);
        let last =
            found.last_key_value().map(|(_, candidate)| candidate.key).filter(|_| found.len() == window);
        keys.extend(search.fitting(found));
        if keys.len() > query.limit {
            keys.truncate(query.limit);
            break keys.last().copied();
        }
        budget.step();
        match last {
            Some(last) if budget.spent() => break Some(last),
            Some(last) => after = Some(last),
            None => break None,
        }
        window = (window * 4).clamp(PROCESS_WINDOW / 16, PROCESS_WINDOW);
    };
    Ok(ProcessPage { processes: assemble(shared, &segments, &keys), next })
}

struct Search<'a> {
    shared: &'a Shared,
    segments: &'a [Arc<Segment>],
    boots: &'a Boots,
    query: &'a ProcessQuery,
    span: Span,
}

impl Search<'_> {
    /// The first `count` processes after one that can fit, by all segments.
    fn window(&self, after: Option<ProcessKey>, count: usize) -> BTreeMap<Place, Candidate> {
        let after = after.map(|after| self.boots.place(&after));
        let mut found: BTreeMap<Place, Candidate> = BTreeMap::new();
        for (at, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(at + 1);
            if !self.span.touches(segment, next.map(|next| &**next)) {
                continue;
            }
            if self.look(at, segment, after, count, &mut found).is_err() {
                self.shared.damaged(segment, 0, None);
            }
        }
        found
    }

    fn look(
        &self,
        at: usize,
        segment: &Segment,
        after: Option<Place>,
        count: usize,
        found: &mut BTreeMap<Place, Candidate>,
    ) -> Result<(), FileError> {
        let view = self.shared.view(segment)?;
        let Some(candidates) = Candidates::new(self.shared, segment, &view, self.query)? else {
            return Ok(());
        };
        let lives = lives(self.shared, segment, &view)?;
        for life in lives.iter() {
            let place = self.boots.place(&life.process);
            if after.is_some_and(|after| place <= after) {
                continue;
            }
            let full = found.len() >= count;
            if full && found.last_key_value().is_some_and(|(last, _)| place > *last) {
                // Those of one boot are in order; those of another may be before.
                continue;
            }
            let contexts = lives.contexts(life);
            let fits = candidates.may_fit(life, contexts, &self.span);
            if fits == Overlap::No {
                continue;
            }
            let candidate = match found.entry(place) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    entry.insert(Candidate { key: life.process, fits: false, doubts: Vec::new() })
                }
            };
            match fits {
                Overlap::Yes => (candidate.fits, candidate.doubts) = (true, Vec::new()),
                _ if candidate.fits => {}
                _ => candidate.doubts.push((at, contexts.to_vec())),
            }
            if found.len() > count {
                found.pop_last();
            }
        }
        Ok(())
    }

    /// Those that fit, in order.
    fn fitting(&self, mut found: BTreeMap<Place, Candidate>) -> Vec<ProcessKey> {
        for (at, segment) in self.segments.iter().enumerate() {
            let asked = |candidate: &Candidate| {
                !candidate.fits && candidate.doubts.iter().any(|(segment, _)| *segment == at)
            };
            if !found.values().any(asked) {
                continue;
            }
            if self.settle(at, segment, &mut found).is_err() {
                self.shared.damaged(segment, 0, None);
            }
        }
        found.into_values().filter(|candidate| candidate.fits).map(|candidate| candidate.key).collect()
    }

    /// Asks a segment's contexts about those that it knows.
    fn settle(
        &self,
        at: usize,
        segment: &Segment,
        found: &mut BTreeMap<Place, Candidate>,
    ) -> Result<(), FileError> {
        let view = self.shared.view(segment)?;
        let contexts = Contexts::new(self.shared, segment, &view)?;
        let mut ends: HashMap<ProcessKey, Option<Nanos>> = HashMap::new();
        if self.span.is_bounded() {
            let doubted = found.values().filter(|candidate| !candidate.fits);
            ends.extend(doubted.map(|candidate| (candidate.key, None)));
            each_exit(&view, |exit| {
                if let Some(end) = ends.get_mut(&exit.process) {
                    *end = Some(exit.time);
                }
            })?;
        }
        for candidate in found.values_mut().filter(|candidate| !candidate.fits) {
            let Some((_, ids)) = candidate.doubts.iter().find(|(segment, _)| *segment == at) else {
                continue;
            };
            let end = ends.get(&candidate.key).copied().flatten();
            candidate.fits = super::candidates::fits(&contexts, ids, end, &self.query.filter, &self.span);
        }
        Ok(())
    }
}

/// Puts processes together from all segments that know them.
fn assemble(shared: &Shared, segments: &[Arc<Segment>], keys: &[ProcessKey]) -> Vec<Process> {
    let wanted: HashSet<ProcessKey> = keys.iter().copied().collect();
    let mut parts = Parts::new();
    let boots: HashSet<BootId> = keys.iter().map(|key| key.boot).collect();
    for segment in segments {
        if segment.head.as_ref().is_some_and(|head| !boots.contains(&head.boot)) {
            continue;
        }
        if gather(shared, segment, &wanted, &mut parts).is_err() {
            shared.damaged(segment, 0, None);
        }
    }
    let heads = || segments.iter().filter_map(|segment| segment.head.as_ref());
    let over = |boot: BootId| heads().skip_while(|head| head.boot != boot).find(|head| head.boot != boot);
    keys.iter()
        .filter_map(|key| {
            let (contexts, mut images, exit) = parts.remove(key)?;
            let first = contexts.values().next()?.clone();
            images.sort_by_key(|image| image.context.id);
            images.dedup_by_key(|image| image.context.id);
            Some(Process {
                key: *key,
                ppid: first.ppid,
                parent: first.creator,
                start: if first.fork_time == 0 { first.since } else { first.fork_time },
                source: first.source,
                contexts: contexts.into_values().collect(),
                images,
                exit,
                boot_over: over(key.boot).map(|head| head.created),
            })
        })
        .collect()
}

fn gather(
    shared: &Shared,
    segment: &Segment,
    wanted: &HashSet<ProcessKey>,
    parts: &mut Parts,
) -> Result<(), FileError> {
    let view = shared.view(segment)?;
    // A few are looked up in the filter first; of many some are there.
    if wanted.len() <= FEW && !wanted.iter().any(|key| super::index::may_have_pid(&view, segment, key.pid)) {
        return Ok(());
    }
    let lives = lives(shared, segment, &view)?;
    let (mut ids, mut ended): (Vec<(u64, ProcessKey)>, bool) = (Vec::new(), false);
    for life in wanted.iter().filter_map(|key| lives.of(key)) {
        ids.extend(lives.contexts(life).iter().map(|id| (*id, life.process)));
        ended |= life.ended();
    }
    ids.sort_unstable();
    let contexts = Contexts::new(shared, segment, &view)?;
    let files = Files::new(shared, segment, &view)?;
    let mut resolver = Resolver::new(&contexts, &files);
    for (id, key) in ids {
        let part = parts.entry(key).or_default();
        if part.0.contains_key(&id) {
            continue;
        }
        let Some(context) = contexts.get(id) else { continue };
        // An image begins where it is held, or where the process was first met running it.
        let begins =
            matches!(context.image, event::ImageRef::Own(_)) || part.1.is_empty() && part.0.is_empty();
        if begins && let Some(image) = resolver.image(&context) {
            part.1.push(ProcessImage { exec_time: context.exec_time, context: Arc::clone(&context), image });
        }
        part.0.insert(id, context);
    }
    if !ended {
        return Ok(());
    }
    each_exit(&view, |exit| {
        if wanted.contains(&exit.process) {
            parts.entry(exit.process).or_default().2 = Some(exit);
        }
    })
}
