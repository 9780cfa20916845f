//! Counting events by time. Header rows are enough for blocks that lie in one bucket; else only the columns that are
//! needed are unpacked.

use event::{Kind, Nanos};

use super::blocks::Blocks;
use super::chosen::Fits;
use super::ground::Ground;
use super::grouping::Grouping;
use super::scan::{check, reaches};
use super::segment::Segment;
use super::select::{self, Wanted};
use super::shared::Shared;
use crate::block::{Core, Zone};
use crate::limits::{MAX_BUCKETS, MAX_TOP};
use crate::segment::file::FileError;
use crate::{Budget, By, Filter, Order, Query, QueryError, Timeline, TimelineQuery};

/// Answers a question.
pub fn timeline(shared: &Shared, asked: &TimelineQuery, budget: &Budget) -> Result<Timeline, QueryError> {
    check(&asked.filter)?;
    if asked.buckets > MAX_BUCKETS {
        return Err(QueryError::TooMuch { what: "the number of buckets", limit: MAX_BUCKETS });
    }
    if asked.top > MAX_TOP {
        return Err(QueryError::TooMuch { what: "the number of values told apart", limit: MAX_TOP });
    }
    let filter = Filter { since: Some(asked.since), until: Some(asked.until), ..asked.filter.clone() };
    let query = Query { filter, order: Order::Asc, limit: 0, after: None };
    // Of an open list, who has most must be known before they can be told apart.
    let mut grouping = Grouping::all(asked.by);
    let mut other_values = 0;
    let mut whole = true;
    if !asked.by.is_closed() {
        let mut totals = Counter::new(&query.filter, edges(asked.since, asked.until, 1), grouping);
        whole &= totals.count(shared, &query, budget);
        let sums = totals.counts.pop().unwrap_or_default();
        (grouping, other_values) = totals.grouping.best(&sums, asked.top);
    }
    let mut counter = Counter::new(&query.filter, edges(asked.since, asked.until, asked.buckets), grouping);
    whole &= counter.count(shared, &query, budget);
    let values = counter.grouping.into_values();
    let mut rest = Vec::with_capacity(asked.buckets);
    for counts in &mut counter.counts {
        counts.resize(values.len() + 1, 0);
        rest.push(counts.pop().unwrap_or(0));
    }
    Ok(Timeline { edges: counter.edges, values, counts: counter.counts, rest, other_values, whole })
}

/// Where buckets begin, and where the last one ends.
fn edges(since: Nanos, until: Nanos, buckets: usize) -> Vec<Nanos> {
    let (from, length) = (i128::from(since), i128::from(until) - i128::from(since));
    let count = i128::try_from(buckets.max(1)).unwrap_or(1);
    let edge = |number: i128| Nanos::try_from(from + length.max(0) * number / count).unwrap_or(until);
    (0..=count).map(edge).take(buckets + 1).collect()
}

struct Counter<'a> {
    filter: &'a Filter,
    /// Nothing but kinds and times is asked for, so that header rows can be enough.
    plain: bool,
    edges: Vec<Nanos>,
    grouping: Grouping,
    /// By bucket, then by group; shorter than there are groups if the last ones have nothing.
    counts: Vec<Vec<u64>>,
}

impl<'a> Counter<'a> {
    fn new(filter: &'a Filter, edges: Vec<Nanos>, grouping: Grouping) -> Self {
        let plain = filter.ids.is_empty()
            && filter.tids.is_empty()
            && filter.paths.is_empty()
            && filter.outcomes.is_empty()
            && !select::asks_for_details(filter)
            && !select::asks_for_contexts(filter);
        let counts = vec![Vec::new(); edges.len().saturating_sub(1)];
        Self { filter, plain, edges, grouping, counts }
    }

    /// Counts all of it, or says that the budget was not enough.
    fn count(&mut self, shared: &Shared, query: &Query, budget: &Budget) -> bool {
        if self.counts.is_empty() {
            return true;
        }
        for segment in shared.segments().iter().filter(|segment| reaches(segment, query)) {
            if budget.spent() {
                return false;
            }
            match self.segment(shared, segment, budget) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    tracing::debug!(file = %segment.path.display(), %error, "a segment cannot be read");
                    shared.damaged(segment, 0, None);
                }
            }
            budget.step();
        }
        true
    }

    fn segment(&mut self, shared: &Shared, segment: &Segment, budget: &Budget) -> Result<bool, FileError> {
        let kinds = select::kinds(self.filter);
        let totals = segment.totals();
        if let (Some((from, to)), true) = (totals.span, self.by_header())
            && let Some(bucket) = self.bucket_of_all(from, to)
        {
            self.add_kinds(bucket, totals.kinds.iter().copied(), &kinds);
            return Ok(true);
        }
        let view = shared.view(segment)?;
        let Some(ground) = Ground::of(shared, segment, &view, self.filter, &kinds)? else { return Ok(true) };
        let blocks = Blocks::new(shared, segment, &view)?;
        let mut whole = true;
        ground.blocks(
            Order::Asc,
            &kinds,
            |_, _| false,
            |zone, fits| {
                let bucket = self.bucket_of_all(zone.min_time, zone.max_time);
                if let (Some(bucket), true) = (bucket, self.by_header()) {
                    self.add_kinds(
                        bucket,
                        zone.kinds.iter().map(|(kind, count)| (*kind, u64::from(*count))),
                        &kinds,
                    );
                    return Ok(true);
                }
                if budget.spent() {
                    whole = false;
                    return Ok(false);
                }
                if self.block(&blocks, &ground, &zone, &fits, bucket, &kinds).is_err() {
                    shared.damaged(segment, zone.first, Some(&zone));
                }
                budget.step();
                Ok(true)
            },
        )?;
        Ok(whole)
    }

    /// Whether numbers of events by kind are all that is needed.
    fn by_header(&self) -> bool {
        self.plain && matches!(self.grouping.by(), By::Category | By::Name)
    }

    /// The bucket that both moments and all between are in.
    fn bucket_of_all(&self, from: Nanos, to: Nanos) -> Option<usize> {
        let bucket = self.bucket(from)?;
        (to < self.edges[bucket + 1]).then_some(bucket)
    }

    fn bucket(&self, time: Nanos) -> Option<usize> {
        let bucket = self.edges.partition_point(|edge| *edge <= time).checked_sub(1)?;
        (bucket < self.counts.len()).then_some(bucket)
    }

    fn add_kinds(
        &mut self,
        bucket: usize,
        numbers: impl Iterator<Item = (u8, u64)>,
        kinds: &impl Fn(Kind) -> bool,
    ) {
        for (kind, count) in numbers {
            if let Ok(kind) = Kind::try_from(kind)
                && kinds(kind)
            {
                add(&mut self.counts[bucket], self.grouping.of_kind(kind), count);
            }
        }
    }

    /// Counts a block by its columns.
    fn block(
        &mut self,
        blocks: &Blocks<'_>,
        ground: &Ground<'_>,
        zone: &Zone,
        fits: &Fits,
        bucket: Option<usize>,
        kinds: &impl Fn(Kind) -> bool,
    ) -> Result<(), FileError> {
        let tables = blocks.tables(zone)?;
        let Some(wanted) =
            Wanted::of(&tables, self.filter, fits, kinds, |group| blocks.group(zone, &tables, group))?
        else {
            return Ok(());
        };
        let shapes = tables.shapes()?;
        let groups: Vec<usize> = if self.grouping.by().is_closed() {
            shapes.iter().map(|shape| self.grouping.of_shape(shape.kind, Core::outcome(shape))).collect()
        } else {
            let contexts = &ground.chosen.contexts;
            zone.contexts.iter().map(|id| self.grouping.of_context(contexts, *id)).collect()
        };
        // Of rows that the filter did not look at, kinds are still to be judged. Once a block: it has far more shapes than a
        // page has use for.
        let allowed: Vec<bool> = shapes.iter().map(|shape| !self.plain || kinds(shape.kind)).collect();
        for page in (0..tables.page_count()).filter(|page| wanted.has_page(*page)) {
            let core = blocks.page(zone, &tables, page)?;
            let mut rows: Option<Vec<usize>> = None;
            if !self.plain {
                let mut some = wanted.rows(&core, self.filter, fits)?;
                if !some.is_empty() && select::asks_for_details(self.filter) {
                    let rest = blocks.rest(zone, &tables)?;
                    some.retain(|row| select::detail_fits(&rest, &core, *row, self.filter));
                }
                rows = Some(some);
            }
            if rows.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let times = if bucket.is_some() { &[][..] } else { core.times()? };
            let column = core.shape_column()?;
            // Most pages lie in one bucket, also those of blocks that do not.
            let bucket = bucket.or_else(|| {
                let (from, to) = (times.iter().min()?, times.iter().max()?);
                self.bucket_of_all(*from, *to)
            });
            if let (Some(bucket), None, true) = (bucket, &rows, self.grouping.by().is_closed()) {
                self.add_shapes(bucket, column, &allowed, &groups);
            } else if self.grouping.by().is_closed() {
                let group = |row: usize| {
                    let shape = column[row] as usize;
                    allowed[shape].then(|| groups[shape])
                };
                self.rows(core.len(), rows, times, bucket, group);
            } else {
                let whos = core.whos()?;
                let group = |row: usize| allowed[column[row] as usize].then(|| groups[whos[row] as usize]);
                self.rows(core.len(), rows, times, bucket, group);
            }
        }
        Ok(())
    }

    /// Adds all rows of a page to a bucket, by what is in their column of shapes: counted first, judged once a shape.
    fn add_shapes(&mut self, bucket: usize, column: &[u32], allowed: &[bool], groups: &[usize]) {
        let mut numbers = vec![0; groups.len()];
        for shape in column {
            if let Some(number) = numbers.get_mut(*shape as usize) {
                *number += 1;
            }
        }
        for ((number, group), _) in
            numbers.into_iter().zip(groups).zip(allowed).filter(|(_, allowed)| **allowed)
        {
            if number > 0 {
                add(&mut self.counts[bucket], *group, number);
            }
        }
    }

    /// Adds rows to their buckets: all of them to `bucket`, if there is one.
    fn rows(
        &mut self,
        count: usize,
        rows: Option<Vec<usize>>,
        times: &[Nanos],
        bucket: Option<usize>,
        group: impl Fn(usize) -> Option<usize>,
    ) {
        // Events that follow each other are mostly in one bucket.
        let mut near = bucket.unwrap_or(0);
        let mut add_row = |row: usize| {
            let Some(group) = group(row) else { return };
            if bucket.is_none() {
                let time = times[row];
                if !(self.edges[near]..self.edges[near + 1]).contains(&time) {
                    let Some(found) = self.bucket(time) else { return };
                    near = found;
                }
            }
            add(&mut self.counts[near], group, 1);
        };
        match rows {
            Some(rows) => rows.into_iter().for_each(&mut add_row),
            None => (0..count).for_each(&mut add_row),
        }
    }
}

fn add(counts: &mut Vec<u64>, group: usize, number: u64) {
    if counts.len() <= group {
        counts.resize(group + 1, 0);
    }
    counts[group] += number;
}

#[cfg(test)]
mod tests {
    use super::edges;

    #[test]
    fn a_span_is_cut_into_parts_that_touch_and_are_about_equal() {
        assert_eq!(edges(0, 10, 4), [0, 2, 5, 7, 10]);
        assert_eq!(edges(5, 7, 4), [5, 5, 6, 6, 7]);
        assert_eq!(edges(5, 5, 2), [5, 5, 5]);
        assert_eq!(edges(i64::MIN, i64::MAX, 2), [i64::MIN, -1, i64::MAX]);
        assert_eq!(edges(0, 10, 0), [0]);
    }
}
