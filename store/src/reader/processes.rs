//! Answering a question for processes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use event::{BootId, Context, Exit, Nanos, ProcessKey};

use super::contexts::{Contexts, exits};
use super::lineage::Resolver;
use super::provenance::Files;
use super::segment::Segment;
use super::select::{self, asks_for_contexts};
use super::shared::Shared;
use crate::limits::MAX_PROCESSES;
use crate::segment::file::FileError;
use crate::{Process, ProcessImage, ProcessPage, ProcessQuery, QueryError, SegmentState};

/// What is known of each process: its contexts, images and end.
type Parts = HashMap<ProcessKey, (BTreeMap<u64, Arc<Context>>, Vec<ProcessImage>, Option<Exit>)>;

/// Boots in the order of their first segments, then start, then pid.
type Place = (usize, BootId, u64, u32);

struct Boots(Vec<BootId>);

impl Boots {
    fn place(&self, key: &ProcessKey) -> Place {
        let at = self.0.iter().position(|boot| *boot == key.boot).unwrap_or(self.0.len());
        (at, key.boot, key.start, key.pid)
    }
}

/// Answers a question.
pub fn processes(shared: &Shared, query: &ProcessQuery) -> Result<ProcessPage, QueryError> {
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
    let span = Span::of(query);
    let mut found: BTreeMap<Place, ProcessKey> = BTreeMap::new();
    for (at, segment) in segments.iter().enumerate() {
        let next = segments.get(at + 1);
        if !span.touches(segment, next.map(|next| &**next)) {
            continue;
        }
        let result = candidates(shared, segment, query, &span).map(|keys| {
            for key in keys {
                let place = boots.place(&key);
                if query.after.is_some_and(|after| place <= boots.place(&after)) {
                    continue;
                }
                found.insert(place, key);
                if found.len() > query.limit + 1 {
                    found.pop_last();
                }
            }
        });
        if result.is_err() {
            shared.damaged(segment, 0, None);
        }
    }
    let mut keys: Vec<ProcessKey> = found.into_values().collect();
    let more = keys.len() > query.limit;
    keys.truncate(query.limit);
    let next = if more { keys.last().copied() } else { None };
    Ok(ProcessPage { processes: assemble(shared, &segments, &keys), next })
}

/// The span in which a process must have been alive, both ends included.
struct Span {
    since: Option<Nanos>,
    /// Last moment.
    to: Option<Nanos>,
}

impl Span {
    fn of(query: &ProcessQuery) -> Self {
        let before = query.filter.until.map(|until| until.saturating_sub(1));
        Self {
            since: query.filter.since.into_iter().chain(query.at).max(),
            to: before.into_iter().chain(query.at).min(),
        }
    }

    /// Whether a segment is about the span: it begins at its first event, and ends where the next one begins. (Each
    /// begins with all processes that are alive, so that others need not be asked.)
    fn touches(&self, segment: &Segment, next: Option<&Segment>) -> bool {
        let Some(head) = &segment.head else { return false };
        let totals = segment.totals();
        let first = totals.span.map_or(head.created, |(first, _)| first.min(head.created));
        let next_boot_or_begin = next.and_then(|next| next.head.as_ref()).map(|next| {
            // Nobody of an earlier boot lives on.
            if next.boot == head.boot { next.created } else { totals.latest.unwrap_or(head.created) }
        });
        // What lived before the first segment was seen by its snapshot, with its true start.
        let first = if head.number == 1 { Nanos::MIN } else { first };
        self.to.is_none_or(|to| first <= to)
            && self.since.is_none_or(|since| {
                next_boot_or_begin.is_none_or(|next| since < next)
                    || totals.latest.is_some_and(|latest| since <= latest)
            })
    }

    fn has(&self, start: Nanos, exit: Option<Nanos>) -> bool {
        self.to.is_none_or(|to| start <= to)
            && self.since.is_none_or(|since| exit.is_none_or(|exit| exit >= since))
    }
}

fn candidates(
    shared: &Shared,
    segment: &Segment,
    query: &ProcessQuery,
    span: &Span,
) -> Result<HashSet<ProcessKey>, FileError> {
    let view = shared.view(segment)?;
    let contexts = Contexts::new(shared, segment, &view)?;
    let selected =
        if asks_for_contexts(&query.filter) { Some(select::select(&contexts, &query.filter)?) } else { None };
    let ends: HashMap<ProcessKey, Nanos> =
        exits(&view)?.into_iter().map(|exit| (exit.process, exit.time)).collect();
    let mut states: HashMap<ProcessKey, Vec<(u64, Nanos, bool)>> = HashMap::new();
    contexts.each(|_, summary| {
        for row in 0..summary.ids.len() {
            let fits = selected.as_ref().is_none_or(|selected| selected.contains(&summary.ids[row]));
            states.entry(summary.process(row)).or_default().push((
                summary.ids[row],
                summary.since[row],
                fits,
            ));
        }
    })?;
    let booted = booted(&contexts, states.iter());
    Ok(states
        .into_iter()
        .filter_map(|(key, mut states)| {
            states.sort_unstable();
            if let Some(first) = states.first_mut() {
                first.1 = alive_since(&contexts, &key, (first.0, first.1), booted, span);
            }
            let end = ends.get(&key).copied();
            (0..states.len())
                .any(|place| {
                    // A state lasts until the next one begins, the last one until the process ends.
                    let (_, since, fits) = states[place];
                    let end = states.get(place + 1).map(|(_, next, _)| next.saturating_sub(1)).or(end);
                    fits && span.has(since, end)
                })
                .then_some(key)
        })
        .collect())
}

/// When the host booted, by what is known of the first process that was met: its start as a time, and since the boot.
fn booted<'a>(
    contexts: &Contexts<'_>,
    states: impl Iterator<Item = (&'a ProcessKey, &'a Vec<(u64, Nanos, bool)>)>,
) -> Option<Nanos> {
    let first = states.flat_map(|(_, states)| states).map(|(id, _, _)| *id).min()?;
    let context = contexts.get(first)?;
    let start = Nanos::try_from(context.process.start).ok()?;
    (context.fork_time != 0).then(|| context.fork_time.saturating_sub(start))
}

/// Since when a process lives whose first state is given. A snapshot's states begin when it was taken, its processes
/// did before. Only states that begin behind the span are looked at closer, and of these only those of processes that
/// must be older by their start.
fn alive_since(
    contexts: &Contexts<'_>,
    key: &ProcessKey,
    (id, since): (u64, Nanos),
    booted: Option<Nanos>,
    span: &Span,
) -> Nanos {
    let (Some(to), Some(booted), Ok(start)) = (span.to, booted, Nanos::try_from(key.start)) else {
        return since;
    };
    if since <= to || booted.saturating_add(start) > to {
        return since;
    }
    contexts
        .get(id)
        .map(|context| context.fork_time)
        .filter(|time| *time != 0)
        .map_or(since, |time| time.min(since))
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
    let contexts = Contexts::new(shared, segment, &view)?;
    let mut ids: Vec<(u64, ProcessKey)> = Vec::new();
    contexts.each(|_, summary| {
        for row in 0..summary.ids.len() {
            let key = summary.process(row);
            if wanted.contains(&key) {
                ids.push((summary.ids[row], key));
            }
        }
    })?;
    let mut resolver = Resolver::new(&contexts, Files::new(shared, segment, &view)?);
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
    for exit in exits(&view)? {
        if wanted.contains(&exit.process) {
            parts.entry(exit.process).or_default().2 = Some(exit);
        }
    }
    Ok(())
}
