//! Whether two forms of a segment answer alike.

use std::ops::ControlFlow;

use crate::limits::{MAX_GAPS, MAX_PATHS};
use crate::{Found, Lineage, OtherProcess, Process, ProcessQuery, Query, QueryError, Store};

/// Events, processes or paths asked for at once.
const PAGE: usize = 4096;

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every answer is the same.
    Same,
    /// The first answer that is not.
    Differs(String),
    /// It was ended early.
    Stopped,
}

/// Asks both for everything: each event with its process and its lineage, processes, gaps, counted paths, totals. `told`
/// hears how many events are compared.
pub fn compare(
    old: &Store,
    new: &Store,
    told: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Outcome, QueryError> {
    let (mut after, mut done) = (None, 0);
    loop {
        let query = Query { limit: PAGE, after, ..Query::default() };
        let (before, now) = (old.events(&query)?, new.events(&query)?);
        for (before, now) in before.events.iter().zip(&now.events) {
            if !same_event(before, now) {
                return Ok(Outcome::Differs(format!("event {} is another one", before.id)));
            }
        }
        if before.events.len() != now.events.len() || before.next != now.next {
            return Ok(Outcome::Differs(format!("the events after {} are not as many", after.unwrap_or(0))));
        }
        done += before.events.len() as u64;
        if told(done).is_break() {
            return Ok(Outcome::Stopped);
        }
        after = before.next;
        if after.is_none() {
            break;
        }
    }
    if let Some(difference) = rest(old, new)? {
        return Ok(Outcome::Differs(difference));
    }
    Ok(Outcome::Same)
}

/// What there is beside the events.
fn rest(old: &Store, new: &Store) -> Result<Option<String>, QueryError> {
    let mut after = None;
    loop {
        let query = ProcessQuery { limit: PAGE, after, ..ProcessQuery::default() };
        let (before, now) = (old.processes(&query)?, new.processes(&query)?);
        let alike =
            before.processes.iter().zip(&now.processes).all(|(before, now)| same_process(before, now));
        if !alike || before.processes.len() != now.processes.len() || before.next != now.next {
            return Ok(Some("its processes are not the same".to_owned()));
        }
        after = before.next;
        if after.is_none() {
            break;
        }
    }
    let mut after: Option<String> = None;
    loop {
        let (before, now) = (old.paths("", PAGE, after.as_deref())?, new.paths("", PAGE, after.as_deref())?);
        if before != now {
            return Ok(Some("its counted paths are not the same".to_owned()));
        }
        match before.into_iter().nth(PAGE.min(MAX_PATHS) - 1) {
            Some((last, _)) => after = Some(last),
            None => break,
        }
    }
    let gaps = |store: &Store| {
        let mut gaps = store.gaps(None, None, &[]);
        gaps.truncate(MAX_GAPS);
        gaps
    };
    if gaps(old) != gaps(new) {
        return Ok(Some("its gaps are not the same".to_owned()));
    }
    let (before, now) = (old.stats(), new.stats());
    if (before.events, before.oldest, before.newest) != (now.events, now.oldest, now.newest)
        || before.by_kind != now.by_kind
    {
        return Ok(Some("its totals are not the same".to_owned()));
    }
    Ok(None)
}

fn same_event(before: &Found, now: &Found) -> bool {
    let others = match (&before.other, &now.other) {
        (None, None) => true,
        (Some(before), Some(now)) => same_other(before, now),
        _ => false,
    };
    before.id == now.id
        && before.event == now.event
        && before.context == now.context
        && same_lineage(&before.lineage, &now.lineage)
        && others
}

fn same_other(before: &OtherProcess, now: &OtherProcess) -> bool {
    before.context == now.context && same_lineage(&before.lineage, &now.lineage)
}

fn same_lineage(before: &Lineage, now: &Lineage) -> bool {
    let (old, new) = (before.ancestors(), now.ancestors());
    before.image() == now.image()
        && before.truncated() == now.truncated()
        && old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| old.context == new.context && old.image == new.image)
}

fn same_process(before: &Process, now: &Process) -> bool {
    let image = |process: &Process, place: usize| {
        process.images.get(place).map(|image| (image.exec_time, image.context.clone(), image.image.clone()))
    };
    before.key == now.key
        && before.ppid == now.ppid
        && before.parent == now.parent
        && before.start == now.start
        && before.contexts == now.contexts
        && before.exit == now.exit
        && before.source == now.source
        && before.images.len() == now.images.len()
        && (0..before.images.len()).all(|place| image(before, place) == image(now, place))
}
