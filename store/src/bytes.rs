//! Numbers of variable length, and reading what may be damaged.

use std::cell::RefCell;
use std::io::Cursor;

use zstd::zstd_safe::CParameter;

use crate::limits::STRONG_WINDOW;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged: {0}")]
pub struct Damaged(pub &'static str);

/// Makes room for so many more, and a quarter of what there is: large lists are not to take twice what is in them.
pub fn room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 4).max(1024));
    }
}

/// Appends an unsigned LEB128 number.
pub fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Signed to unsigned, small absolute values first.
pub const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Back again.
pub const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Appends bytes with their length.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a growing list as its first element and the steps.
pub fn put_growing(out: &mut Vec<u8>, list: &[u64]) {
    put(out, list.len() as u64);
    let mut last = 0;
    for value in list {
        put(out, value.wrapping_sub(last));
        last = *value;
    }
}

/// How many bytes two begin with that are the same.
pub fn in_common(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let same = 8 * words.take_while(|(a, b)| a == b).count();
    same + a[same..].iter().zip(&b[same..]).take_while(|(a, b)| a == b).count()
}

/// Appends what follows another one in a sorted list: how many bytes both begin with (varint), and the others (bytes).
pub fn put_after(out: &mut Vec<u8>, last: &[u8], next: &[u8]) {
    let shared = in_common(last, next);
    put(out, shared as u64);
    put_bytes(out, &next[shared..]);
}

/// Reads forward; every read is checked.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn number(&mut self) -> Result<u64, Damaged> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Damaged("a number is cut off"))?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damaged("a number is too long"))
    }

    pub fn signed(&mut self) -> Result<i64, Damaged> {
        self.number().map(unzigzag)
    }

    pub fn small(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.number()?).map_err(|_| Damaged("a number is too large"))
    }

    /// A count of things that each take at least one byte of what is left.
    pub fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged("a count is too large"))?;
        if count > self.0.len() { Err(Damaged("a count exceeds its data")) } else { Ok(count) }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        if count > self.0.len() {
            return Err(Damaged("data is cut off"));
        }
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(taken)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let count = self.count()?;
        self.take(count)
    }

    /// What [`put_after`] wrote behind `last`.
    pub fn after(&mut self, last: &[u8]) -> Result<Vec<u8>, Damaged> {
        let shared = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let shared = last.get(..shared).ok_or(Damaged("a key shares more than there is"))?;
        Ok([shared, self.bytes()?].concat())
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub fn growing(&mut self) -> Result<Vec<u64>, Damaged> {
        let count = self.count()?;
        let mut last = 0_u64;
        (0..count)
            .map(|_| {
                last = last.wrapping_add(self.number()?);
                Ok(last)
            })
            .collect()
    }
}

/// Unpacks a zstd frame of at most `limit` bytes.
pub fn unpack(frame: &[u8], limit: usize) -> Result<Vec<u8>, Damaged> {
    let size = zstd::zstd_safe::get_frame_content_size(frame)
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size <= limit)
        .ok_or(Damaged("a frame has no valid size"))?;
    unpack_all(frame, size)
}

/// Unpacks zstd frames, one after the other, of `size` bytes together.
pub fn unpack_all(frames: &[u8], size: usize) -> Result<Vec<u8>, Damaged> {
    DECOMPRESSOR
        .with_borrow_mut(|kept| {
            let mut decompressor = kept.take().map_or_else(zstd::bulk::Decompressor::new, Ok)?;
            let unpacked = decompressor.decompress(frames, size);
            *kept = Some(decompressor);
            unpacked
        })
        .map_err(|_| Damaged("a frame does not decompress"))
}

thread_local! {
    /// Making one costs more than unpacking a small column.
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Levels of zstd up to this one need little memory, so that a thread keeps what packs at them.
const LIGHT: i32 = 3;

/// Of these at most so many, one a level.
const KEPT: usize = 3;

thread_local! {
    /// Likewise.
    static PACKERS: RefCell<Vec<Packer>> = const { RefCell::new(Vec::new()) };
}

/// Packs bytes as zstd frames with checksums, of which it begins another for each.
pub struct Packer {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    level: i32,
}

impl Packer {
    /// At a level of zstd.
    pub fn new(level: i32) -> Self {
        let kept = PACKERS.with_borrow_mut(|kept| {
            let place = kept.iter().position(|kept| kept.level == level)?;
            Some(kept.swap_remove(place))
        });
        kept.unwrap_or_else(|| {
            let compressor = zstd::bulk::Compressor::new(level).ok().and_then(|mut compressor| {
                compressor.set_parameter(CParameter::ChecksumFlag(true)).ok()?;
                if level > LIGHT {
                    compressor.set_parameter(CParameter::WindowLog(STRONG_WINDOW)).ok()?;
                }
                Some(compressor)
            });
            Self { compressor, level }
        })
    }

    /// Adds one frame to `out`; gives its length. Packing memory cannot fail but for want of memory; then the frame is
    /// empty, which is refused when it is read.
    pub fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let Some(compressor) = &mut self.compressor else { return 0 };
        let start = out.len();
        out.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        let mut end = Cursor::new(&mut *out);
        end.set_position(start as u64);
        let packed = compressor.compress_to_buffer(bytes, &mut end);
        if packed.is_err() {
            out.truncate(start);
        }
        out.len() - start
    }

    /// Leaves it for the next one of this thread.
    pub fn done(self) {
        PACKERS.with_borrow_mut(|kept| {
            if self.level <= LIGHT && kept.len() < KEPT {
                kept.push(self);
            }
        });
    }
}

/// Packs bytes as one zstd frame with its checksum.
pub fn pack(bytes: &[u8], level: i32) -> Vec<u8> {
    let mut packer = Packer::new(level);
    let mut frame = Vec::new();
    packer.pack(bytes, &mut frame);
    packer.done();
    frame
}

#[cfg(test)]
mod tests {
    use super::{Input, put, put_growing, unzigzag, zigzag};

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(Input(&out).number(), Ok(value));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        let mut out = Vec::new();
        put_growing(&mut out, &[3, 3, 900]);
        assert_eq!(Input(&out).growing(), Ok(vec![3, 3, 900]));
    }

    #[test]
    fn cut_off_numbers_are_damage() {
        assert!(Input(&[0x80]).number().is_err());
        assert!(Input(&[0xff; 11]).number().is_err());
        assert!(Input(&[200, 1]).count().is_err());
    }
}
