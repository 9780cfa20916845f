//! The store as it should be: everything in memory, every question answered by looking at all.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use event::{Class, Context, Detail, Event, Exit, ImageRef, Kind, ProcessKey};
use store::{Batch, Filter, Order, Query};

#[derive(Clone, Default)]
pub struct Model {
    pub events: Vec<(u64, Event)>,
    pub contexts: BTreeMap<u64, Arc<Context>>,
    pub exits: HashMap<ProcessKey, Exit>,
    pub gaps: usize,
    /// First id that no event had yet; 0 at the beginning.
    pub behind: u64,
}

fn any<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

fn own_paths(event: &Event) -> Vec<String> {
    event.file.iter().chain(event.destination.as_deref()).map(|file| file.path.clone()).collect()
}

impl Model {
    pub fn append(&mut self, batch: &Batch) {
        self.append_at(self.behind.max(1), batch);
    }

    /// Of the events with these ids, only those of lifecycle and credentials are left.
    pub fn thin(&mut self, ids: std::ops::Range<u64>) {
        let before = self.events.len();
        self.events.retain(|(id, event)| !ids.contains(id) || event.kind.class() == Class::Process);
        // One a class that lost something.
        self.gaps += if self.events.len() < before { 3 } else { 0 };
    }

    pub fn append_at(&mut self, next: u64, batch: &Batch) {
        self.events.extend((next..).zip(batch.events.iter().cloned()));
        self.events.sort_by_key(|(id, _)| *id);
        self.behind = self.behind.max(next + batch.events.len() as u64);
        self.contexts.extend(batch.contexts.iter().map(|context| (context.id, Arc::clone(context))));
        self.exits.extend(batch.exits.iter().map(|exit| (exit.process, *exit)));
        self.gaps += batch.gaps.len();
    }

    pub fn exe(&self, context: &Context) -> Option<String> {
        match &context.image {
            ImageRef::Unknown => None,
            ImageRef::Own(image) => Some(image.executable.path.clone()),
            ImageRef::Shared(holder) => self.exe(self.contexts.get(holder)?),
        }
    }

    fn is_root(filter: &Filter, key: &ProcessKey) -> bool {
        filter.pids.contains(&key.pid) || filter.processes.contains(key)
    }

    fn descends(&self, filter: &Filter, key: ProcessKey) -> bool {
        let mut seen = HashSet::new();
        let mut next = Some(key);
        while let Some(key) = next.filter(|key| seen.insert(*key)) {
            if Self::is_root(filter, &key) {
                return true;
            }
            next = self.contexts.values().find(|context| context.process == key).and_then(|c| c.creator);
        }
        false
    }

    pub fn context_fits(&self, filter: &Filter, context: &Context) -> bool {
        let who = if filter.descendants {
            self.descends(filter, context.process)
        } else {
            any(&filter.pids, &context.process.pid) && any(&filter.processes, &context.process)
        };
        let exe = self.exe(context);
        who && any(&filter.ppids, &context.ppid)
            && (filter.parents.is_empty()
                || context.creator.is_some_and(|creator| filter.parents.contains(&creator)))
            && any(&filter.uids, &context.credentials.uid)
            && any(&filter.users, &context.credentials.user)
            && any(&filter.comms, &context.comm)
            && (filter.exes.is_empty()
                || exe.is_some_and(|exe| filter.exes.iter().any(|pattern| pattern.matches(&exe))))
            && (filter.containers.is_empty()
                || context.container.as_ref().is_some_and(|c| filter.containers.contains(&c.id)))
    }

    pub fn fits(&self, filter: &Filter, event: &Event) -> bool {
        let context = &self.contexts[&event.context];
        let mut paths = own_paths(event);
        if matches!(event.kind, Kind::Exec | Kind::Exit) {
            paths.extend(self.exe(context));
        }
        let (mut ips, mut ports) = (vec![], vec![]);
        match &event.detail {
            Detail::Socket(address) => {
                ips.extend(address.ip);
                ports.push(address.port);
                if let Some((ip, port)) = address.local {
                    ips.push(ip);
                    ports.push(port);
                }
            }
            Detail::Dns(dns) => {
                for (ip, port) in [dns.flow.source, dns.flow.destination] {
                    ips.push(ip);
                    ports.push(port);
                }
            }
            _ => {}
        }
        self.context_fits(filter, context)
            && any(&filter.tids, &event.tid)
            && any(&filter.kinds, &event.kind)
            && any(&filter.categories, &event.kind.category())
            && any(&filter.outcomes, &event.outcome())
            && filter.since.is_none_or(|since| event.time >= since)
            && filter.until.is_none_or(|until| event.time < until)
            && (filter.paths.is_empty()
                || filter.paths.iter().any(|pattern| paths.iter().any(|path| pattern.matches(path))))
            && (filter.ips.is_empty() || ips.iter().any(|ip| filter.ips.contains(ip)))
            && (filter.ports.is_empty() || ports.iter().any(|port| filter.ports.contains(port)))
    }

    pub fn events(&self, query: &Query) -> (Vec<(u64, Event)>, Option<u64>) {
        let ids = &query.filter.ids;
        let mut found: Vec<_> = (self.events.iter())
            .filter(|(id, event)| any(ids, id) && self.fits(&query.filter, event))
            .cloned()
            .collect();
        if query.order == Order::Desc {
            found.reverse();
        }
        found.retain(|(id, _)| {
            query.after.is_none_or(|after| match query.order {
                Order::Asc => *id > after,
                Order::Desc => *id < after,
            })
        });
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = if more { found.last().map(|(id, _)| *id) } else { None };
        (found, next)
    }

    pub fn paths(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (_, event) in &self.events {
            let mut paths = own_paths(event);
            if matches!(event.kind, Kind::Exec | Kind::Exit) {
                paths.extend(self.exe(&self.contexts[&event.context]));
            }
            for path in paths.into_iter().filter(|path| !path.is_empty()) {
                *counts.entry(path).or_default() += 1;
            }
        }
        counts
    }

    pub fn processes(&self, filter: &Filter, at: Option<i64>) -> Vec<ProcessKey> {
        let mut contexts: HashMap<ProcessKey, Vec<&Arc<Context>>> = HashMap::new();
        for context in self.contexts.values() {
            contexts.entry(context.process).or_default().push(context);
        }
        let mut keys: Vec<ProcessKey> = contexts
            .iter()
            .filter(|(key, contexts)| {
                let exit = self.exits.get(key).map(|exit| exit.time);
                (0..contexts.len()).any(|place| {
                    let end = contexts.get(place + 1).map(|next| next.since - 1).or(exit);
                    self.context_fits(filter, contexts[place])
                        && at.is_none_or(|at| contexts[place].since <= at && end.is_none_or(|end| end >= at))
                })
            })
            .map(|(key, _)| *key)
            .collect();
        keys.sort();
        keys
    }
}
