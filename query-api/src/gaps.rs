//! What is missing from an answer: what was or may have been lost, and, apart from it, what was left out on purpose.

use event::render::Date;
use event::{Class, Gap, Kind, Nanos};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use store::{Filter, LeftOut, Store};

use crate::limits::{MAX_GAPS, MAX_LEFT_OUT};
use crate::params::Asked;

/// What touches what was asked.
#[derive(Debug)]
pub(crate) struct Gaps {
    /// Empty means: nothing is known to be missing.
    gaps: Vec<Gap>,
    /// What nobody wanted recorded.
    left_out: Vec<LeftOut>,
}

/// A gap as the API writes it.
pub(crate) struct GapJson<'a>(pub(crate) &'a Gap);

struct LeftOutJson<'a>(&'a LeftOut);

impl Gaps {
    pub(crate) fn of_events(store: &Store, filter: &Filter) -> Self {
        Self::of(store, filter.since, filter.until, &kinds(filter), &classes(filter))
    }

    /// Of processes: their lives are told by records of class `process`.
    pub(crate) fn of_processes(store: &Store, asked: &Asked) -> Self {
        let Filter { since, until, .. } = asked.filter;
        let (since, until) = match asked.at {
            Some(at) => (Some(at), Some(at.saturating_add(1))),
            None => (since, until),
        };
        let kinds: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.class() == Class::Process).collect();
        Self::of(store, since, until, &kinds, &[Class::Process])
    }

    fn of(
        store: &Store,
        since: Option<Nanos>,
        until: Option<Nanos>,
        kinds: &[Kind],
        classes: &[Class],
    ) -> Self {
        let mut left_out = store.left_out(since, until, kinds);
        left_out.drain(..left_out.len().saturating_sub(MAX_LEFT_OUT));
        Self { gaps: merged(store.gaps(since, until, classes)), left_out }
    }

    pub(crate) const fn complete(&self) -> bool {
        self.gaps.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.gaps.len()
    }

    /// The rules by which something may have been left out.
    pub(crate) fn left_out(&self) -> impl Serialize {
        let spans: Vec<_> = self.left_out.iter().map(LeftOutJson).collect();
        spans
    }
}

impl Serialize for Gaps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.gaps.iter().map(GapJson))
    }
}

impl Serialize for GapJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let gap = self.0;
        let mut object = serializer.serialize_map(Some(5))?;
        object.serialize_entry("from", &Date(gap.from))?;
        object.serialize_entry("to", &Date(gap.to))?;
        object.serialize_entry("class", gap.class.name())?;
        object.serialize_entry("lost", &gap.lost)?;
        object.serialize_entry("reason", gap.reason.name())?;
        object.end()
    }
}

impl Serialize for LeftOutJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LeftOut { from, to, rules } = self.0;
        let mut object = serializer.serialize_map(Some(3))?;
        object.serialize_entry("from", &Date(*from))?;
        object.serialize_entry("to", &Date(*to))?;
        object.serialize_entry("rules", &rules.iter().map(|rule| &rule.text).collect::<Vec<_>>())?;
        object.end()
    }
}

/// The kinds of events that fit a filter.
fn kinds(filter: &Filter) -> Vec<Kind> {
    let all = Kind::ALL.into_iter();
    all.filter(|kind| filter.kinds.is_empty() || filter.kinds.contains(kind))
        .filter(|kind| filter.categories.is_empty() || filter.categories.contains(&kind.category()))
        .collect()
}

/// The classes whose losses may be missing from an answer to this filter. A gap of class `all` always counts.
pub(crate) fn classes(filter: &Filter) -> Vec<Class> {
    const EVERY: [Class; 4] = [Class::Process, Class::File, Class::Network, Class::Kernel];
    let mut classes: Vec<Class> = match (filter.kinds.as_slice(), filter.categories.as_slice()) {
        ([], []) => EVERY.to_vec(),
        _ => kinds(filter).into_iter().map(Kind::class).collect(),
    };
    // A lost fork hides a whole subtree.
    if filter.descendants {
        classes.push(Class::Process);
    }
    // None at all means all of them to the store; of a category without kinds nothing can be lost but its own class.
    if classes.is_empty() {
        classes.push(Class::Network);
    }
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// Keeps a list within its limit: if it is too long, gaps of one class and reason become one from the first to the
/// last, with all that was lost.
fn merged(gaps: Vec<Gap>) -> Vec<Gap> {
    if gaps.len() <= MAX_GAPS {
        return gaps;
    }
    let mut merged: Vec<Gap> = Vec::new();
    for gap in gaps {
        if !merged.iter_mut().any(|known| known.join(&gap)) {
            merged.push(gap);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use event::{Category, Class, Gap, GapReason, Kind};
    use store::Filter;

    use super::{MAX_GAPS, classes, merged};

    #[test]
    fn only_the_classes_asked_for_count() {
        assert_eq!(classes(&Filter::default()).len(), 4);
        let opens = Filter { kinds: vec![Kind::Open], ..Filter::default() };
        assert_eq!(classes(&opens), [Class::File]);
        let kernel = Filter { categories: vec![Category::Kernel], ..Filter::default() };
        // Sockets are filed there as well.
        assert_eq!(classes(&kernel), [Class::Network, Class::Kernel]);
        let network = Filter { categories: vec![Category::Network], ..Filter::default() };
        assert_eq!(classes(&network), [Class::Network]);
        let subtree = Filter { pids: vec![1], descendants: true, ..opens };
        assert_eq!(classes(&subtree), [Class::Process, Class::File]);
    }

    #[test]
    fn too_many_gaps_become_one_of_each_sort() {
        let gap = |from, lost, reason| Gap { from, to: from + 1, class: Class::File, lost, reason };
        let count = i64::try_from(MAX_GAPS).unwrap() + 1;
        let mut gaps: Vec<_> = (0..count).map(|from| gap(from, Some(2), GapReason::RingFull)).collect();
        gaps.push(gap(7, None, GapReason::Overload));
        let merged = merged(gaps);
        assert_eq!(merged.len(), 2);
        assert_eq!(
            (merged[0].from, merged[0].to, merged[0].lost),
            (0, count, Some(2 * count.unsigned_abs()))
        );
        assert_eq!(merged[1].lost, None);
    }
}
