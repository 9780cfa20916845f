//! Numbers for things that come again: small hash tables that hold indexes into lists kept elsewhere.
//!
//! Keys come from outside (paths), so that the hash begins with a number drawn when the process starts, as the standard
//! library's does; it is a few times faster on short keys.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Deref;
use std::sync::OnceLock;

use super::build::number;

const EMPTY: u32 = u32::MAX;
/// Odd constants without structure (digits of pi).
const K: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| RandomState::new().hash_one(K))
}

/// An odd number to multiply small numbers with: the top bits of the products tell them apart.
pub fn multiplier() -> u64 {
    seed() | 1
}

/// Multiplies to 128 bits and folds the halves.
const fn fold(a: u64, b: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
    let low = (a as u128 * b as u128) as u64;
    low ^ ((a as u128 * b as u128) >> 64) as u64
}

/// Mixes one more number into a hash.
pub const fn mix(hash: u64, number: u64) -> u64 {
    fold(hash ^ number, K[0])
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let length = bytes.len().min(8);
    word[..length].copy_from_slice(&bytes[..length]);
    u64::from_le_bytes(word)
}

/// Hash of some bytes.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = seed() ^ (bytes.len() as u64).wrapping_mul(K[1]);
    let (pairs, rest) = bytes.as_chunks::<16>();
    for pair in pairs {
        let (a, b) = pair.split_at(8);
        hash = fold(word(a) ^ K[1], word(b) ^ hash);
    }
    let (a, b) = rest.split_at(rest.len().min(8));
    fold(fold(word(a) ^ K[1], word(b) ^ hash), K[0])
}

/// Hash of numbers.
pub fn hash_numbers(numbers: &[u64]) -> u64 {
    numbers.iter().fold(seed(), |hash, number| mix(hash, *number))
}

/// Hashes for the standard library's maps with keys that come from outside, as above.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seeded;

impl BuildHasher for Seeded {
    type Hasher = Mixing;

    fn build_hasher(&self) -> Mixing {
        Mixing(seed())
    }
}

/// A hash in the making.
#[derive(Debug)]
pub struct Mixing(u64);

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        // The table takes the top bits and the bottom ones.
        mix(self.0, K[1])
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0, hash(bytes));
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0, number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

/// Open addressing with linear steps, at most half full.
#[derive(Debug)]
pub struct Table {
    /// Upper half of the hash, by whose low bits it is found, and the index.
    slots: Vec<(u32, u32)>,
    used: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Table {
    /// With room for some.
    pub fn new(room: usize) -> Self {
        Self { slots: vec![(0, EMPTY); (2 * room).next_power_of_two().max(16)], used: 0 }
    }

    /// Index of a key by its hash: `same` tells whether an index is of an equal key; if none is, `next` is put in and
    /// `None` given.
    pub fn find(&mut self, hash: u64, next: u32, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mark = (hash >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut at = mark as usize & mask;
        loop {
            match self.slots[at] {
                (_, EMPTY) => break,
                (other, index) if other == mark && same(index) => return Some(index),
                _ => at = (at + 1) & mask,
            }
        }
        self.slots[at] = (mark, next);
        self.used += 1;
        if 2 * self.used >= self.slots.len() {
            self.grow();
        }
        None
    }

    /// Has the memory fetched where a hash will be looked for. Done for some before they are looked for, they wait for
    /// memory at the same time and not one after the other.
    pub fn fetch(&self, hash: u64) {
        let mask = self.slots.len() - 1;
        std::hint::black_box(self.slots[(hash >> 32) as usize & mask].1);
    }

    /// Lets go of all keys; the room stays.
    pub fn clear(&mut self) {
        self.slots.fill((0, EMPTY));
        self.used = 0;
    }

    fn grow(&mut self) {
        let mut slots = vec![(0, EMPTY); 2 * self.slots.len()];
        let mask = slots.len() - 1;
        for (mark, index) in self.slots.iter().filter(|(_, index)| *index != EMPTY) {
            let mut at = *mark as usize & mask;
            while slots[at].1 != EMPTY {
                at = (at + 1) & mask;
            }
            slots[at] = (*mark, *index);
        }
        self.slots = slots;
    }
}

/// Strings of bytes, each once.
#[derive(Debug, Default)]
pub struct Interned {
    list: Vec<Vec<u8>>,
    table: Table,
    /// Number of the one that was asked for last.
    last: u32,
}

impl Interned {
    /// Number of one, which is added if it is new.
    pub fn number(&mut self, bytes: &[u8]) -> u32 {
        let list = &mut self.list;
        if list.get(self.last as usize).is_some_and(|last| last == bytes) {
            return self.last;
        }
        let next = number(list.len());
        let known = |index: u32| list.get(index as usize).is_some_and(|known| known == bytes);
        self.last = self.table.find(hash(bytes), next, known).unwrap_or_else(|| {
            list.push(bytes.to_vec());
            next
        });
        self.last
    }

    /// Lets go of all of them.
    pub fn clear(&mut self) {
        self.list.clear();
        self.table.clear();
    }

    /// The same ones, to be looked at and not added to.
    pub fn list(&self) -> Self {
        Self { list: self.list.clone(), ..Self::default() }
    }
}

impl Deref for Interned {
    type Target = [Vec<u8>];

    fn deref(&self) -> &[Vec<u8>] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, hash};

    #[test]
    fn equal_keys_get_the_same_number_and_others_new_ones() {
        let keys: Vec<String> = (0..5000).map(|n| format!("/usr/lib/part{}", n % 1500)).collect();
        let mut list: Vec<&str> = Vec::new();
        let mut table = Table::new(4);
        for key in &keys {
            let next = u32::try_from(list.len()).unwrap();
            let found = table.find(hash(key.as_bytes()), next, |index| list[index as usize] == key);
            match found {
                Some(index) => assert_eq!(list[index as usize], key),
                None => {
                    list.push(key);
                }
            }
        }
        assert_eq!(list.len(), 1500);
    }

    #[test]
    fn every_byte_of_a_key_counts() {
        for length in 0..40_usize {
            let key = vec![b'a'; length];
            let mut seen = vec![hash(&key), hash(&vec![b'a'; length + 1])];
            for at in 0..length {
                let mut other = key.clone();
                other[at] = b'b';
                seen.push(hash(&other));
            }
            let count = seen.len();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), count, "{length}");
        }
    }
}
