//! Cursors: where a query goes on. Opaque, and of use to the very query that gave them only.

use event::Nanos;

use crate::decode::hex_digit;

pub(crate) const FORMAT: u8 = 1;
/// Bytes of the query's hash, and of the seal.
const SHORT: usize = 8;
/// Key of the seal. It is no secret: the seal tells a cursor that was changed or mistyped from a sound one, it
/// does not guard anything (a cursor gives no rights that its query has not).
const SEAL: &str = "tachograph query cursor 1";

/// A place in the answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The query (all but `cursor`, `limit` and the output's form).
    pub(crate) query: [u8; SHORT],
    /// `since`, `until` and `at` as the first page understood them: relative ones must not move between pages.
    pub(crate) times: [Option<Nanos>; 3],
    /// The last thing of the page before.
    pub(crate) position: Vec<u8>,
}

impl Cursor {
    /// The hash by which a cursor knows its query.
    pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> [u8; SHORT] {
        let mut hasher = blake3::Hasher::new();
        for part in parts.into_iter().flat_map(|(name, value)| [name, value]) {
            hasher.update(&part.len().to_le_bytes());
            hasher.update(part.as_bytes());
        }
        shortened(&hasher.finalize())
    }

    pub(crate) fn encode(&self) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.query);
        for time in self.times {
            bytes.push(time.is_some().into());
            bytes.extend(time.unwrap_or(0).to_be_bytes());
        }
        bytes.extend(&self.position);
        sealed(bytes)
    }

    /// `None` if it is nothing that [`Cursor::encode`] gives.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let (digits, []) = text.as_bytes().as_chunks::<2>() else { return None };
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let bytes: Vec<u8> = digits
            .iter()
            .map(|[high, low]| Some(hex_digit(*high)? << 4 | hex_digit(*low)?))
            .collect::<Option<_>>()?;
        let (sealed, given) = bytes.split_last_chunk::<SHORT>()?;
        if seal(sealed) != *given {
            return None;
        }
        let (&[FORMAT], rest) = sealed.split_first_chunk::<1>()? else { return None };
        let (query, mut rest) = rest.split_first_chunk::<SHORT>()?;
        let mut times = [None; 3];
        for time in &mut times {
            let ([given], after) = rest.split_first_chunk::<1>()?;
            let (value, after) = after.split_first_chunk::<8>()?;
            *time = (*given == 1).then(|| Nanos::from_be_bytes(*value));
            rest = after;
        }
        Some(Self { query: *query, times, position: rest.to_vec() })
    }
}

/// A cursor's bytes with their seal, as text.
pub(crate) fn sealed(mut bytes: Vec<u8>) -> String {
    bytes.extend(seal(&bytes));
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

fn seal(bytes: &[u8]) -> [u8; SHORT] {
    shortened(&blake3::Hasher::new_derive_key(SEAL).update(bytes).finalize())
}

fn shortened(hash: &blake3::Hash) -> [u8; SHORT] {
    let mut short = [0; SHORT];
    short.copy_from_slice(&hash.as_bytes()[..SHORT]);
    short
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    fn sample() -> Cursor {
        Cursor {
            query: Cursor::hash([("pid", "7")]),
            times: [Some(-5), None, Some(i64::MAX)],
            position: vec![1, 2, 3],
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        assert_eq!(Cursor::decode(&sample().encode()), Some(sample()));
        let empty = Cursor { position: vec![], ..sample() };
        assert_eq!(Cursor::decode(&empty.encode()), Some(empty));
    }

    #[test]
    fn a_cursor_with_any_digit_changed_is_none() {
        let sound = sample().encode();
        for at in 0..sound.len() {
            for digit in ["0", "7", "f", "A", "g", "\u{e9}"] {
                let mut changed = sound.clone();
                changed.replace_range(at..=at, digit);
                assert!(changed == sound || Cursor::decode(&changed).is_none(), "{changed}");
            }
            assert!(Cursor::decode(&sound[..at]).is_none());
        }
        assert!(Cursor::decode(&format!("{sound}00")).is_none());
    }

    #[test]
    fn queries_differ_in_their_hash_by_every_part() {
        let hashes = [
            Cursor::hash([("pid", "7")]),
            Cursor::hash([("pid", "71")]),
            Cursor::hash([("ppid", "7")]),
            Cursor::hash([("pid", "7"), ("pid", "8")]),
            Cursor::hash([("pi", "d7")]),
            Cursor::hash([]),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..index].contains(hash));
        }
    }
}
