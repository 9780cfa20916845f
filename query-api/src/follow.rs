//! `follow=true`: the other names that a file had before and after, by renames and hard links.

use event::{Detail, Event, EventId, Kind, Nanos, Outcome};
use serde_json::{Value, json};
use store::{Budget, Filter, Found, Order, PathPattern, Query, Store};

use crate::error::{ApiError, Code};
use crate::limits::{BATCH, MAX_FOLLOWED, MAX_FOLLOWED_EVENTS, QUESTION_TIME};
use crate::params::Asked;

/// Flag of renameat2(2): both files are there, and each gets the name of the other.
const RENAME_EXCHANGE: u32 = 2;

/// A name, and when it was the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    path: String,
    from: Nanos,
    /// Last moment.
    to: Nanos,
    /// The event that showed it; `None` for a name that was asked for.
    by: Option<EventId>,
}

/// The names of what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    names: Vec<Name>,
    /// Whether no bound was met.
    whole: bool,
}

/// Looks for them.
struct Search<'a> {
    store: &'a Store,
    budget: Budget,
    /// The span asked for, last moment included.
    span: (Nanos, Nanos),
    events: usize,
    found: Names,
}

impl Names {
    /// The names of the paths of a question.
    pub(crate) fn of(store: &Store, asked: &Asked) -> Result<Self, ApiError> {
        let exact = |pattern: &PathPattern| pattern.exact().map(str::to_owned);
        let paths: Option<Vec<String>> = asked.filter.paths.iter().map(exact).collect();
        let Some(paths) = paths.filter(|paths| !paths.is_empty()) else {
            let message = "`follow` needs `path`, exact ones only: names are followed from there";
            return Err(ApiError::of(Code::BadCombination, "follow", message));
        };
        let Filter { since, until, .. } = asked.filter;
        let span = (since.unwrap_or(Nanos::MIN), until.map_or(Nanos::MAX, |until| until.saturating_sub(1)));
        let name = |path| Name { path, from: span.0, to: span.1, by: None };
        let found = Self { names: paths.into_iter().map(name).collect(), whole: true };
        let mut search = Search { store, budget: Budget::of_time(QUESTION_TIME), span, events: 0, found };
        let mut next = 0;
        while let Some(name) = search.found.names.get(next).cloned() {
            search.spread(&name)?;
            next += 1;
        }
        Ok(search.found)
    }

    /// All of them, to be asked for.
    pub(crate) fn patterns(&self) -> Vec<PathPattern> {
        let mut patterns: Vec<PathPattern> = Vec::new();
        for name in &self.names {
            if let Ok(pattern) = PathPattern::parse(&name.path)
                && !patterns.contains(&pattern)
            {
                patterns.push(pattern);
            }
        }
        patterns
    }

    /// Whether an event is about the file by a name that it had then.
    pub(crate) fn has(&self, found: &Found) -> bool {
        let event = &found.event;
        let image = matches!(event.kind, Kind::Exec | Kind::Exit)
            .then(|| found.lineage.image().map(|image| image.executable.path.as_str()))
            .flatten();
        let files = event.file.iter().chain(event.destination.as_deref()).map(|file| file.path.as_str());
        files.chain(image).any(|path| {
            let had = |name: &Name| name.path == path && (name.from..=name.to).contains(&event.time);
            self.names.iter().any(had)
        })
    }

    /// For the answer: the names that were found besides those asked for.
    pub(crate) fn told(&self) -> Value {
        use event::render::Date;
        let end = |time: Nanos| (time != Nanos::MIN && time != Nanos::MAX).then(|| Date(time).to_string());
        let name = |name: &Name| json!({ "path": name.path, "from": end(name.from), "to": end(name.to), "event": name.by });
        let names: Vec<Value> = self.names.iter().filter(|name| name.by.is_some()).map(name).collect();
        json!({ "names": names, "whole": self.whole })
    }

    /// Whether all names were found.
    pub(crate) const fn whole(&self) -> bool {
        self.whole
    }
}

fn is(file: Option<&event::File>, path: &str) -> bool {
    file.is_some_and(|file| file.path == path)
}

impl Search<'_> {
    /// Adds the names that a name leads to.
    fn spread(&mut self, name: &Name) -> Result<(), ApiError> {
        let kinds = [Kind::Rename, Kind::Link];
        for found in self.events(&name.path, &kinds, (name.from, name.to), Order::Asc, None)? {
            let Event { time, kind, ref file, ref destination, .. } = found.event;
            let (Some(file), Some(destination)) = (file, destination.as_deref()) else { continue };
            if file.path.is_empty() || destination.path.is_empty() {
                continue;
            }
            let exchanged =
                matches!(found.event.detail, Detail::Rename { flags } if flags & RENAME_EXCHANGE != 0);
            let swapped = exchanged.then_some((destination, file));
            for (file, destination) in [(file, destination)].into_iter().chain(swapped) {
                if file.path == name.path {
                    let to = self.end(&destination.path, time)?;
                    self.add(Name { path: destination.path.clone(), from: time, to, by: Some(found.id) });
                }
                if destination.path == name.path {
                    let from = self.beginning(&file.path, time)?;
                    let to = if kind == Kind::Link { self.end(&file.path, time)? } else { time };
                    self.add(Name { path: file.path.clone(), from, to, by: Some(found.id) });
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, name: Name) {
        let known = |other: &Name| other.path == name.path && other.from <= name.from && other.to >= name.to;
        if self.found.names.iter().any(known) {
            return;
        }
        if self.found.names.len() < MAX_FOLLOWED {
            self.found.names.push(name);
        } else {
            self.found.whole = false;
        }
    }

    /// Since when a name was this file's: it was given to it, or taken from another one before.
    fn beginning(&mut self, path: &str, time: Nanos) -> Result<Nanos, ApiError> {
        let kinds = [Kind::Rename, Kind::Link, Kind::Unlink];
        let span = (self.span.0, time.saturating_sub(1));
        let found = self.events(path, &kinds, span, Order::Desc, Some(1))?;
        Ok(found.first().map_or(self.span.0, |found| {
            let event = &found.event;
            let given = is(event.destination.as_deref(), path);
            // A link leaves the file that it is made of where it is.
            match event.kind {
                Kind::Link if !given => self.span.0,
                _ if given => event.time,
                _ => event.time.saturating_add(1),
            }
        }))
    }

    /// Until when: it was taken from it, or given to another one.
    fn end(&mut self, path: &str, time: Nanos) -> Result<Nanos, ApiError> {
        let kinds = [Kind::Rename, Kind::Unlink];
        let span = (time.saturating_add(1), self.span.1);
        let found = self.events(path, &kinds, span, Order::Asc, Some(1))?;
        Ok(found.first().map_or(self.span.1, |found| {
            let taken = is(found.event.file.as_ref(), path);
            if taken { found.event.time } else { found.event.time.saturating_sub(1) }
        }))
    }

    /// Events of some kinds that name a path and succeeded; as many as `limit`, if there is one.
    fn events(
        &mut self,
        path: &str,
        kinds: &[Kind],
        (from, to): (Nanos, Nanos),
        order: Order,
        limit: Option<usize>,
    ) -> Result<Vec<Found>, ApiError> {
        let Ok(pattern) = PathPattern::parse(path) else { return Ok(Vec::new()) };
        let filter = Filter {
            paths: vec![pattern],
            kinds: kinds.to_vec(),
            outcomes: vec![Outcome::Success],
            since: (from != Nanos::MIN).then_some(from),
            until: to.checked_add(1),
            ..Filter::default()
        };
        let mut query = Query { filter, order, limit: limit.unwrap_or(BATCH), after: None };
        let mut all = Vec::new();
        loop {
            let page =
                self.store.events_within(&query, &self.budget).map_err(|error| ApiError::store(&error))?;
            self.events += page.events.len();
            let named = |found: &Found| {
                is(found.event.file.as_ref(), path) || is(found.event.destination.as_deref(), path)
            };
            all.extend(page.events.into_iter().filter(named));
            match page.next {
                Some(_) if limit.is_some_and(|limit| all.len() >= limit) => return Ok(all),
                Some(_) if self.events >= MAX_FOLLOWED_EVENTS || self.budget.is_spent() => {
                    self.found.whole = false;
                    return Ok(all);
                }
                Some(next) => query.after = Some(next),
                None => return Ok(all),
            }
        }
    }
}
