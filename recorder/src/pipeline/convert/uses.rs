//! First uses of syscalls, put together: one event for each process about once a second, and before its exec and exit.

use std::collections::{BTreeSet, HashMap};

use event::{ContextId, Detail, Event, Kind};

use super::event;
use crate::{
    limits,
    process::{Identity, Output},
};

/// Uses that wait to be told, by process id.
#[derive(Debug, Default)]
pub(super) struct Uses {
    waiting: HashMap<u32, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// Of the first use.
    id: Identity,
    context: ContextId,
    numbers: BTreeSet<u32>,
}

impl Uses {
    /// Takes a use in. What waits of an earlier state of the process is told first.
    pub(super) fn add(&mut self, id: Identity, context: ContextId, number: u32, out: &mut Output) {
        if self.waiting.get(&id.tgid).is_some_and(|waiting| waiting.context != context) {
            self.tell(id.tgid, out);
        }
        if self.waiting.len() >= limits::PENDING_USES && !self.waiting.contains_key(&id.tgid) {
            self.flush(out);
        }
        let waiting =
            self.waiting.entry(id.tgid).or_insert_with(|| Waiting { id, context, numbers: BTreeSet::new() });
        waiting.numbers.insert(number);
    }

    /// Tells what waits of a process.
    pub(super) fn tell(&mut self, tgid: u32, out: &mut Output) {
        out.events.extend(self.waiting.remove(&tgid).map(told));
    }

    /// Tells all, oldest first.
    pub(super) fn flush(&mut self, out: &mut Output) {
        let from = out.events.len();
        out.events.extend(self.waiting.drain().map(|(_, waiting)| told(waiting)));
        out.events[from..].sort_by_key(|event| event.time);
    }
}

fn told(waiting: Waiting) -> Event {
    let numbers = waiting.numbers.into_iter().collect();
    Event { detail: Detail::Syscalls { numbers }, ..event(waiting.id, Kind::Syscalls, waiting.context) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(tgid: u32) -> Identity {
        Identity { tgid, tid: tgid, start: 1, ppid: 1, time: i64::from(tgid) }
    }

    fn numbers(event: &Event) -> &[u32] {
        match &event.detail {
            Detail::Syscalls { numbers } => numbers,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn uses_of_a_process_become_one_event_until_it_changes() {
        let (mut uses, mut out) = (Uses::default(), Output::default());
        for number in [5, 3, 5] {
            uses.add(id(7), 1, number, &mut out);
        }
        assert!(out.events.is_empty());
        uses.add(id(7), 2, 9, &mut out);
        uses.tell(7, &mut out);
        uses.tell(7, &mut out);
        let told: Vec<_> = out.events.iter().map(|event| (event.context, numbers(event).to_vec())).collect();
        assert_eq!(told, [(1, vec![3, 5]), (2, vec![9])]);
    }

    #[test]
    fn at_the_limit_all_are_told_at_once() {
        let (mut uses, mut out) = (Uses::default(), Output::default());
        let limit = u32::try_from(limits::PENDING_USES).unwrap();
        for tgid in 0..=limit {
            uses.add(id(tgid), 1, 1, &mut out);
        }
        assert_eq!(out.events.len(), limits::PENDING_USES);
        assert!(out.events.is_sorted_by_key(|event| event.time));
        assert_eq!(uses.waiting.len(), 1);
    }
}
