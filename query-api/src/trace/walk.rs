//! Walking from cause to cause, or from effect to effect, within bounds of steps, of neighbours and of work.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use event::{Kind, Nanos, ProcessKey};
use store::{Budget, Filter, Found, Order, PathPattern, Process, ProcessQuery, Query, Store};

use super::graph::{Bound, Cut, Graph, Key, Relation, Step};
use super::steps;
use crate::error::ApiError;
use crate::limits::{BATCH, QUESTION_TIME, TRACE_CHILDREN, TRACE_EVENTS, TRACE_EVENTS_OF_NODE};

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From an effect to what led to it.
    #[default]
    Backward,
    /// From a cause to what came of it.
    Forward,
}

impl Direction {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Backward, Self::Forward];

    /// Word of the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        }
    }
}

/// A walk under way.
pub(crate) struct Walk<'a> {
    store: &'a Store,
    direction: Direction,
    /// The span asked for, the last moment included.
    span: (Nanos, Nanos),
    depth: usize,
    fanout: usize,
    began: Instant,
    /// Events looked at.
    events: usize,
    open: VecDeque<(Key, Nanos)>,
    /// Where it began.
    start: Key,
    pub(crate) graph: Graph,
    /// The processes met; `None` for one of which nothing else is recorded.
    pub(crate) processes: BTreeMap<ProcessKey, Option<Process>>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        store: &'a Store,
        direction: Direction,
        filter: &Filter,
        (depth, fanout): (usize, usize),
        start: Key,
    ) -> Self {
        let until = filter.until.map_or(Nanos::MAX, |until| until.saturating_sub(1));
        Self {
            store,
            direction,
            span: (filter.since.unwrap_or(Nanos::MIN), until),
            depth,
            fanout,
            began: Instant::now(),
            events: 0,
            open: VecDeque::new(),
            start,
            graph: Graph::default(),
            processes: BTreeMap::new(),
        }
    }

    /// Walks as far as the bounds allow, the nearest first.
    pub(crate) fn run(&mut self) -> Result<(), ApiError> {
        let start = self.start.clone();
        self.graph.node(&start, 0);
        let from = match self.direction {
            Direction::Backward => self.span.1,
            Direction::Forward => self.span.0,
        };
        self.open.push_back((start, from));
        while let Some((key, moment)) = self.open.pop_front() {
            if self.began.elapsed() >= QUESTION_TIME {
                self.cut_work(&key);
                continue;
            }
            let Some(node) = self.graph.nodes.get_mut(&key) else { continue };
            // Only what was not looked at yet.
            let (lo, hi) = match (self.direction, node.seen) {
                (Direction::Backward, None) => (self.span.0, moment.min(self.span.1)),
                (Direction::Backward, Some(seen)) => (seen.saturating_add(1).max(self.span.0), moment),
                (Direction::Forward, None) => (moment.max(self.span.0), self.span.1),
                (Direction::Forward, Some(seen)) => (moment, seen.saturating_sub(1).min(self.span.1)),
            };
            let (again, depth) = (node.seen.is_some(), node.depth);
            if lo > hi || (again && matches!(key, Key::Endpoint(..)) && depth > 0) {
                continue;
            }
            // An address is a place where the walk ends, unless it began there.
            if matches!(key, Key::Endpoint(..)) && depth > 0 {
                node.seen = Some(moment);
                continue;
            }
            if depth >= self.depth {
                self.graph.cut(Cut { node: key, bound: Bound::Depth, relation: None, left_out: None });
                continue;
            }
            node.seen = Some(moment);
            let steps = match &key {
                Key::Process(process) => self.of_process(*process, (lo, hi), again)?,
                Key::File(path) => self.of_file(path, (lo, hi), depth)?,
                Key::Endpoint(ip, port) => {
                    let filter = Filter {
                        ips: vec![*ip],
                        ports: vec![*port],
                        kinds: steps::OF_CONNECTIONS.to_vec(),
                        ..Filter::default()
                    };
                    self.ask(&key, filter, (lo, hi))?
                }
            };
            self.take(&key, depth, moment, steps);
        }
        Ok(())
    }

    /// Takes steps in, the nearest in time first: so many neighbours of each sort.
    fn take(&mut self, key: &Key, depth: usize, moment: Nanos, mut found: Vec<Step>) {
        found.retain(|step| step.from == *key || step.to == *key);
        let direction = self.direction;
        // What is known without a time is told first.
        found.sort_by_key(|step| match (direction, step.time) {
            (_, None) => Nanos::MIN,
            (Direction::Backward, Some(time)) => time.saturating_neg(),
            (Direction::Forward, Some(time)) => time,
        });
        let mut neighbours: BTreeMap<Relation, Vec<Key>> = BTreeMap::new();
        for step in found {
            let other = if step.from == *key { step.to.clone() } else { step.from.clone() };
            let known = neighbours.entry(step.relation).or_default();
            if !known.contains(&other) {
                known.push(other.clone());
            }
            let place = known.iter().position(|one| *one == other).unwrap_or(0);
            if place >= self.fanout {
                continue;
            }
            if !self.graph.node(&other, depth + 1) {
                let cut = Cut { node: key.clone(), bound: Bound::Nodes, relation: None, left_out: None };
                self.graph.cut(cut);
                continue;
            }
            self.graph.edge(&step);
            if self.leads_on(&step, key) {
                // What two names stand for at once is changed by either, before and after.
                let from = step.time.filter(|_| step.relation != Relation::SameFile);
                self.open.push_back((other, from.unwrap_or(moment)));
            }
        }
        for (relation, known) in neighbours {
            let left_out = known.len().saturating_sub(self.fanout);
            if left_out > 0 {
                self.graph.cut(Cut {
                    node: key.clone(),
                    bound: Bound::Fanout,
                    relation: Some(relation),
                    left_out: Some(left_out),
                });
            }
        }
    }

    /// Whether a step is walked on from `key`: towards causes, or towards effects.
    fn leads_on(&self, step: &Step, key: &Key) -> bool {
        match self.direction {
            // A program is a cause of what its process does, and one of a file's names as good as the other.
            Direction::Backward => match step.relation {
                Relation::Executed | Relation::Connected | Relation::Accepted | Relation::SameFile => true,
                _ => step.to == *key,
            },
            Direction::Forward => match step.relation {
                Relation::Connected | Relation::Accepted | Relation::SameFile => true,
                // A file that is run or read leads to who does that; one that is removed or touched leads nowhere.
                Relation::Executed | Relation::Read => step.to == *key,
                Relation::Removed | Relation::Changed => false,
                _ => step.from == *key,
            },
        }
    }

    /// Steps of a process: its programs, who created it or whom it created, its connections, and what it changed.
    fn of_process(
        &mut self,
        key: ProcessKey,
        span: (Nanos, Nanos),
        again: bool,
    ) -> Result<Vec<Step>, ApiError> {
        let node = Key::Process(key);
        let mine =
            |kinds: &[Kind]| Filter { processes: vec![key], kinds: kinds.to_vec(), ..Filter::default() };
        let mut kinds = vec![Kind::Exec];
        kinds.extend(steps::OF_CONNECTIONS);
        let mut found = self.ask(&node, mine(&kinds), span)?;
        if self.direction == Direction::Forward {
            let changes = Filter { writes: true, ..mine(&steps::OF_FILES) };
            found.extend(self.ask(&node, changes, span)?);
            found.extend(self.children(key, span)?);
        } else if !again {
            found.extend(self.creator(key)?);
        }
        self.add_unseen_programs(key, &mut found)?;
        Ok(found)
    }

    /// Programs that no event shows: those of processes that were met running.
    fn add_unseen_programs(&mut self, key: ProcessKey, found: &mut Vec<Step>) -> Result<(), ApiError> {
        let Some(process) = self.process(key)? else { return Ok(()) };
        for image in &process.images {
            let to = Key::File(image.image.executable.path.clone());
            let known = |step: &Step| step.relation == Relation::Executed && step.to == to;
            if image.image.executable.path.is_empty() || image.context.source == event::Source::Event {
                continue;
            }
            if !found.iter().any(known) {
                let time = (image.exec_time != 0).then_some(image.exec_time);
                let (from, relation) = (Key::Process(key), Relation::Executed);
                found.push(Step { from, relation, how: "program", to, time, event: None });
            }
        }
        Ok(())
    }

    /// Who created a process.
    fn creator(&mut self, key: ProcessKey) -> Result<Option<Step>, ApiError> {
        let Some(process) = self.process(key)? else { return Ok(None) };
        let Some(creator) = process.parent else { return Ok(None) };
        let known = process.contexts.first().is_some_and(|first| first.fork_time != 0);
        let time = known.then_some(process.start);
        let filter = Filter { processes: vec![key], kinds: vec![Kind::Fork], ..Filter::default() };
        let forks = self.find(&Key::Process(key), filter, self.span, 1)?;
        let event = forks.first().map(|fork| fork.id);
        self.process(creator)?;
        let (from, to) = (Key::Process(creator), Key::Process(key));
        Ok(Some(Step { from, relation: Relation::Started, how: "", to, time, event }))
    }

    /// Whom a process created in a span.
    fn children(&mut self, key: ProcessKey, (lo, hi): (Nanos, Nanos)) -> Result<Vec<Step>, ApiError> {
        let filter =
            Filter { parents: vec![key], since: Some(lo), until: hi.checked_add(1), ..Filter::default() };
        let query = ProcessQuery { filter, at: None, limit: TRACE_CHILDREN, after: None };
        let page = self.store.processes(&query).map_err(|error| ApiError::store(&error))?;
        if page.next.is_some() {
            self.cut_work(&Key::Process(key));
        }
        let mut found = Vec::new();
        let inside = |process: &Process| (lo..=hi).contains(&process.start);
        for process in page.processes.into_iter().filter(inside) {
            let (from, to) = (Key::Process(key), Key::Process(process.key));
            let (relation, time) = (Relation::Started, Some(process.start));
            found.push(Step { from, relation, how: "", to, time, event: None });
            self.processes.insert(process.key, Some(process));
        }
        // The evidence, all at once, of as many as can be told.
        let told: Vec<ProcessKey> = found
            .iter()
            .filter_map(|step| if let Key::Process(child) = step.to { Some(child) } else { None })
            .take(self.fanout)
            .collect();
        if !told.is_empty() {
            let limit = told.len();
            let filter = Filter { processes: told, kinds: vec![Kind::Fork], ..Filter::default() };
            for fork in self.find(&Key::Process(key), filter, (lo, hi), limit)? {
                let child = Key::Process(fork.context.process);
                if let Some(step) = found.iter_mut().find(|step| step.to == child) {
                    step.event = Some(fork.id);
                }
            }
        }
        Ok(found)
    }

    /// Steps of a file.
    fn of_file(&mut self, path: &str, span: (Nanos, Nanos), depth: usize) -> Result<Vec<Step>, ApiError> {
        let key = Key::File(path.to_owned());
        // A name with a star in it is more than one to the store; what is about others is let go of afterwards.
        let Ok(pattern) = PathPattern::parse(path) else { return Ok(Vec::new()) };
        let filter = |kinds: &[Kind], writes| Filter {
            paths: vec![pattern.clone()],
            kinds: kinds.to_vec(),
            writes,
            ..Filter::default()
        };
        match self.direction {
            // The file's other names are causes as well: what it was called before, and what was linked.
            Direction::Backward => self.ask(&key, filter(&steps::OF_FILES, true), span),
            // Who ran it; of the one that was asked for, also who read or wrote it.
            Direction::Forward if depth > 0 => {
                self.ask(&key, filter(&[Kind::Exec, Kind::Rename, Kind::Link], false), span)
            }
            Direction::Forward => {
                let mut found = self.ask(&key, filter(&[Kind::Exec], false), span)?;
                found.extend(self.ask(&key, filter(&steps::OF_FILES, false), span)?);
                Ok(found)
            }
        }
    }

    /// The process of a key, remembered.
    fn process(&mut self, key: ProcessKey) -> Result<Option<Process>, ApiError> {
        if let Some(known) = self.processes.get(&key) {
            return Ok(known.clone());
        }
        let process = self.store.process(key).map_err(|error| ApiError::store(&error))?;
        self.processes.insert(key, process.clone());
        Ok(process)
    }

    /// Processes of all nodes, also of those that the walk did not get to.
    pub(crate) fn name_processes(&mut self) -> Result<(), ApiError> {
        let keys: Vec<ProcessKey> = (self.graph.nodes.keys())
            .filter_map(|key| if let Key::Process(key) = key { Some(*key) } else { None })
            .filter(|key| !self.processes.contains_key(key))
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let filter = Filter { processes: keys.clone(), ..Filter::default() };
        let query = ProcessQuery { filter, at: None, limit: keys.len(), after: None };
        let page = self.store.processes(&query).map_err(|error| ApiError::store(&error))?;
        self.processes.extend(page.processes.into_iter().map(|process| (process.key, Some(process))));
        Ok(())
    }

    /// The steps that the events of a filter show.
    fn ask(&mut self, key: &Key, filter: Filter, span: (Nanos, Nanos)) -> Result<Vec<Step>, ApiError> {
        let found = self.find(key, filter, span, TRACE_EVENTS_OF_NODE)?;
        Ok(found.iter().flat_map(steps::of).collect())
    }

    /// Events in a span, the nearest to where the walk comes from first.
    fn find(
        &mut self,
        key: &Key,
        filter: Filter,
        (lo, hi): (Nanos, Nanos),
        limit: usize,
    ) -> Result<Vec<Found>, ApiError> {
        let order = match self.direction {
            Direction::Backward => Order::Desc,
            Direction::Forward => Order::Asc,
        };
        let until = hi.checked_add(1);
        let since = (lo > Nanos::MIN).then_some(lo);
        let mut query = Query { filter: Filter { since, until, ..filter }, order, limit: 0, after: None };
        let mut found = Vec::new();
        loop {
            let left = QUESTION_TIME.saturating_sub(self.began.elapsed());
            let room = limit.saturating_sub(found.len()).min(TRACE_EVENTS.saturating_sub(self.events));
            if left.is_zero() || room == 0 {
                self.cut_work(key);
                return Ok(found);
            }
            query.limit = room.min(BATCH);
            let page = self
                .store
                .events_within(&query, &Budget::of_time(left))
                .map_err(|error| ApiError::store(&error))?;
            self.events += page.events.len();
            found.extend(page.events);
            match page.next {
                None => return Ok(found),
                // One that was looked for alone is no list that could be cut.
                Some(_) if found.len() >= limit => {
                    if limit == TRACE_EVENTS_OF_NODE {
                        self.cut_work(key);
                    }
                    return Ok(found);
                }
                Some(next) => query.after = Some(next),
            }
        }
    }

    fn cut_work(&mut self, key: &Key) {
        self.graph.cut(Cut { node: key.clone(), bound: Bound::Work, relation: None, left_out: None });
    }
}
