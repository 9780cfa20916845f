//! The processes of a segment in order of their start: what answers who there was, when and of whom, without a look at
//! contexts. Times are coarse, in steps of [`STEP`]; where a question's end lies in the same step, the contexts are asked.

use std::ops::Range;

use event::{BootId, Exit, Nanos, ProcessKey};

use super::boots::{Boots, Short};
use crate::bytes::{Damaged, Input, pack, put, room, unpack, unzigzag, zigzag};
use crate::context::Summary;
use crate::limits::MAX_SECTION;

/// Bits of a nanosecond that times leave out: about a millisecond.
const STEP: u32 = 20;
/// Marks before a creator: none is known; it follows; else it is in the list.
const NOBODY: u64 = 0;
const ELSEWHERE: u64 = 1;
const LISTED: u64 = 2;

/// A process of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    pub process: ProcessKey,
    /// Who created it, if known.
    pub creator: Option<ProcessKey>,
    /// When its first state that the segment has began, in steps.
    since: i64,
    /// When it ended, in steps, or a later state began; `None` if no end is known.
    end: Option<i64>,
    /// Its contexts, as places in the list of all.
    contexts: Range<usize>,
}

/// Whether a life and a span have a moment in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    No,
    /// The contexts must be asked.
    Perhaps,
    Yes,
}

impl Life {
    /// With a span whose both ends are within it.
    pub fn overlap(&self, since: Option<Nanos>, to: Option<Nanos>) -> Overlap {
        let begins = to.map_or(std::cmp::Ordering::Less, |to| self.since.cmp(&(to >> STEP)));
        let ends = match (self.end, since) {
            (Some(end), Some(since)) => (since >> STEP).cmp(&end),
            _ => std::cmp::Ordering::Less,
        };
        match begins.max(ends) {
            std::cmp::Ordering::Less => Overlap::Yes,
            std::cmp::Ordering::Equal => Overlap::Perhaps,
            std::cmp::Ordering::Greater => Overlap::No,
        }
    }

    /// Whether an end of it is known here.
    pub const fn ended(&self) -> bool {
        self.end.is_some()
    }
}

/// The processes of a segment, by boot, start and pid.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lives {
    list: Vec<Life>,
    contexts: Vec<u64>,
}

/// A state of a process.
#[derive(Debug)]
struct State {
    process: Short,
    context: u64,
    /// When the process began to live, as far as this state tells.
    began: Nanos,
    since: Nanos,
    /// Start and pid, of the same boot.
    creator: Option<(u64, u32)>,
}

/// Collects contexts and exits.
#[derive(Debug, Default)]
pub struct Builder {
    boots: Boots,
    states: Vec<State>,
    exits: Vec<(Short, Nanos)>,
}

impl Builder {
    /// The contexts of a chunk.
    pub fn add(&mut self, summary: &Summary) {
        room(&mut self.states, summary.ids.len());
        for row in 0..summary.ids.len() {
            let since = summary.since[row];
            self.states.push(State {
                process: self.boots.short(summary.process(row)),
                context: summary.ids[row],
                began: summary.began(row).unwrap_or(since),
                since,
                creator: summary.creator(row).map(|creator| (creator.start, creator.pid)),
            });
        }
    }

    /// The end of a process; of several, the last counts.
    pub fn exit(&mut self, exit: &Exit) {
        let process = self.boots.short(exit.process);
        room(&mut self.exits, 1);
        self.exits.push((process, exit.time));
    }

    /// All of them; of one whose contexts the segment does not have, its end.
    pub fn lives(mut self) -> Lives {
        let (ranks, boots) = self.boots.ranks();
        let place = |process: &Short| (ranks[process.boot as usize], process.start, process.pid);
        // Those of one process stay in the order in which they came.
        self.states.sort_by_key(|state| place(&state.process));
        self.exits.sort_by_key(|(process, _)| place(process));
        let states = self.states.chunk_by(|a, b| a.process == b.process);
        let exits = self.exits.chunk_by(|a, b| a.0 == b.0);
        let (mut states, mut exits) = (states.peekable(), exits.peekable());
        let mut lives = Lives::default();
        loop {
            let first = states.peek().map(|states| states[0].process).into_iter();
            let first = first.chain(exits.peek().map(|exits| exits[0].0)).min_by_key(place);
            let Some(process) = first else { return lives };
            let exits = exits.next_if(|exits| exits[0].0 == process);
            let exit = exits.and_then(|exits| exits.last()).map(|(_, time)| *time);
            lives.add(
                process,
                &boots[ranks[process.boot as usize] as usize],
                states.next_if(|states| states[0].process == process).unwrap_or_default(),
                exit,
            );
        }
    }
}

fn order(process: &ProcessKey) -> (BootId, u64, u32) {
    (process.boot, process.start, process.pid)
}

/// How far a coarse time is from where a start of the same number would be: the same for most, by the clock's offset.
const fn offset(time: i64, start: u64) -> i64 {
    time.wrapping_sub((start >> STEP).cast_signed())
}

impl Lives {
    /// A process with its states, or if there are none its end.
    fn add(&mut self, process: Short, boot: &BootId, states: &[State], exit: Option<Nanos>) {
        let first = states.iter().map(|state| state.began).min().or(exit);
        let last = states.iter().map(|state| state.since).max().or(exit);
        let (Some(first), Some(last)) = (first, last) else { return };
        let mut contexts: Vec<u64> = states.iter().map(|state| state.context).collect();
        contexts.sort_unstable();
        contexts.dedup();
        let from = self.contexts.len();
        room(&mut self.contexts, contexts.len());
        self.contexts.append(&mut contexts);
        let process = ProcessKey { boot: *boot, start: process.start, pid: process.pid };
        let creator = states.iter().find_map(|state| state.creator);
        room(&mut self.list, 1);
        self.list.push(Life {
            process,
            creator: creator.map(|(start, pid)| ProcessKey { start, pid, ..process }),
            since: first >> STEP,
            end: exit.map(|exit| exit.max(last) >> STEP),
            contexts: from..self.contexts.len(),
        });
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Life> {
        self.list.iter()
    }

    /// The contexts of one, ascending.
    pub fn contexts(&self, life: &Life) -> &[u64] {
        self.contexts.get(life.contexts.clone()).unwrap_or_default()
    }

    /// A process's life.
    pub fn of(&self, process: &ProcessKey) -> Option<&Life> {
        self.place(process).map(|place| &self.list[place])
    }

    fn place(&self, process: &ProcessKey) -> Option<usize> {
        self.list.binary_search_by_key(&order(process), |life| order(&life.process)).ok()
    }

    /// Bytes in memory, about.
    pub const fn size(&self) -> usize {
        self.list.len() * size_of::<Life>() + self.contexts.len() * 8
    }

    /// As stored.
    pub fn pack(&self, level: i32) -> Vec<u8> {
        let mut boots: Vec<BootId> = self.list.iter().map(|life| life.process.boot).collect();
        boots.dedup();
        let mut out = Vec::new();
        put(&mut out, boots.len() as u64);
        for boot in &boots {
            out.extend_from_slice(&boot.to_be_bytes());
            put(&mut out, self.list.iter().filter(|life| life.process.boot == *boot).count() as u64);
        }
        let (mut last, mut context, mut lag) = ((0, 0, 0), 0_u64, 0);
        for (place, life) in self.list.iter().enumerate() {
            let ProcessKey { boot, start, pid } = life.process;
            let (before, pid_before) = if last.0 == boot { (last.1, last.2) } else { (0, 0) };
            put(&mut out, start.wrapping_sub(before));
            put(&mut out, zigzag(i64::from(pid) - i64::from(pid_before)));
            last = (boot, start, pid);
            let now = offset(life.since, start);
            put(&mut out, zigzag(now.wrapping_sub(lag)));
            lag = now;
            put(
                &mut out,
                life.end.map_or(0, |end| end.wrapping_sub(life.since).cast_unsigned().saturating_add(1)),
            );
            match life.creator {
                None => put(&mut out, NOBODY),
                Some(creator) => match self.place(&creator).and_then(|at| back(place, at)) {
                    Some(step) => put(&mut out, LISTED + step),
                    None => {
                        put(&mut out, ELSEWHERE);
                        put(&mut out, creator.start);
                        put(&mut out, u64::from(creator.pid));
                    }
                },
            }
            let contexts = self.contexts(life);
            put(&mut out, contexts.len() as u64);
            for id in contexts {
                put(&mut out, zigzag(id.wrapping_sub(context).cast_signed()));
                context = *id;
            }
        }
        pack(&out, level)
    }

    /// From what is stored.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        let bytes = unpack(value, MAX_SECTION)?;
        let mut input = Input(&bytes);
        let boots = (0..input.count()?)
            .map(|_| Ok((BootId::from_be_bytes(input.array()?), input.count()?)))
            .collect::<Result<Vec<_>, Damaged>>()?;
        let mut lives = Self::default();
        let (mut context, mut lag) = (0_u64, 0_i64);
        for (boot, count) in boots {
            let (mut start, mut pid) = (0_u64, 0_i64);
            for _ in 0..count {
                start = start.wrapping_add(input.number()?);
                pid = pid.wrapping_add(input.signed()?);
                let pid = u32::try_from(pid).map_err(|_| Damaged("a pid is out of range"))?;
                lag = lag.wrapping_add(input.signed()?);
                let since = (start >> STEP).cast_signed().wrapping_add(lag);
                let end =
                    input.number()?.checked_sub(1).map(|length| since.wrapping_add(length.cast_signed()));
                let creator = match input.number()? {
                    NOBODY => None,
                    ELSEWHERE => Some(ProcessKey { boot, start: input.number()?, pid: input.small()? }),
                    step => Some(
                        back_from(lives.list.len(), step - LISTED)
                            .and_then(|at| lives.list.get(at))
                            .ok_or(Damaged("a creator is not in the list"))?
                            .process,
                    ),
                };
                let from = lives.contexts.len();
                for _ in 0..input.count()? {
                    context = context.wrapping_add_signed(unzigzag(input.number()?));
                    lives.contexts.push(context);
                }
                let contexts = from..lives.contexts.len();
                lives.list.push(Life {
                    process: ProcessKey { boot, start, pid },
                    creator,
                    since,
                    end,
                    contexts,
                });
            }
        }
        if lives.list.windows(2).all(|pair| order(&pair[0].process) < order(&pair[1].process)) {
            Ok(lives)
        } else {
            Err(Damaged("processes are not in order"))
        }
    }
}

/// How far before a place another one is; `None` if it is not.
fn back(place: usize, other: usize) -> Option<u64> {
    place.checked_sub(other)?.checked_sub(1).map(|step| step as u64)
}

fn back_from(place: usize, step: u64) -> Option<usize> {
    place.checked_sub(usize::try_from(step).ok()?)?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use event::{Exit, ProcessKey};

    use super::{Builder, Lives, Overlap, STEP};
    use crate::context::Summary;

    const STEP_NANOS: i64 = 1 << STEP;

    fn key(boot: u128, start: u64, pid: u32) -> ProcessKey {
        ProcessKey { boot, start, pid }
    }

    /// A chunk of one context.
    fn context(id: u64, process: ProcessKey, since: i64, creator: Option<(u64, u32)>) -> Summary {
        Summary {
            ids: vec![id],
            boots: vec![process.boot],
            boot: vec![0],
            starts: vec![process.start],
            pids: vec![process.pid],
            creators: vec![creator],
            since: vec![since],
            ..Summary::default()
        }
    }

    fn some() -> Lives {
        let mut builder = Builder::default();
        for chunk in [
            context(9, key(7, 50 << STEP, 30), 60 * STEP_NANOS, Some((10 << STEP, 3))),
            context(2, key(7, 10 << STEP, 3), 20 * STEP_NANOS, None),
            context(12, key(7, 50 << STEP, 30), 70 * STEP_NANOS, Some((10 << STEP, 3))),
            // Its creator is in no list.
            context(4, key(7, 40 << STEP, 4), 50 * STEP_NANOS, Some((1, 1))),
            context(5, key(2, u64::MAX, u32::MAX), i64::MIN, None),
            context(6, key(8, 1, 1), i64::MAX, Some((1, 1))),
        ] {
            builder.add(&chunk);
        }
        for (process, time) in [
            (key(7, 50 << STEP, 30), 80 * STEP_NANOS),
            // Before its beginning: the clock was set back.
            (key(7, 40 << STEP, 4), 30 * STEP_NANOS),
            (key(7, 3, 77), 8 * STEP_NANOS),
        ] {
            builder.exit(&Exit { process, time, status: None });
        }
        builder.lives()
    }

    #[test]
    fn what_is_packed_is_unpacked_and_nothing_that_is_cut_makes_it_panic() {
        let lives = some();
        let value = lives.pack(3);
        assert_eq!(Lives::unpack(&value).unwrap(), lives);
        let bytes = crate::bytes::unpack(&value, 1 << 20).unwrap();
        for cut in 0..bytes.len() {
            assert_ne!(Lives::unpack(&crate::bytes::pack(&bytes[..cut], 1)).ok(), Some(some()));
            let mut hurt = bytes.clone();
            hurt[cut] ^= 0xff;
            let _ = Lives::unpack(&crate::bytes::pack(&hurt, 1));
        }
    }

    #[test]
    fn a_life_has_its_contexts_its_creator_and_its_time() {
        let lives = some();
        let order: Vec<_> = lives.iter().map(|life| life.process.pid).collect();
        assert_eq!(order, [u32::MAX, 77, 3, 4, 30, 1]);
        let life = lives.of(&key(7, 50 << STEP, 30)).unwrap();
        assert_eq!((lives.contexts(life), life.creator), (&[9, 12][..], Some(key(7, 10 << STEP, 3))));
        let overlap = |since: Option<i64>, to: Option<i64>| {
            life.overlap(since.map(|steps| steps * STEP_NANOS + 5), to.map(|steps| steps * STEP_NANOS + 5))
        };
        assert_eq!(overlap(None, None), Overlap::Yes);
        assert_eq!(overlap(Some(61), Some(62)), Overlap::Yes);
        assert_eq!(overlap(None, Some(59)), Overlap::No);
        assert_eq!(overlap(Some(81), None), Overlap::No);
        assert_eq!(overlap(None, Some(60)), Overlap::Perhaps);
        assert_eq!(overlap(Some(80), Some(90)), Overlap::Perhaps);
        // Of one whose end is not known, and of one without contexts.
        assert_eq!(lives.of(&key(7, 10 << STEP, 3)).unwrap().overlap(Some(i64::MAX), None), Overlap::Yes);
        let nobody = lives.of(&key(7, 3, 77)).unwrap();
        assert!(lives.contexts(nobody).is_empty() && nobody.ended());
    }
}
