//! Rows to columns.

use std::ops::Range;

use event::{Event, EventId, File, Kind, Outcome};

use super::build::{BlockBuilder, number};
use super::column::{Columns, Form, Layout};
use super::intern::{Table, hash, hash_numbers};
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

/// Files of a builder in order of directory, then name, then appearance.
#[derive(Debug)]
pub struct Order {
    /// Their numbers in the builder.
    pub(super) files: Vec<u32>,
    /// The place of each in that order.
    rank: Vec<u32>,
}

impl BlockBuilder<'_> {
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
        let Order { files: order, rank } = order;
        let files: Vec<&File> = order.iter().map(|index| &*self.files[*index as usize]).collect();
        let mut columns = Columns::new(form);
        let starts = path_starts(&files);
        let groups = match form {
            Form::Passing | Form::Open if files.is_empty() => Vec::new(),
            Form::Passing | Form::Open => std::iter::once(0..files.len()).collect(),
            Form::Closed(_) => groups(&starts),
        };
        columns.count(files.len());
        columns.count(starts.iter().filter(|new| **new).count());
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
        let pages = Pages::new(self, &zone, rank, rows, matches!(form, Form::Closed(_)));
        self.shapes(&mut columns);
        let names = Names::new(&files);
        columns.bytes(&names.filesystems.bytes());
        columns.bytes(&names.mount_paths.bytes());
        let mut details = Vec::new();
        for detail in &self.details {
            put_bytes(&mut details, detail);
        }
        columns.bytes(&details);
        let path_pages = pages.tables(&starts, &mut columns);
        let paths_of = |group: &Range<usize>| starts[group.clone()].iter().filter(|new| **new).count();
        let mut keys = Vec::new();
        for group in groups.iter().filter(|_| groups.len() > 1) {
            put_bytes(&mut keys, files[group.start].path.as_bytes());
        }
        columns.numbers(&groups.iter().map(|group| group.len() as u64).collect::<Vec<_>>(), Layout::Varint);
        columns
            .numbers(&groups.iter().map(|group| paths_of(group) as u64).collect::<Vec<_>>(), Layout::Varint);
        columns.bytes(&keys);
        pages.clocks(&mut columns);
        let (mut first, mut known) = (0, 0);
        for group in groups {
            let paths = first..first + paths_of(&group);
            first = paths.end;
            let (files, starts) = (&files[group.clone()], &starts[group]);
            write_paths(files, starts, &mut columns);
            known = facts(files, &names, known, &mut columns);
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

    /// The order of the files so far.
    pub fn order(&self) -> Order {
        let mut directories = Table::new(64);
        let mut list: Vec<&[u8]> = Vec::new();
        let mut last: (&[u8], u32) = (&[], u32::MAX);
        // Directory, first bytes of the name, index: nearly always enough to tell two files' order.
        let mut keys: Vec<(u32, u64, u32)> = Vec::with_capacity(self.files.len());
        for (index, file) in self.files.iter().enumerate() {
            let (directory, name) = split(&file.path);
            if last.1 == u32::MAX || last.0 != directory {
                let next = number(list.len());
                let known = |place: u32| list.get(place as usize) == Some(&directory);
                let place = directories.find(hash(directory), next, known).unwrap_or_else(|| {
                    list.push(directory);
                    directories.grow(|place| list.get(place as usize).map_or(0, |known| hash(known)));
                    next
                });
                last = (directory, place);
            }
            let mut start = [0; 8];
            let length = name.len().min(8);
            start[..length].copy_from_slice(&name[..length]);
            keys.push((last.1, u64::from_be_bytes(start), number(index)));
        }
        let mut sorted: Vec<u32> = (0..number(list.len())).collect();
        sorted.sort_unstable_by_key(|directory| list[*directory as usize]);
        let mut place = vec![0; list.len()];
        for (rank, directory) in sorted.iter().enumerate() {
            place[*directory as usize] = number(rank);
        }
        for key in &mut keys {
            key.0 = place[key.0 as usize];
        }
        let path = |index: u32| self.files[index as usize].path.as_bytes();
        keys.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| path(a.2).cmp(path(b.2))).then(a.2.cmp(&b.2))
        });
        let order: Vec<u32> = keys.iter().map(|key| key.2).collect();
        let mut rank = vec![0; order.len()];
        for (place, from) in order.iter().enumerate() {
            rank[*from as usize] = number(place);
        }
        Order { files: order, rank }
    }

    fn shapes(&self, columns: &mut Columns) {
        let of = |f: &dyn Fn(&super::build::Shape) -> u64| self.shapes.iter().map(f).collect::<Vec<_>>();
        columns.numbers(&of(&|shape| u64::from(shape.kind.number())), Layout::Fixed);
        columns.numbers(&of(&|shape| u64::from(shape.flags)), Layout::Varint);
        columns.numbers(&of(&|shape| zigzag(shape.retval)), Layout::Varint);
        columns.numbers(&of(&|shape| u64::from(shape.detail)), Layout::Varint);
    }
}

/// `evt.outcome`.
pub const fn outcome(kind: Kind, retval: i64) -> Outcome {
    match kind {
        Kind::Fork | Kind::Exec | Kind::Exit => Outcome::Success,
        _ => Outcome::of_return(retval),
    }
}

pub(super) fn wide(numbers: &[u32]) -> Vec<u64> {
    numbers.iter().map(|number| u64::from(*number)).collect()
}

/// Directory with its slash, and name.
pub fn split(path: &str) -> (&[u8], &[u8]) {
    let bytes = path.as_bytes();
    bytes.split_at(bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1))
}

/// Whether each file has another path than the one before.
fn path_starts(files: &[&File]) -> Vec<bool> {
    let mut last: Option<&str> = None;
    files.iter().map(|file| last.replace(&file.path) != Some(&file.path)).collect()
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

/// The distinct paths, front-coded, and which files begin one.
fn write_paths(files: &[&File], starts: &[bool], columns: &mut Columns) {
    let (mut shared, mut lengths, mut text) = (Vec::new(), Vec::new(), Vec::new());
    let mut last: &[u8] = &[];
    for (file, _) in files.iter().zip(starts).filter(|(_, new)| **new) {
        let path = file.path.as_bytes();
        let same = last.iter().zip(path).take_while(|(a, b)| a == b).count();
        shared.push(same as u64);
        lengths.push((path.len() - same) as u64);
        text.extend_from_slice(&path[same..]);
        last = path;
    }
    columns.numbers(&starts.iter().map(|new| u64::from(*new)).collect::<Vec<_>>(), Layout::Fixed);
    columns.numbers(&shared, Layout::Fixed);
    columns.numbers(&lengths, Layout::Fixed);
    columns.bytes(&text);
}

/// Texts, each once, and their numbers.
#[derive(Default)]
struct Texts<'a>(Vec<&'a str>);

impl<'a> Texts<'a> {
    /// There are few; the last one is looked at first.
    fn place(&mut self, text: &'a str) -> u64 {
        let place = self.0.iter().rposition(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        place as u64
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, self.0.len() as u64);
        for text in &self.0 {
            put_bytes(&mut out, text.as_bytes());
        }
        out
    }
}

/// What the facts of all files refer to.
struct Names<'a> {
    filesystems: Texts<'a>,
    mount_paths: Texts<'a>,
    /// Of each file with facts, the places of both.
    places: Vec<(u64, u64)>,
}

impl<'a> Names<'a> {
    fn new(files: &[&'a File]) -> Self {
        let (mut filesystems, mut mount_paths) = (Texts::default(), Texts::default());
        let facts = files.iter().filter_map(|file| file.facts.as_ref());
        let places = facts
            .map(|facts| (filesystems.place(&facts.filesystem), mount_paths.place(&facts.mount_path)))
            .collect();
        Self { filesystems, mount_paths, places }
    }
}

/// Modification and change times, by turns: 0 for one that did not come up before, else one more than the zigzag of its
/// place among the distinct ones minus the place of what it is likely to be: of a modification time that of the file
/// before, of a change time the modification time of the file itself. Then the distinct ones as steps.
fn file_times(facts: &[&event::FileFacts]) -> (Vec<u64>, Vec<u64>) {
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
                    table.grow(|place| distinct.get(place as usize).map_or(0, |time| hash_of(*time)));
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

/// What else is known of each file; `first` files with facts were before, so many were there in the end.
fn facts(files: &[&File], names: &Names<'_>, first: usize, columns: &mut Columns) -> usize {
    let mut odd = Vec::new();
    let (mut odd_count, mut last) = (0, 0);
    for (place, file) in files.iter().enumerate() {
        if file.raw.is_some() || file.error.is_some() {
            odd_count += 1;
            put(&mut odd, (place - last) as u64);
            last = place;
            put_bytes(&mut odd, &rmp_serde::to_vec(&(&file.raw, &file.error)).unwrap_or_default());
        }
    }
    columns.numbers(&files.iter().map(|file| u64::from(file.flags)).collect::<Vec<_>>(), Layout::Fixed);
    let known = files.iter().map(|file| u64::from(file.facts.is_some()));
    columns.numbers(&known.collect::<Vec<_>>(), Layout::Fixed);
    let facts: Vec<_> = files.iter().filter_map(|file| file.facts.as_ref()).collect();
    let mut last = 0_i64;
    let inodes = facts.iter().map(|facts| {
        let inode = facts.inode.cast_signed();
        let step = zigzag(inode.wrapping_sub(last));
        last = inode;
        step
    });
    columns.numbers(&inodes.collect::<Vec<_>>(), Layout::Buckets);
    let mut column = |f: &dyn Fn(&event::FileFacts) -> u64, layout| {
        columns.numbers(&facts.iter().map(|facts| f(facts)).collect::<Vec<_>>(), layout);
    };
    column(&|facts| u64::from(facts.mode), Layout::Fixed);
    column(&|facts| u64::from(facts.uid), Layout::Fixed);
    column(&|facts| u64::from(facts.gid), Layout::Fixed);
    let (codes, distinct) = file_times(&facts);
    columns.numbers(&codes, Layout::Buckets);
    columns.numbers(&distinct, Layout::Buckets);
    columns.numbers(&facts.iter().map(|facts| u64::from(facts.mount_id)).collect::<Vec<_>>(), Layout::Fixed);
    let places = &names.places[first..first + facts.len()];
    columns.numbers(&places.iter().map(|places| places.0).collect::<Vec<_>>(), Layout::Fixed);
    columns.numbers(&places.iter().map(|places| places.1).collect::<Vec<_>>(), Layout::Fixed);
    let mut all = Vec::new();
    if odd_count > 0 {
        put(&mut all, odd_count);
        all.extend_from_slice(&odd);
    }
    columns.bytes(&all);
    first + facts.len()
}
