//! Columns on disk: each is one zstd frame of numbers or bytes, found by a directory and unpacked alone.
//!
//! Numbers have one of five layouts, whichever the writer found to be small: all the same; varints; little-endian numbers
//! of one width; the same in planes (all lowest bytes, then all second bytes): of numbers whose low bits are noise,
//! the planes of the high ones compress to nothing and the low ones are stored as they are; or buckets of like size, which
//! have few values, and apart from them, in a frame of its own, the bits that are noise.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

pub use super::layout::Layout;
use super::layout::{BUCKETS, BYTES, CONSTANT, FIXED, HALVED, Laid, PLANES, VARINT, lay, small_planes};
use super::numbers::Numbers;
use crate::bytes::{Damaged, Input, Packer, put, unpack, unpack_all, unzigzag};
use crate::limits::{KEPT_COLUMNS, MAX_BLOCK_EVENTS, MAX_SECTION};

/// Bytes of a BLAKE3 hash that protect the directory; frames have checksums of their own.
const CHECK: usize = 4;

/// How much work is put into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// While recording, and to be written again soon: as little work as will do.
    Passing,
    /// While recording: zstd's fastest level, layouts as expected.
    Open,
    /// For good, in the background: the level, and every layout tried.
    Closed(i32),
}

/// Level of zstd while recording.
const OPEN_LEVEL: i32 = 1;
/// Level of zstd for what is written again soon: without entropy coding of literals, which costs most of small columns.
const PASSING_LEVEL: i32 = -1;
/// The same to try layouts.
const TRIAL_LEVEL: i32 = 6;

/// Writes columns one after the other; the reader asks for them by their places.
pub struct Columns {
    directory: Vec<u8>,
    payload: Vec<u8>,
    packer: Packer,
    /// Tells which layout is small.
    trial: Option<zstd::bulk::Compressor<'static>>,
    form: Form,
    /// A column as it is laid out.
    scratch: Vec<u8>,
    /// A column's numbers.
    list: Vec<u64>,
}

thread_local! {
    /// Memory of the last columns of this thread: what is taken anew for each block comes as pages that cost more than
    /// what is done with them.
    static KEPT: RefCell<(Vec<u8>, Vec<u8>, Vec<u64>)> = const { RefCell::new((Vec::new(), Vec::new(), Vec::new())) };
}

impl Columns {
    /// None yet.
    pub fn new(form: Form) -> Self {
        let level = match form {
            Form::Passing => PASSING_LEVEL,
            Form::Open => OPEN_LEVEL,
            Form::Closed(level) => level,
        };
        let trial = match form {
            Form::Passing | Form::Open => None,
            Form::Closed(level) => zstd::bulk::Compressor::new(level.min(TRIAL_LEVEL)).ok(),
        };
        let packer = Packer::new(level);
        let (payload, scratch, list) = KEPT.take();
        Self { directory: Vec::new(), payload, packer, trial, form, scratch, list }
    }

    /// A number of the directory itself.
    pub fn count(&mut self, count: usize) {
        put(&mut self.directory, count as u64);
    }

    /// Bytes that some would take at a level that is quick to try.
    fn attempt(&mut self, bytes: &[u8]) -> usize {
        self.trial
            .as_mut()
            .and_then(|trial| trial.compress(bytes).ok())
            .map_or(usize::MAX, |frame| frame.len())
    }

    /// Adds a column as one frame, or as two where it is split.
    fn add(&mut self, layout: u8, unpacked: &[u8], split: usize) {
        let (first, second) = unpacked.split_at(split);
        let mut packed = self.packer.pack(first, &mut self.payload);
        if !second.is_empty() {
            packed += self.packer.pack(second, &mut self.payload);
        }
        self.directory.push(layout);
        put(&mut self.directory, unpacked.len() as u64);
        put(&mut self.directory, packed as u64);
    }

    /// Adds a column of numbers that are not in a list.
    pub fn each(&mut self, numbers: impl Iterator<Item = u64>, expected: Layout) {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        list.extend(numbers);
        self.numbers(&list, expected);
        self.list = list;
    }

    /// Adds a column of numbers; the reader must know how many.
    pub fn numbers(&mut self, numbers: &[u64], expected: Layout) {
        let first = numbers.first().copied().unwrap_or(0);
        let (mut union, mut same) = (0, true);
        for number in numbers {
            union |= number;
            same &= *number == first;
        }
        if same {
            self.directory.push(CONSTANT);
            put(&mut self.directory, first);
            return;
        }
        // Steps that go one way, as zigzag: their lowest bits would count as noise.
        let noisy = matches!(expected, Layout::Planes | Layout::Buckets);
        let halved = matches!(self.form, Form::Closed(_) | Form::Open) && noisy && union & 1 == 0;
        let half: Vec<u64>;
        let numbers = if halved {
            union >>= 1;
            half = numbers.iter().map(|number| number >> 1).collect();
            &half
        } else {
            numbers
        };
        let width = (64 - union.leading_zeros() as usize).div_ceil(8);
        let layouts: &[Layout] = match self.form {
            Form::Passing | Form::Open => &[expected],
            Form::Closed(_) if width == 1 => &[Layout::Fixed],
            // Of what is likely to be of one width, single numbers are asked for.
            Form::Closed(_) if expected == Layout::Fixed => &[Layout::Varint, Layout::Fixed, Layout::Planes],
            Form::Closed(_) => &[Layout::Varint, Layout::Fixed, Layout::Planes, Layout::Buckets],
        };
        let mut best: Option<(Layout, usize)> = None;
        if let [_, _, ..] = layouts {
            for layout in layouts {
                let mut laid = std::mem::take(&mut self.scratch);
                lay(numbers, *layout, width, &mut laid);
                let split = if *layout == Layout::Buckets { numbers.len() } else { laid.len() };
                let size = self.attempt(&laid[..split]).saturating_add(laid.len() - split);
                if best.is_none_or(|(_, best)| size < best) {
                    best = Some((*layout, size));
                }
                self.scratch = laid;
            }
        }
        let layout = best.map_or(layouts[0], |(layout, _)| layout);
        let mut laid = std::mem::take(&mut self.scratch);
        let mut code = lay(numbers, layout, width, &mut laid);
        if halved {
            code |= HALVED;
        }
        let split = if layout == Layout::Buckets { numbers.len() } else { laid.len() };
        self.add(code, &laid, split);
        self.scratch = laid;
    }

    /// Adds a column of bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.directory.push(CONSTANT);
            self.directory.push(0);
            return;
        }
        self.add(BYTES, bytes, bytes.len());
    }

    /// The stored value: check, length of the directory (varint), directory, frames.
    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.directory.len() + self.payload.len() + 16);
        out.extend_from_slice(&blake3::hash(&self.directory).as_bytes()[..CHECK]);
        put(&mut out, self.directory.len() as u64);
        out.extend_from_slice(&self.directory);
        out.extend_from_slice(&self.payload);
        self.packer.done();
        let (mut payload, scratch, list) = (self.payload, self.scratch, self.list);
        payload.clear();
        if payload.capacity() + scratch.capacity() + 8 * list.capacity() <= KEPT_COLUMNS {
            KEPT.set((payload, scratch, list));
        }
        out
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    layout: u8,
    /// Or the one value.
    unpacked: u64,
    start: usize,
    end: usize,
}

/// Columns of a stored value, not unpacked yet; of the value itself perhaps only a part.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Bytes of the value from `base` on.
    value: Arc<Vec<u8>>,
    base: usize,
    counts: Arc<[usize]>,
    /// Those of all columns of the value, and which of them are these.
    all: Arc<[Entry]>,
    span: Range<usize>,
}

/// Bytes from the start of a value up to the end of its directory.
pub fn directory_end(value: &[u8]) -> Result<usize, Damaged> {
    let mut input = Input(value);
    input.take(CHECK)?;
    let length = usize::try_from(input.number()?).unwrap_or(usize::MAX);
    (value.len() - input.0.len())
        .checked_add(length)
        .filter(|end| *end <= MAX_SECTION)
        .ok_or(Damaged("a directory is too long"))
}

impl Stored {
    /// Finds columns behind `counts` counts; these tell how many. Of the value only the directory must be there.
    pub fn open(
        value: Arc<Vec<u8>>,
        counts: usize,
        columns: impl FnOnce(&[usize]) -> Result<usize, Damaged>,
    ) -> Result<Self, Damaged> {
        let mut input = Input(&value);
        let check = input.array::<CHECK>()?;
        let directory = input.bytes()?;
        if blake3::hash(directory).as_bytes()[..CHECK] != check {
            return Err(Damaged("a block's directory does not fit its checksum"));
        }
        let mut place = value.len() - input.0.len();
        let mut directory = Input(directory);
        let counts = (0..counts)
            .map(|_| {
                let count = usize::try_from(directory.number()?).unwrap_or(usize::MAX);
                if count > 2 * MAX_BLOCK_EVENTS { Err(Damaged("a count is too large")) } else { Ok(count) }
            })
            .collect::<Result<Arc<[usize]>, _>>()?;
        let all: Arc<[Entry]> = (0..columns(&counts)?)
            .map(|_| {
                let [layout] = directory.array::<1>()?;
                let unpacked = directory.number()?;
                if layout == CONSTANT {
                    return Ok(Entry { layout, unpacked, start: place, end: place });
                }
                let length = usize::try_from(directory.number()?).unwrap_or(usize::MAX);
                let start = place;
                place = place
                    .checked_add(length)
                    .filter(|_| unpacked <= MAX_SECTION as u64)
                    .ok_or(Damaged("a column is cut off"))?;
                Ok(Entry { layout, unpacked, start, end: place })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { value, base: 0, counts, span: 0..all.len(), all })
    }

    fn entries(&self) -> &[Entry] {
        self.all.get(self.span.clone()).unwrap_or_default()
    }

    /// Some of the columns, of the same bytes; none if there are fewer.
    pub fn some(&self, columns: Range<usize>) -> Self {
        let span = self.span.start + columns.start..self.span.start + columns.end;
        let span = if span.end <= self.span.end { span } else { 0..0 };
        Self { span, ..self.clone() }
    }

    /// Some of the columns, with bytes of the value from `base` on.
    pub fn part(&self, columns: Range<usize>, value: Arc<Vec<u8>>, base: usize) -> Self {
        Self { value, base, ..self.some(columns) }
    }

    /// Takes other bytes of the value, from its first byte on.
    pub fn read_from(&mut self, value: Arc<Vec<u8>>) {
        (self.value, self.base) = (value, 0);
    }

    /// Some of the columns, of the same bytes, and behind them columns of one value each.
    pub fn with_constants(&self, columns: Range<usize>, constants: &[u64]) -> Self {
        let constants = constants.iter().map(|unpacked| Entry {
            layout: CONSTANT,
            unpacked: *unpacked,
            start: 0,
            end: 0,
        });
        let entries = self.entries().get(columns).unwrap_or_default();
        self.of(entries.iter().copied().chain(constants).collect())
    }

    /// Columns of the same bytes.
    fn of(&self, entries: Arc<[Entry]>) -> Self {
        Self { span: 0..entries.len(), all: entries, ..self.clone() }
    }

    /// Some of the columns, in another order, and behind them columns of one value each.
    pub fn pick(&self, columns: &[usize], constants: &[u64]) -> Self {
        let some = columns.iter().filter_map(|column| self.entries().get(*column).copied()).collect();
        let some = self.of(some);
        some.with_constants(0..columns.len(), constants)
    }

    /// Bytes of the value that are there.
    pub fn value(&self) -> &Arc<Vec<u8>> {
        &self.value
    }

    /// Where in the value some columns are, which lie one after the other.
    pub fn range(&self, columns: Range<usize>) -> Range<usize> {
        match self.entries().get(columns) {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.start..only.end,
            _ => 0..0,
        }
    }

    /// Bytes of the value up to the end of the last of its columns.
    pub fn total(&self) -> usize {
        self.entries().iter().map(|entry| entry.end).max().unwrap_or(0)
    }

    /// A number of the directory; at most twice the largest block's events.
    pub fn count(&self, index: usize) -> usize {
        self.counts.get(index).copied().unwrap_or(0)
    }

    /// Each column's name, bytes before it was packed, and bytes as stored.
    pub fn sizes(&self, names: impl Iterator<Item = &'static str>) -> Vec<(&'static str, u64, usize)> {
        let sizes = names.zip(self.entries()).map(|(name, entry)| {
            let unpacked = if entry.layout == CONSTANT { 0 } else { entry.unpacked };
            (name, unpacked, entry.end - entry.start)
        });
        sizes.collect()
    }

    /// Each column's name and its bytes before it was packed; those of one value left out.
    pub fn all_bytes(
        &self,
        names: impl Iterator<Item = &'static str>,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, Damaged> {
        let columns = names.zip(self.entries()).filter(|(_, entry)| entry.layout != CONSTANT);
        columns.map(|(name, entry)| Ok((name, self.unpacked(*entry)?))).collect()
    }

    /// Bytes of a column before it was packed.
    pub fn unpacked_len(&self, column: usize) -> usize {
        let entry = self.entry(column).ok().filter(|entry| entry.layout != CONSTANT);
        entry.map_or(0, |entry| usize::try_from(entry.unpacked).unwrap_or(0))
    }

    /// Bytes of the value that are there.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    fn entry(&self, column: usize) -> Result<Entry, Damaged> {
        self.entries().get(column).copied().ok_or(Damaged("a column is missing"))
    }

    fn unpacked(&self, entry: Entry) -> Result<Vec<u8>, Damaged> {
        let place = entry.start.checked_sub(self.base).zip(entry.end.checked_sub(self.base));
        let frame = place.and_then(|(start, end)| self.value.get(start..end));
        let frame = frame.ok_or(Damaged("a column is cut off"))?;
        let bytes = match entry.layout & !HALVED {
            BUCKETS => unpack_all(frame, usize::try_from(entry.unpacked).unwrap_or(0))?,
            _ => unpack(frame, MAX_SECTION)?,
        };
        if bytes.len() as u64 == entry.unpacked {
            Ok(bytes)
        } else {
            Err(Damaged("a column has another length than it says"))
        }
    }

    /// The one value of a column whose numbers are all the same.
    pub fn constant(&self, column: usize) -> Option<u64> {
        self.entry(column).ok().filter(|entry| entry.layout == CONSTANT).map(|entry| entry.unpacked)
    }

    /// A column of `count` numbers as it is laid out.
    fn laid(&self, column: usize, count: usize) -> Result<Laid, Damaged> {
        let entry = self.entry(column)?;
        if count > 4 * MAX_BLOCK_EVENTS {
            return Err(Damaged("a column is too long"));
        }
        if entry.layout == CONSTANT {
            return Ok(Laid::Constant(entry.unpacked));
        }
        let width = usize::from(entry.layout >> 4);
        let layout = entry.layout & 0xf & !HALVED;
        let expected = count * width;
        let wrong = match layout {
            VARINT => width != 0 || entry.unpacked < count as u64 || entry.unpacked > 10 * count as u64,
            FIXED | PLANES => !(1..=8).contains(&width) || entry.unpacked != expected as u64,
            BUCKETS => width != 0 || entry.unpacked < count as u64 || entry.unpacked > 9 * count as u64,
            _ => true,
        };
        if wrong {
            return Err(Damaged("a column has a layout that is not known"));
        }
        let bytes = self.unpacked(entry)?;
        let laid = match layout {
            VARINT => Laid::Varint(bytes),
            FIXED => Laid::Fixed(bytes, width),
            BUCKETS => Laid::Buckets(bytes),
            _ => Laid::Planes(bytes, width),
        };
        if entry.layout & HALVED == 0 {
            return Ok(laid);
        }
        Ok(Laid::Halved(Box::new(laid)))
    }

    /// A column of `count` numbers.
    pub fn numbers(&self, column: usize, count: usize) -> Result<Vec<u64>, Damaged> {
        self.first_numbers(column, count, count)
    }

    /// The first of a column's `count` numbers.
    pub fn first_numbers(&self, column: usize, count: usize, first: usize) -> Result<Vec<u64>, Damaged> {
        self.laid(column, count)?.first(first.min(count), count)
    }

    /// Likewise of a column that tells each by its step (zigzag) from the one before, the first from `before`.
    pub fn first_sums(
        &self,
        column: usize,
        count: usize,
        first: usize,
        before: i64,
    ) -> Result<Vec<i64>, Damaged> {
        let mut sum = before;
        let sums = self.first_numbers(column, count, first)?.into_iter().map(|step| {
            sum = sum.wrapping_add(unzigzag(step));
            sum
        });
        Ok(sums.collect())
    }

    /// A column of `count` numbers of which few are asked for.
    pub fn lookup(&self, column: usize, count: usize) -> Result<Numbers, Damaged> {
        Numbers::new(self.laid(column, count)?, count)
    }

    /// A column of `count` numbers that fit 32 bits and are at most `most`.
    pub fn small(&self, column: usize, count: usize, most: u64) -> Result<Vec<u32>, Damaged> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        // Most columns are of bytes, or of pairs of them.
        let numbers = match self.laid(column, count)? {
            Laid::Constant(number) => u32::try_from(number).ok().map(|number| vec![number; count]),
            Laid::Fixed(bytes, 1) => Some(bytes.into_iter().map(u32::from).collect()),
            Laid::Fixed(bytes, 2) => {
                let pairs = bytes.as_chunks::<2>().0.iter();
                Some(pairs.map(|pair| u32::from(u16::from_le_bytes(*pair))).collect())
            }
            Laid::Planes(bytes, width @ ..=4) => Some(small_planes(&bytes, width, count)),
            laid => {
                let numbers = laid.numbers(count)?.into_iter().map(|number| u32::try_from(number).ok());
                numbers.collect()
            }
        };
        numbers
            .filter(|numbers| numbers.iter().fold(0, |largest, number| largest.max(*number)) <= most)
            .ok_or(Damaged("a number is out of range"))
    }

    /// A column of bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, Damaged> {
        let entry = self.entry(column)?;
        match entry.layout {
            CONSTANT => Ok(Vec::new()),
            BYTES => self.unpacked(entry),
            _ => Err(Damaged("a column of bytes has numbers")),
        }
    }
}

#[cfg(test)]
mod tests;
