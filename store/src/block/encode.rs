//! Rows to columns.

use std::ops::Range;

use event::{Event, EventId, Kind, Outcome};

use super::build::{BlockBuilder, number};
use super::column::{Columns, Form, Layout};
use super::files::{Order, State};
use super::fronts::Fronts;
use super::intern::{Interned, Table, hash_numbers};
use super::pages::Pages;
use super::zone::{self, Zone, chain};
use crate::bytes::{put, put_bytes, zigzag};
use crate::limits::{GROUP_FILES, MAX_PAGES, PAGE_EVENTS};

/// Puts events into a block, their ids being `first` and the next ones; gives its header row and the stored value.
/// There must be at least one and no more than `MAX_BLOCK_EVENTS`. `previous` is the hash of the block before.
pub fn encode(
    first: EventId,
    events: &[&Event],
    sealed: bool,
    previous: &zone::Hash,
    form: Form,
) -> (Zone, Vec<u8>) {
    let mut builder = BlockBuilder::new(events.len());
    for (id, event) in (first..).zip(events) {
        builder.push(id, event);
    }
    builder.finish(sealed, previous, form)
}

impl BlockBuilder {
    /// Makes the block: its header row and the stored value. `previous` is the hash of the block before. There must be
    /// events; their ids must have grown. A block may well have more events than one of an open segment, at most
    /// `MAX_BLOCK_EVENTS`.
    pub fn finish(&self, sealed: bool, previous: &zone::Hash, form: Form) -> (Zone, Vec<u8>) {
        self.finish_in(&self.order(), sealed, previous, form)
    }

    /// Likewise; with the order of its files as they are now.
    pub fn finish_in(
        &self,
        order: &Order,
        sealed: bool,
        previous: &zone::Hash,
        form: Form,
    ) -> (Zone, Vec<u8>) {
        let mut zone = self.zone(sealed);
        // Of each file what is known, and whether it has another path than the one before.
        let files: Vec<&State> = order.files.iter().map(|file| &self.files.states[*file as usize]).collect();
        let mut last = None;
        let starts: Vec<bool> = files.iter().map(|file| last.replace(file.path) != Some(file.path)).collect();
        let mut columns = Columns::new(form);
        let groups = match form {
            Form::Passing | Form::Open if files.is_empty() => Vec::new(),
            Form::Passing | Form::Open => std::iter::once(0..files.len()).collect(),
            Form::Closed(_) => groups(&starts),
        };
        columns.count(files.len());
        columns.count(order.paths.len());
        columns.count(self.shapes.len());
        columns.count(self.details.len());
        // Pages cost an open segment some 2 % of its bytes, and spare most of what is unpacked for an event; groups would
        // cost 12 % there.
        let rows = match form {
            Form::Passing => self.len(),
            Form::Open | Form::Closed(_) => PAGE_EVENTS.max(self.len().div_ceil(MAX_PAGES)),
        };
        columns.count(rows);
        columns.count(groups.len());
        let pages = Pages::new(self, &zone, &order.rank, rows, matches!(form, Form::Closed(_)));
        self.shapes(&mut columns);
        let known = || files.iter().filter(|file| file.known);
        let filesystems = Names::new(&self.files.filesystems, known().map(|file| file.filesystem));
        let mount_paths = Names::new(&self.files.mount_paths, known().map(|file| file.mount_path));
        columns.bytes(&filesystems.bytes);
        columns.bytes(&mount_paths.bytes);
        let mut details = Vec::new();
        for detail in self.details.iter() {
            put_bytes(&mut details, detail);
        }
        columns.bytes(&details);
        let path_pages = pages.tables(&starts, &mut columns);
        let paths_of = |group: &Range<usize>| starts[group.clone()].iter().filter(|new| **new).count();
        let mut keys = Vec::new();
        for group in groups.iter().filter(|_| groups.len() > 1) {
            put_bytes(&mut keys, self.files.path(files[group.start].path));
        }
        columns.each(groups.iter().map(|group| group.len() as u64), Layout::Varint);
        columns.each(groups.iter().map(|group| paths_of(group) as u64), Layout::Varint);
        columns.bytes(&keys);
        pages.clocks(&mut columns);
        let mut first = 0;
        for group in groups {
            let paths = first..first + paths_of(&group);
            first = paths.end;
            let (files, starts) = (&files[group.clone()], &starts[group]);
            columns.each(starts.iter().map(|new| u64::from(*new)), Layout::Fixed);
            Fronts::write(order.paths[paths.clone()].iter().map(|path| self.files.path(*path)), &mut columns);
            facts(files, [&filesystems, &mount_paths], &self.files.odd, &mut columns);
            columns.numbers(&path_pages[paths], Layout::Fixed);
        }
        for rows in pages.rows() {
            pages.page(rows, &mut columns);
        }
        let value = columns.finish();
        zone.hash = chain(previous, zone.first, &value);
        (zone, value)
    }

    fn zone(&self, sealed: bool) -> Zone {
        // They come in runs.
        let mut contexts = self.contexts.clone();
        contexts.dedup();
        contexts.sort_unstable();
        contexts.dedup();
        let mut of_shape = vec![0_u32; self.shapes.len()];
        for shape in &self.shape_column {
            of_shape[*shape as usize] += 1;
        }
        let mut kinds = [0_u32; 256];
        let mut outcomes = 0;
        for (shape, count) in self.shapes.iter().zip(of_shape) {
            kinds[usize::from(shape.kind.number())] += count;
            outcomes |= 1 << (outcome(shape.kind, shape.retval) as u8);
        }
        let first = self.ids.first().copied().unwrap_or(0);
        Zone {
            format: migrations::CURRENT,
            first,
            last: self.ids.last().copied().unwrap_or(first),
            count: number(self.len()),
            sealed,
            min_time: self.times.iter().copied().min().unwrap_or(0),
            max_time: self.times.iter().copied().max().unwrap_or(0),
            kinds: (0..=u8::MAX).zip(kinds).filter(|(_, count)| *count > 0).collect(),
            outcomes,
            contexts,
            hash: zone::GENESIS,
        }
    }

    fn shapes(&self, columns: &mut Columns) {
        let shapes = self.shapes.iter();
        columns.each(shapes.clone().map(|shape| u64::from(shape.kind.number())), Layout::Fixed);
        columns.each(shapes.clone().map(|shape| u64::from(shape.flags)), Layout::Varint);
        columns.each(shapes.clone().map(|shape| zigzag(shape.retval)), Layout::Varint);
        columns.each(shapes.map(|shape| u64::from(shape.detail)), Layout::Varint);
    }
}

/// `evt.outcome`.
pub const fn outcome(kind: Kind, retval: i64) -> Outcome {
    match kind {
        Kind::Fork | Kind::Exec | Kind::Exit => Outcome::Success,
        _ => Outcome::of_return(retval),
    }
}

/// Groups of so many files, each but the first beginning with another path.
fn groups(starts: &[bool]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (file, new) in starts.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if !new || group.len() < GROUP_FILES => group.end = file + 1,
            _ => groups.push(file..file + 1),
        }
    }
    groups
}

/// What the facts of files refer to: each name once, in order of the first file that has it.
struct Names {
    bytes: Vec<u8>,
    /// Place of each of the builder's.
    places: Vec<u64>,
}

impl Names {
    fn new(names: &Interned, used: impl Iterator<Item = u32>) -> Self {
        let (mut bytes, mut count) = (Vec::new(), 0);
        let mut places = vec![u64::MAX; names.len()];
        for name in used {
            let place = &mut places[name as usize];
            if *place == u64::MAX {
                *place = count;
                count += 1;
                put_bytes(&mut bytes, &names[name as usize]);
            }
        }
        let mut all = Vec::new();
        put(&mut all, count);
        all.append(&mut bytes);
        Self { bytes: all, places }
    }
}

/// Modification and change times, by turns: 0 for one that did not come up before, else one more than the zigzag of its
/// place among the distinct ones minus the place of what it is likely to be: of a modification time that of the file
/// before, of a change time the modification time of the file itself. Then the distinct ones as steps.
fn file_times(facts: &[&State]) -> (Vec<u64>, Vec<u64>) {
    let mut codes = Vec::with_capacity(2 * facts.len());
    let mut distinct: Vec<i64> = Vec::new();
    let mut table = Table::new(facts.len() / 4);
    let hash_of = |time: i64| hash_numbers(&[time.cast_unsigned()]);
    let mut likely = 0;
    for facts in facts {
        let mut place = |time: i64, likely: i64| {
            let next = number(distinct.len());
            let known = |place: u32| distinct.get(place as usize) == Some(&time);
            match table.find(hash_of(time), next, known) {
                Some(place) => {
                    codes.push(zigzag(i64::from(place) - likely) + 1);
                    i64::from(place)
                }
                None => {
                    codes.push(0);
                    distinct.push(time);
                    i64::from(next)
                }
            }
        };
        likely = place(facts.mtime, likely);
        place(facts.ctime, likely);
    }
    let mut last = 0_i64;
    let steps =
        distinct.into_iter().map(|time| zigzag(time.wrapping_sub(std::mem::replace(&mut last, time))));
    let distinct = steps.collect();
    (codes, distinct)
}

/// What else is known of each file: `names` of file systems, and of mounts.
fn facts(files: &[&State], names: [&Names; 2], odd: &[Vec<u8>], columns: &mut Columns) {
    columns.each(files.iter().map(|file| u64::from(file.flags)), Layout::Fixed);
    columns.each(files.iter().map(|file| u64::from(file.known)), Layout::Fixed);
    let facts: Vec<&State> = files.iter().copied().filter(|file| file.known).collect();
    let mut last = 0_i64;
    let inodes = facts.iter().map(|facts| {
        let inode = facts.inode.cast_signed();
        zigzag(inode.wrapping_sub(std::mem::replace(&mut last, inode)))
    });
    columns.each(inodes, Layout::Buckets);
    columns.each(facts.iter().map(|facts| u64::from(facts.mode)), Layout::Fixed);
    columns.each(facts.iter().map(|facts| u64::from(facts.uid)), Layout::Fixed);
    columns.each(facts.iter().map(|facts| u64::from(facts.gid)), Layout::Fixed);
    let (codes, distinct) = file_times(&facts);
    columns.numbers(&codes, Layout::Buckets);
    columns.numbers(&distinct, Layout::Buckets);
    columns.each(facts.iter().map(|facts| u64::from(facts.mount_id)), Layout::Fixed);
    let [filesystems, mount_paths] = names;
    columns.each(facts.iter().map(|facts| filesystems.places[facts.filesystem as usize]), Layout::Fixed);
    columns.each(facts.iter().map(|facts| mount_paths.places[facts.mount_path as usize]), Layout::Fixed);
    let (mut bytes, mut count, mut last) = (Vec::new(), 0, 0);
    for (place, file) in files.iter().enumerate().filter(|(_, file)| file.odd > 0) {
        count += 1;
        put(&mut bytes, (place - std::mem::replace(&mut last, place)) as u64);
        put_bytes(&mut bytes, &odd[file.odd as usize - 1]);
    }
    let mut all = Vec::new();
    if count > 0 {
        put(&mut all, count);
        all.append(&mut bytes);
    }
    columns.bytes(&all);
}
