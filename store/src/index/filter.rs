//! Filters: whether a term may be there. Bloom filters in parts small enough to be read where they are stored, each with
//! its own check, so that asking costs one or two short reads and no memory.

use crate::bytes::Damaged;
use crate::limits::{FILTER_BITS, FILTER_PART};

/// Probes of a term: one more than the best number for [`FILTER_BITS`] bits a term (times the logarithm of 2); the best one
/// for the 10 bits of format 2.
const PROBES: u32 = 7;
/// Bytes of BLAKE3 that end a part.
const CHECK: usize = 4;
/// Bytes of the number of parts that begin one.
const HEAD: usize = 2;

/// What a term is; the same text as something else is another term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Term {
    /// A whole path.
    Path = 1,
    /// A directory that a path is in, with the slash that ends it.
    Directory = 2,
    /// Last component of a path.
    Name = 3,
    /// A pid (little-endian u32).
    Pid = 4,
}

/// Hash of a term, part of the format. It guards against nothing: who makes terms collide makes questions slower.
pub fn hash(term: Term, bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (u64::from(term as u8) << 56) ^ bytes.len() as u64;
    let mut step = |word: [u8; 8]| {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
        hash ^= hash >> 29;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        step(*word);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    step(last);
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

/// Hashes of a path and of the directories that it is in: see [`directory_terms`].
pub fn path_terms<'a>(path: &'a [u8], new: impl FnMut(&'a [u8]) -> bool, out: &mut Vec<u64>) {
    out.push(hash(Term::Path, path));
    directory_terms(path, new, out);
}

/// Hashes of the directories that a path is in, the root left out; only where `new` says that one was not met yet.
pub fn directory_terms<'a>(path: &'a [u8], mut new: impl FnMut(&'a [u8]) -> bool, out: &mut Vec<u64>) {
    let mut rest = path;
    while let Some(slash) = rest.iter().rposition(|byte| *byte == b'/').filter(|slash| *slash > 0) {
        let directory = &path[..=slash];
        // Who met a directory has met those that it is in.
        if !new(directory) {
            return;
        }
        out.push(hash(Term::Directory, directory));
        rest = &rest[..slash];
    }
}

/// Part of a filter in which a term is.
pub fn part(hash: u64, parts: u16) -> u16 {
    let place = ((hash >> 48) * u64::from(parts)) >> 16;
    u16::try_from(place).unwrap_or(0)
}

fn probes(hash: u64, bits: u32) -> impl Iterator<Item = usize> {
    let mixed = (hash ^ (hash >> 31)).wrapping_mul(0x9fb2_1c65_1e98_df25);
    let (from, step) = (low(mixed), low(mixed >> 32) | 1);
    (0..PROBES).map(move |probe| {
        let place = u64::from(from.wrapping_add(probe.wrapping_mul(step)));
        usize::try_from((place * u64::from(bits)) >> 32).unwrap_or(0)
    })
}

fn low(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The parts of a filter of terms, by their hashes; each should be there only once.
pub fn parts(hashes: &[u64]) -> Vec<Vec<u8>> {
    let bytes = (hashes.len() * FILTER_BITS).div_ceil(8).max(8);
    let count = u16::try_from(bytes.div_ceil(FILTER_PART)).unwrap_or(u16::MAX);
    let size = bytes.div_ceil(usize::from(count)).min(2 * FILTER_PART);
    let mut parts = vec![vec![0_u8; HEAD + size]; usize::from(count)];
    let bits = u32::try_from(size * 8).unwrap_or(u32::MAX);
    for hash in hashes {
        let part = &mut parts[usize::from(part(*hash, count))];
        for bit in probes(*hash, bits) {
            part[HEAD + bit / 8] |= 1 << (bit % 8);
        }
    }
    for part in &mut parts {
        part[..HEAD].copy_from_slice(&count.to_le_bytes());
        let check = blake3::hash(part);
        part.extend_from_slice(&check.as_bytes()[..CHECK]);
    }
    parts
}

/// A part as stored, checked.
fn checked(part: &[u8]) -> Result<(u16, &[u8]), Damaged> {
    let damaged = Damaged("a filter does not fit its checksum");
    let (body, check) = part.split_last_chunk::<CHECK>().ok_or(damaged)?;
    if blake3::hash(body).as_bytes()[..CHECK] != *check {
        return Err(damaged);
    }
    let (count, bits) = body.split_first_chunk::<HEAD>().ok_or(damaged)?;
    let count = u16::from_le_bytes(*count);
    if count == 0 || bits.is_empty() { Err(damaged) } else { Ok((count, bits)) }
}

/// How many parts the filter has of which this is one.
pub fn count(part: &[u8]) -> Result<u16, Damaged> {
    checked(part).map(|(count, _)| count)
}

/// Whether a term may be there, by the part in which it would be.
pub fn may_have(part: &[u8], hash: u64) -> Result<bool, Damaged> {
    let (_, bits) = checked(part)?;
    let size = u32::try_from(bits.len() * 8).map_err(|_| Damaged("a filter is too large"))?;
    Ok(probes(hash, size).all(|bit| bits.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0)))
}

#[cfg(test)]
mod tests {
    use super::{Term, count, hash, may_have, part, parts, path_terms};

    fn term(number: u64) -> u64 {
        hash(Term::Path, format!("/a/{number}").as_bytes())
    }

    #[test]
    fn what_is_there_is_found_and_little_else() {
        for terms in [0, 1, 5, 4_000, 60_000] {
            let parts = parts(&(0..terms).map(term).collect::<Vec<_>>());
            let asked = |number| {
                let count = count(&parts[0]).unwrap();
                assert_eq!(usize::from(count), parts.len());
                may_have(&parts[usize::from(part(term(number), count))], term(number)).unwrap()
            };
            assert!((0..terms).all(asked));
            let wrong = (terms..terms + 20_000).filter(|number| asked(*number)).count();
            assert!(wrong < 700, "{wrong} of 20000 with {terms} terms");
        }
    }

    #[test]
    fn a_changed_bit_is_damage() {
        let good = parts(&(0..100).map(term).collect::<Vec<_>>()).remove(0);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(may_have(&bad, 1).is_err());
        }
        assert!(may_have(&[], 1).is_err());
    }

    #[test]
    fn a_path_is_in_all_of_its_directories() {
        let mut met = Vec::new();
        let mut out = Vec::new();
        path_terms(
            b"/a/bc/d",
            |directory| {
                met.push(directory);
                true
            },
            &mut out,
        );
        assert_eq!(met, [b"/a/bc/".as_slice(), b"/a/"]);
        assert_eq!(out.len(), 3);
    }
}
