//! A run of a builder's rows as a block of its own.

use std::ops::Range;

use super::build::{BlockBuilder, Shape, number};

/// Numbers of those that a run has, by their numbers in the whole; in order of their first row.
pub(super) struct Renumbered {
    here: Vec<u32>,
    /// Numbers in the whole.
    pub there: Vec<u32>,
}

impl Renumbered {
    pub fn new(whole: usize) -> Self {
        Self { here: vec![u32::MAX; whole], there: Vec::new() }
    }

    pub fn number(&mut self, there: u32) -> u32 {
        let here = &mut self.here[there as usize];
        if *here == u32::MAX {
            *here = number(self.there.len());
            self.there.push(there);
        }
        *here
    }
}

impl BlockBuilder {
    /// Some of the rows, and what these refer to: the same as if their events had been added to a new builder, but no
    /// file is looked up again. It is there to be finished; nothing may be added to it.
    pub fn run(&self, rows: Range<usize>) -> Self {
        let mut run = Self::new(0);
        run.ids = self.ids[rows.clone()].to_vec();
        run.times = self.times[rows.clone()].to_vec();
        run.contexts = self.contexts[rows.clone()].to_vec();
        run.tids = self.tids[rows.clone()].to_vec();
        let mut shapes = Renumbered::new(self.shapes.len());
        run.shape_column =
            self.shape_column[rows.clone()].iter().map(|shape| shapes.number(*shape)).collect();
        let mut details = Renumbered::new(self.details.len());
        let shape = |shape: &u32| {
            let shape = self.shapes[*shape as usize];
            Shape { detail: details.number(shape.detail), ..shape }
        };
        run.shapes = shapes.there.iter().map(shape).collect();
        for detail in &details.there {
            run.details.number(&self.details[*detail as usize]);
        }
        let mut files = Renumbered::new(self.files.states.len());
        let mut file = |column: u32| column.checked_sub(1).map_or(0, |file| files.number(file) + 1);
        for (place, row) in rows.enumerate() {
            run.file_column.push(file(self.file_column[row]));
            let destination = self.destinations.get(row).copied().unwrap_or(0);
            if destination > 0 {
                run.destinations.resize(place, 0);
                run.destinations.push(file(destination));
            }
        }
        run.files = self.files.some(&files.there);
        run
    }
}
