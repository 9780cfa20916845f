//! Columns over events, page by page, and what tells which pages have something.
//!
//! Each page is decoded alone: whatever is told by what came before begins anew with each. Only which file is likely to
//! follow which is told once for all of them, because it would be learned again in each page.

use std::ops::Range;

use super::build::{BlockBuilder, number};
use super::clock;
use super::column::{Columns, Layout};
use super::ticks;
use super::zone::Zone;
use crate::bytes::zigzag;

/// Events of a block in pages.
pub struct Pages<'a> {
    builder: &'a BlockBuilder,
    zone: &'a Zone,
    /// Place of each of the builder's files in the block.
    rank: &'a [u32],
    /// Events of each page but the last.
    page_rows: usize,
    /// Per event: place of its context in the header row.
    whos: Vec<u32>,
    /// Of each page: length of the step in which its times are told, in parts of a nanosecond, or 0; of one that is not
    /// there 0.
    clocks: Vec<u64>,
    /// Of each file, counted from 1 (0: no file), the one that comes next; none if that is the one behind it.
    followers: Vec<u32>,
}

impl<'a> Pages<'a> {
    /// Of a builder's events; `closed` if there is time to look at their clock, else the builder knows it.
    pub fn new(
        builder: &'a BlockBuilder,
        zone: &'a Zone,
        rank: &'a [u32],
        page_rows: usize,
        closed: bool,
    ) -> Self {
        let whos = whos(&builder.contexts, &zone.contexts);
        let mut pages =
            Self { builder, zone, rank, page_rows, whos, clocks: Vec::new(), followers: Vec::new() };
        if !closed && builder.clock > 0 {
            pages.clocks = pages.rows().map(|_| builder.clock).collect();
        } else if closed && let Some(mut step) = clock::step(&builder.times) {
            pages.clocks = pages.rows().map(|rows| clock::of_page(&builder.times[rows], &mut step)).collect();
        }
        let mut followers = vec![0; rank.len() + 1];
        if builder.len() > page_rows {
            // The first one that followed anywhere; pages learn better ones for themselves.
            for rows in pages.rows() {
                let mut last = vec![0_u32; zone.contexts.len()];
                for row in rows {
                    if let Some(file) = pages.file(builder.file_column[row]) {
                        let before = std::mem::replace(&mut last[pages.whos[row] as usize], file);
                        let follower = &mut followers[before as usize];
                        if *follower == 0 {
                            *follower = file;
                        }
                    }
                }
            }
        }
        pages.followers = followers;
        pages
    }

    /// Rows of each page.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (count, rows) = (self.builder.len(), self.page_rows.max(1));
        (0..count.div_ceil(rows)).map(move |page| page * rows..((page + 1) * rows).min(count))
    }

    /// Place of a file in the block, counted from 1.
    fn file(&self, column: u32) -> Option<u32> {
        Some(self.rank[column.checked_sub(1)? as usize] + 1)
    }

    /// Columns of the tables about pages; gives which pages have each path. `starts` are which files begin a path.
    pub fn tables(&self, starts: &[bool], columns: &mut Columns) -> Vec<u64> {
        let follow = |(file, next): (u32, &u32)| match *next {
            next if next == 0 || next == file + 1 => 0,
            next => zigzag(i64::from(next) - i64::from(file)) + 1,
        };
        columns.each((0..).zip(&self.followers).map(follow), Layout::Planes);
        let (mut ids, mut times, mut spans) = (Vec::new(), Vec::new(), Vec::new());
        let (mut id, mut time) = (self.zone.first, self.zone.min_time);
        let mut contexts = vec![0_u64; self.zone.contexts.len()];
        let mut shapes = vec![0_u64; self.builder.shapes.len()];
        let mut files = vec![0_u64; self.rank.len()];
        if self.builder.len() <= self.page_rows {
            // One page has everything.
            (ids, times, spans) = (vec![0], vec![0], vec![0]);
            for pages in [&mut contexts, &mut shapes, &mut files] {
                pages.fill(1);
            }
        }
        let many = self.rows().enumerate().filter(|_| self.builder.len() > self.page_rows);
        for (page, rows) in many {
            let first = self.builder.ids[rows.start];
            ids.push(first.wrapping_sub(id));
            id = first.wrapping_add(rows.len() as u64);
            let (earliest, latest) = self.times(&rows);
            times.push(zigzag(earliest.wrapping_sub(time)));
            spans.push(latest.wrapping_sub(earliest).cast_unsigned());
            time = earliest;
            for row in rows {
                contexts[self.whos[row] as usize] |= 1 << page;
                shapes[self.builder.shape_column[row] as usize] |= 1 << page;
                let destination = self.builder.destinations.get(row).copied().unwrap_or(0);
                for file in [self.builder.file_column[row], destination] {
                    if let Some(file) = self.file(file) {
                        files[file as usize - 1] |= 1 << page;
                    }
                }
            }
        }
        let mut paths: Vec<u64> = Vec::new();
        for (pages, new) in files.iter().zip(starts) {
            match paths.last_mut().filter(|_| !new) {
                Some(path) => *path |= pages,
                None => paths.push(*pages),
            }
        }
        columns.numbers(&ids, Layout::Varint);
        columns.numbers(&times, Layout::Varint);
        columns.numbers(&spans, Layout::Varint);
        for pages in [contexts, shapes] {
            columns.numbers(&pages, Layout::Fixed);
        }
        paths
    }

    /// Earliest and latest time.
    fn times(&self, rows: &Range<usize>) -> (i64, i64) {
        let times = &self.builder.times[rows.clone()];
        (times.iter().copied().min().unwrap_or(0), times.iter().copied().max().unwrap_or(0))
    }

    /// Columns of a page.
    pub fn page(&self, rows: Range<usize>, columns: &mut Columns) {
        let builder = self.builder;
        let mut before = builder.ids[rows.start].wrapping_sub(1);
        let steps = builder.ids[rows.clone()].iter().map(|id| {
            let step = id.wrapping_sub(before).wrapping_sub(1);
            before = *id;
            step
        });
        columns.each(steps, Layout::Varint);
        let slips = self.told_times(&rows, columns);
        let whos = &self.whos[rows.clone()];
        columns.each(whos.iter().map(|who| u64::from(*who)), Layout::Fixed);
        let mut last = vec![None; self.zone.contexts.len()];
        let mut newest = 0;
        let steps = builder.tids[rows.clone()].iter().zip(whos).map(|(tid, who)| {
            let tid = i64::from(*tid);
            let before =
                last[*who as usize].replace(tid).unwrap_or_else(|| std::mem::replace(&mut newest, tid));
            zigzag(tid - before)
        });
        columns.each(steps, Layout::Varint);
        columns.each(builder.shape_column[rows.clone()].iter().map(|shape| u64::from(*shape)), Layout::Fixed);
        columns.each(self.predicted(&rows), Layout::Planes);
        let placed =
            |row: usize| self.file(builder.destinations.get(row).copied().unwrap_or(0)).map_or(0, u64::from);
        let some = if builder.destinations.len() > rows.start { rows } else { 0..0 };
        columns.each(some.map(placed), Layout::Varint);
        columns.bytes(&slips);
    }

    /// The column of times; gives the slips.
    fn told_times(&self, rows: &Range<usize>, columns: &mut Columns) -> Vec<u8> {
        let (mut last, times) = (self.times(rows).0, &self.builder.times[rows.clone()]);
        let clock = self.clocks.get(rows.start / self.page_rows.max(1)).copied().unwrap_or(0);
        let (steps, slips) = if clock > 0 {
            ticks::encode(last, times, clock)
        } else {
            let steps =
                times.iter().map(|time| zigzag(time.wrapping_sub(std::mem::replace(&mut last, *time))));
            (steps.collect(), Vec::new())
        };
        columns.numbers(&steps, Layout::Buckets);
        slips
    }

    /// The column of the tables of clocks.
    pub fn clocks(&self, columns: &mut Columns) {
        let clocks = self.rows().enumerate().map(|(page, _)| self.clocks.get(page).copied().unwrap_or(0));
        columns.each(clocks, Layout::Varint);
    }

    /// Files as steps from the one that the same context used before, for what is used together lies together; 1 where
    /// a file follows that followed the last time, for programs do the same again and again.
    fn predicted(&self, rows: &Range<usize>) -> impl Iterator<Item = u64> {
        let mut last = vec![0_u32; self.zone.contexts.len()];
        let mut followers = self.followers.clone();
        let files = self.builder.file_column[rows.clone()].iter().zip(&self.whos[rows.clone()]);
        files.map(move |(file, who)| {
            let Some(file) = self.file(*file) else { return 0 };
            let before = std::mem::replace(&mut last[*who as usize], file);
            let expected = std::mem::replace(&mut followers[before as usize], file);
            let expected = if expected == 0 { before + 1 } else { expected };
            if file == expected { 1 } else { zigzag(i64::from(file) - i64::from(before)) + 2 }
        })
    }
}

/// Places of contexts in their sorted list. They come in runs.
fn whos(contexts: &[u64], sorted: &[u64]) -> Vec<u32> {
    let mut last = (0, u32::MAX);
    contexts
        .iter()
        .map(|context| {
            if last.1 == u32::MAX || last.0 != *context {
                let place = sorted.partition_point(|other| other < context);
                last = (*context, number(place));
            }
            last.1
        })
        .collect()
}
