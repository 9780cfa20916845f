//! What is missing from an answer.

use event::render::Date;
use event::{Class, Gap, Nanos};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use store::{Filter, Store};

use crate::limits::MAX_GAPS;
use crate::params::Asked;

/// The gaps that touch what was asked. Empty means: nothing is known to be missing.
#[derive(Debug)]
pub(crate) struct Gaps(Vec<Gap>);

/// A gap as the API writes it.
pub(crate) struct GapJson<'a>(pub(crate) &'a Gap);

impl Gaps {
    pub(crate) fn of_events(store: &Store, filter: &Filter) -> Self {
        Self::of(store, filter.since, filter.until, &classes(filter))
    }

    /// Of processes: their lives are told by records of class `process`.
    pub(crate) fn of_processes(store: &Store, asked: &Asked) -> Self {
        let Filter { since, until, .. } = asked.filter;
        let (since, until) = match asked.at {
            Some(at) => (Some(at), Some(at.saturating_add(1))),
            None => (since, until),
        };
        Self::of(store, since, until, &[Class::Process])
    }

    fn of(store: &Store, since: Option<Nanos>, until: Option<Nanos>, classes: &[Class]) -> Self {
        Self(merged(store.gaps(since, until, classes)))
    }

    pub(crate) const fn complete(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}

impl Serialize for Gaps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(GapJson))
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

/// The classes whose losses may be missing from an answer to this filter. A gap of class `all` always counts.
pub(crate) fn classes(filter: &Filter) -> Vec<Class> {
    const EVERY: [Class; 4] = [Class::Process, Class::File, Class::Network, Class::Kernel];
    let mut classes: Vec<Class> = match (filter.kinds.as_slice(), filter.categories.as_slice()) {
        ([], []) => EVERY.to_vec(),
        (kinds, categories) => event::Kind::ALL
            .into_iter()
            .filter(|kind| kinds.is_empty() || kinds.contains(kind))
            .filter(|kind| categories.is_empty() || categories.contains(&kind.category()))
            .map(event::Kind::class)
            .collect(),
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
