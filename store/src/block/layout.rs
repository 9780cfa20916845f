//! How the numbers of a column are laid out before they are packed, and read again.

use crate::bytes::{Damaged, Input, put};

/// All numbers are the one in the directory.
pub const CONSTANT: u8 = 0;
/// Unsigned LEB128.
pub const VARINT: u8 = 1;
/// Little-endian, of one width; the width is in the upper half of the byte.
pub const FIXED: u8 = 2;
/// Byte n of each number, for each n below the width (upper half of the byte).
pub const PLANES: u8 = 3;
/// No numbers.
pub const BYTES: u8 = 4;
/// Of each number the bucket (1 byte), then the bits that tell it apart within its bucket.
pub const BUCKETS: u8 = 5;
/// Bit of a layout of numbers: all are even, and laid out is half of each.
pub const HALVED: u8 = 8;
/// How numbers are laid out where there is no time to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Small numbers and a few large ones.
    Varint,
    /// Numbers that come again as a whole.
    Fixed,
    /// Numbers whose low bits are noise.
    Planes,
    /// Likewise, of which the high ones are few: the noise is kept apart, and not compressed.
    Buckets,
}

/// The last bucket: of numbers of 64 bits.
const LAST: u8 = bucket(u64::MAX);

/// Bucket of a number: below 4 the number itself, then two for each number of bits.
const fn bucket(number: u64) -> u8 {
    let bits = 64 - number.leading_zeros();
    let bucket = if bits <= 2 { number } else { (bits as u64 - 1) << 1 | (number >> (bits - 2) & 1) };
    bucket.to_le_bytes()[0]
}

/// How many bits tell a number apart in its bucket.
const fn noise(bucket: u8) -> usize {
    (bucket >> 1).saturating_sub(1) as usize
}

/// Of each bucket the number that it begins with, and how many bits tell its numbers apart.
static BEGINNINGS: [(u64, u8); 256] = {
    let mut beginnings = [(0, u8::MAX); 256];
    let mut bucket = 0_u8;
    while bucket <= LAST {
        let bits = noise(bucket);
        let first = if bucket < 2 { bucket as u64 } else { (2 | bucket as u64 & 1) << bits };
        beginnings[bucket as usize] = (first, bits.to_le_bytes()[0]);
        bucket += 1;
    }
    beginnings
};

/// The first of `count` numbers by their buckets: see [`BUCKETS`].
fn buckets(bytes: &[u8], first: usize, count: usize) -> Result<Vec<u64>, Damaged> {
    /// A number of so few bits is within 8 bytes, wherever in the first of them it begins.
    const NARROW: usize = 57;
    let damaged = Damaged("a column of buckets is damaged");
    let (buckets, bits) = bytes.split_at_checked(count).ok_or(damaged)?;
    // So that 9 bytes can be read anywhere.
    let mut padded = Vec::with_capacity(bits.len() + 9);
    padded.extend_from_slice(bits);
    padded.extend_from_slice(&[0; 9]);
    let mut at = 0_usize;
    let mut numbers = Vec::with_capacity(first);
    for bucket in buckets.iter().take(first) {
        // Which small number comes is hard to foresee for a processor: no branch.
        let (beginning, width) = BEGINNINGS[usize::from(*bucket)];
        let (width, place, shift) = (usize::from(width), at / 8, at % 8);
        at += width;
        let window = padded.get(place..).and_then(<[u8]>::first_chunk::<8>).ok_or(damaged)?;
        let mut low = u64::from_le_bytes(*window) >> shift;
        if width > NARROW {
            if width > 62 {
                return Err(damaged);
            }
            let next = padded.get(place + 8).ok_or(damaged)?;
            low |= u64::from(*next) << 1 << (63 - shift);
        }
        numbers.push(beginning | low & ((1 << width) - 1));
    }
    // Where the bits end is looked at once, not for each number.
    if first < count || at.div_ceil(8) == bits.len() { Ok(numbers) } else { Err(damaged) }
}

/// `count` numbers of variable length. Most have one byte or two, which are read without a loop.
fn varints(bytes: &[u8], count: usize) -> Result<Vec<u64>, Damaged> {
    let (mut numbers, mut rest) = (Vec::with_capacity(count), bytes);
    while numbers.len() < count {
        match rest {
            [low @ ..0x80, after @ ..] => {
                numbers.push(u64::from(*low));
                rest = after;
            }
            [low, high @ ..0x80, after @ ..] => {
                numbers.push(u64::from(low & 0x7f) | u64::from(*high) << 7);
                rest = after;
            }
            _ => {
                let mut input = Input(rest);
                numbers.push(input.number()?);
                rest = input.0;
            }
        }
    }
    Ok(numbers)
}

/// Lays numbers out that need `width` bytes at most; gives the layout's code.
pub fn lay(numbers: &[u64], layout: Layout, width: usize, out: &mut Vec<u8>) -> u8 {
    let wide = u8::try_from(width << 4).unwrap_or(0x80);
    out.clear();
    match layout {
        Layout::Varint => {
            out.reserve(2 * numbers.len());
            for number in numbers {
                put(out, *number);
            }
            VARINT
        }
        Layout::Fixed => {
            match width {
                1 => lay_fixed::<1>(numbers, out),
                2 => lay_fixed::<2>(numbers, out),
                4 => lay_fixed::<4>(numbers, out),
                _ => {
                    // Each is laid over what is too much of the one before.
                    out.resize(width * numbers.len() + 8, 0);
                    for (place, number) in numbers.iter().enumerate() {
                        out[place * width..place * width + 8].copy_from_slice(&number.to_le_bytes());
                    }
                    out.truncate(width * numbers.len());
                }
            }
            FIXED | wide
        }
        Layout::Planes => {
            out.reserve(width * numbers.len());
            for plane in 0..width {
                out.extend(numbers.iter().map(|number| (number >> (8 * plane)).to_le_bytes()[0]));
            }
            PLANES | wide
        }
        Layout::Buckets => {
            out.reserve(4 * numbers.len());
            out.extend(numbers.iter().map(|number| bucket(*number)));
            let (mut waiting, mut have) = (0_u128, 0);
            for (place, number) in numbers.iter().enumerate() {
                let bits = noise(out[place]);
                waiting |= u128::from(number & ((1 << bits) - 1)) << have;
                have += bits;
                if have >= 64 {
                    out.extend_from_slice(&waiting.to_le_bytes()[..8]);
                    (waiting, have) = (waiting >> 64, have - 64);
                }
            }
            out.extend_from_slice(&waiting.to_le_bytes()[..have.div_ceil(8)]);
            BUCKETS
        }
    }
}

fn lay_fixed<const WIDTH: usize>(numbers: &[u64], out: &mut Vec<u8>) {
    out.resize(WIDTH * numbers.len(), 0);
    for (laid, number) in out.as_chunks_mut::<WIDTH>().0.iter_mut().zip(numbers) {
        laid.copy_from_slice(&number.to_le_bytes()[..WIDTH]);
    }
}

/// Numbers as they are laid out, with the width; or at hand.
pub enum Laid {
    Constant(u64),
    Varint(Vec<u8>),
    Fixed(Vec<u8>, usize),
    Planes(Vec<u8>, usize),
    Buckets(Vec<u8>),
    /// Half of each.
    Halved(Box<Self>),
}

impl Laid {
    /// All `count` of them.
    pub fn numbers(self, count: usize) -> Result<Vec<u64>, Damaged> {
        self.first(count, count)
    }

    /// The first of `count`.
    pub fn first(self, first: usize, count: usize) -> Result<Vec<u64>, Damaged> {
        match self {
            Self::Constant(number) => Ok(vec![number; first]),
            Self::Varint(bytes) => varints(&bytes, first),
            Self::Fixed(bytes, width) => Ok(fixed(bytes.get(..first * width).unwrap_or(&bytes), width)),
            Self::Planes(bytes, width) => Ok(planes(&bytes, width, first, count)),
            Self::Buckets(bytes) => buckets(&bytes, first, count),
            Self::Halved(laid) => Ok(laid.first(first, count)?.into_iter().map(|half| half << 1).collect()),
        }
    }
}

/// Numbers of one width.
fn fixed(bytes: &[u8], width: usize) -> Vec<u64> {
    let wide = |chunk: &[u8]| {
        let mut number = [0; 8];
        number[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(number)
    };
    match width {
        1 => bytes.iter().map(|byte| u64::from(*byte)).collect(),
        2 => bytes.as_chunks::<2>().0.iter().map(|chunk| u64::from(u16::from_le_bytes(*chunk))).collect(),
        4 => bytes.as_chunks::<4>().0.iter().map(|chunk| u64::from(u32::from_le_bytes(*chunk))).collect(),
        8 => bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect(),
        _ => bytes.chunks_exact(width).map(wide).collect(),
    }
}

/// `count` numbers of one width of up to 4 bytes, in planes.
pub fn small_planes(bytes: &[u8], width: usize, count: usize) -> Vec<u32> {
    let mut numbers = vec![0; count];
    for plane in 0..width.min(4) {
        let bytes = &bytes[plane * count..(plane + 1) * count];
        for (number, byte) in numbers.iter_mut().zip(bytes) {
            *number |= u32::from(*byte) << (8 * plane);
        }
    }
    numbers
}

/// The first of `count` numbers of one width, in planes.
fn planes(bytes: &[u8], width: usize, first: usize, count: usize) -> Vec<u64> {
    // Planes are joined by twos, so that each step works on what is as narrow as can be.
    let plane = |plane: usize| bytes.get(plane * count..plane * count + first).unwrap_or_default();
    let pair = |first: usize| -> Vec<u16> {
        let (low, high) = (plane(first).iter(), plane(first + 1).iter());
        low.zip(high).map(|(low, high)| u16::from(*low) | u16::from(*high) << 8).collect()
    };
    let half = |first: usize, width: usize| -> Vec<u32> {
        match width {
            1 => plane(first).iter().map(|byte| u32::from(*byte)).collect(),
            2 => pair(first).into_iter().map(u32::from).collect(),
            3 => {
                let high = plane(first + 2).iter();
                pair(first)
                    .into_iter()
                    .zip(high)
                    .map(|(low, high)| u32::from(low) | u32::from(*high) << 16)
                    .collect()
            }
            _ => {
                let high = pair(first + 2).into_iter();
                pair(first)
                    .into_iter()
                    .zip(high)
                    .map(|(low, high)| u32::from(low) | u32::from(high) << 16)
                    .collect()
            }
        }
    };
    let low = half(0, width.min(4)).into_iter();
    match width {
        ..=4 => low.map(u64::from).collect(),
        _ => low.zip(half(4, width - 4)).map(|(low, high)| u64::from(low) | u64::from(high) << 32).collect(),
    }
}
