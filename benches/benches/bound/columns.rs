//! Columns of the whole stream, each in several forms.

use std::io;
use std::path::{Path, PathBuf};

/// A directory of columns.
pub struct Out(PathBuf);

/// An order of rows, by name.
pub type Order<'a> = (&'a str, &'a [u32]);

impl Out {
    /// Makes it.
    pub fn new(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        Ok(Self(dir.to_owned()))
    }

    /// One of several ways to tell a sort of thing.
    pub fn way(&self, sort: &str, way: &str) -> io::Result<Self> {
        Self::new(&self.0.join(format!("{sort}={way}")))
    }

    /// A column of bytes in some form.
    pub fn bytes(&self, name: &str, form: &str, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        std::fs::write(self.0.join(format!("{name}~{form}")), bytes)
    }

    /// A column of numbers in each order; all must be orders that a decoder knows by then.
    pub fn ordered(&self, name: &str, numbers: &[u64], orders: &[Order<'_>]) -> io::Result<()> {
        for (order, rows) in orders {
            let numbers: Vec<u64> = rows.iter().map(|row| numbers[*row as usize]).collect();
            self.numbers(name, order, &numbers)?;
        }
        Ok(())
    }

    /// A column of numbers in each layout.
    pub fn numbers(&self, name: &str, form: &str, numbers: &[u64]) -> io::Result<()> {
        let first = numbers.first().copied().unwrap_or(0);
        if numbers.iter().all(|number| *number == first) {
            return Ok(());
        }
        let mut varints = Vec::new();
        for number in numbers {
            varint(&mut varints, *number);
        }
        let width = (64 - numbers.iter().fold(0, |union, number| union | number).leading_zeros()).div_ceil(8);
        let width = width as usize;
        self.bytes(name, &format!("{form}-varint"), &varints)?;
        if width == 1 {
            return Ok(());
        }
        let byte = |number: &u64, place: usize| number.to_le_bytes()[place];
        let fixed: Vec<u8> =
            numbers.iter().flat_map(|number| (0..width).map(|place| byte(number, place))).collect();
        self.bytes(name, &format!("{form}-fixed"), &fixed)?;
        let planes: Vec<u8> =
            (0..width).flat_map(|place| numbers.iter().map(move |number| byte(number, place))).collect();
        self.bytes(name, &format!("{form}-planes"), &planes)?;
        let (buckets, bits) = buckets(numbers);
        self.bytes(name, &format!("{form}-buckets"), &buckets)?;
        self.bytes(name, &format!("{form}-buckets~bits"), &bits)
    }
}

/// Unsigned LEB128.
pub fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// A number near 0 as one without a sign.
pub const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// Bytes with their length before them.
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The store's buckets (docs/FORMAT.md), and the bits that tell apart what is in one.
fn buckets(numbers: &[u64]) -> (Vec<u8>, Vec<u8>) {
    let (mut buckets, mut bits) = (Vec::with_capacity(numbers.len()), Vec::new());
    let (mut held, mut count) = (0_u128, 0);
    for number in numbers {
        let length = 64 - number.leading_zeros();
        if length < 3 {
            buckets.push(number.to_le_bytes()[0]);
            continue;
        }
        let lower = length - 2;
        let second = number >> lower & 1;
        buckets.push((u64::from(2 * (length - 1)) + second).to_le_bytes()[0]);
        held |= u128::from(number & ((1 << lower) - 1)) << count;
        count += lower;
        while count >= 8 {
            bits.push(held.to_le_bytes()[0]);
            held >>= 8;
            count -= 8;
        }
    }
    if count > 0 {
        bits.push(held.to_le_bytes()[0]);
    }
    (buckets, bits)
}

/// Rows sorted by a key, and by their numbers where that is the same.
pub fn sorted_by<K: Ord>(rows: usize, key: impl Fn(usize) -> K) -> Vec<u32> {
    let mut order: Vec<u32> = (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect();
    order.sort_by_cached_key(|row| (key(*row as usize), *row));
    order
}
