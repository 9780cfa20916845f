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
/// How numbers are laid out where there is no time to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Small numbers and a few large ones.
    Varint,
    /// Numbers that come again as a whole.
    Fixed,
    /// Numbers whose low bits are noise.
    Planes,
}

/// `count` numbers of variable length. Most have one byte or two, which are read without a loop.
pub fn varints(bytes: &[u8], count: usize) -> Result<Vec<u64>, Damaged> {
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
            out.reserve(width * numbers.len() + 8);
            for number in numbers {
                out.extend_from_slice(&number.to_le_bytes()[..width]);
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
    }
}

/// Numbers as they are laid out, with the width.
pub enum Laid {
    Constant(u64),
    Varint(Vec<u8>),
    Fixed(Vec<u8>, usize),
    Planes(Vec<u8>, usize),
}

/// Numbers of one width.
pub fn fixed(bytes: &[u8], width: usize) -> Vec<u64> {
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

/// `count` numbers of one width, in planes.
pub fn planes(bytes: &[u8], width: usize, count: usize) -> Vec<u64> {
    let mut numbers = vec![0; count];
    for plane in 0..width {
        // A plane of the high bytes is often nothing at all.
        let bytes = &bytes[plane * count..(plane + 1) * count];
        for (number, byte) in numbers.iter_mut().zip(bytes) {
            *number |= u64::from(*byte) << (8 * plane);
        }
    }
    numbers
}
