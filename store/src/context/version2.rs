//! Chunks of contexts of formats 1 and 2: a packed stream of `MessagePack` values, which is skipped through to find one.

use event::Context;

use crate::bytes::{Damaged, unpack};
use crate::limits::MAX_SECTION;

/// A chunk of contexts of formats 1 and 2, unpacked, of which each is decoded when it is asked for.
#[derive(Debug, Default)]
pub struct Stream {
    stream: Vec<u8>,
    /// Id, and where it is in the stream; by id.
    places: Vec<(u64, u32, u32)>,
}

impl Stream {
    /// From a stored value.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        let stream = unpack(value, MAX_SECTION)?;
        let mut places = Vec::new();
        let mut rest = stream.as_slice();
        let place = |rest: &[u8]| u32::try_from(stream.len() - rest.len()).unwrap_or(u32::MAX);
        while !rest.is_empty() {
            let from = place(rest);
            let id = first(rest).ok_or(Damaged("a context has no id"))?;
            rest = skip(rest).ok_or(Damaged("a context is cut off"))?;
            places.push((id, from, place(rest)));
        }
        places.sort_by_key(|place| place.0);
        Ok(Self { stream, places })
    }

    fn decode(&self, (_, from, to): (u64, u32, u32)) -> Result<Context, Damaged> {
        let bytes = self.stream.get(from as usize..to as usize).unwrap_or_default();
        rmp_serde::from_slice(bytes).map_err(|_| Damaged("a context is damaged"))
    }

    /// A context; `None` if it is not there.
    pub fn get(&self, id: u64) -> Result<Option<Context>, Damaged> {
        let Ok(at) = self.places.binary_search_by_key(&id, |place| place.0) else { return Ok(None) };
        self.decode(self.places[at]).map(Some)
    }

    /// All contexts, by id.
    pub fn all(&self) -> impl Iterator<Item = Result<Context, Damaged>> {
        self.places.iter().map(|place| self.decode(*place))
    }

    /// Bytes in memory.
    pub const fn size(&self) -> usize {
        self.stream.len() + self.places.len() * 16
    }
}

/// First field of a struct, if that is an unsigned number.
fn first(value: &[u8]) -> Option<u64> {
    let rest = match value.split_first()? {
        (0x90..=0x9f, rest) => rest,
        (0xdc, rest) => rest.get(2..)?,
        _ => return None,
    };
    let (marker, rest) = rest.split_first()?;
    let number = |size: usize| {
        let bytes = rest.get(..size)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    match marker {
        0..=0x7f => Some(u64::from(*marker)),
        0xcc => number(1),
        0xcd => number(2),
        0xce => number(4),
        0xcf => number(8),
        _ => None,
    }
}

/// What comes after a `MessagePack` value; `None` if it is cut off or none.
fn skip(mut rest: &[u8]) -> Option<&[u8]> {
    let mut values = 1_u64;
    while values > 0 {
        values -= 1;
        let (marker, after) = rest.split_first()?;
        let number = |size: usize| {
            let bytes = after.get(..size)?;
            Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        };
        // Bytes that follow the marker, and values in it.
        let (bytes, inner) = match *marker {
            0..=0x7f | 0xc0..=0xc3 | 0xe0..=0xff => (0, 0),
            0x80..=0x8f => (0, 2 * u64::from(marker & 15)),
            0x90..=0x9f => (0, u64::from(marker & 15)),
            0xa0..=0xbf => (u64::from(marker & 31), 0),
            0xc4 | 0xd9 => (1 + number(1)?, 0),
            0xc5 | 0xda => (2 + number(2)?, 0),
            0xc6 | 0xdb => (4 + number(4)?, 0),
            0xc7 => (2 + number(1)?, 0),
            0xc8 => (3 + number(2)?, 0),
            0xc9 => (5 + number(4)?, 0),
            0xca | 0xce | 0xd2 => (4, 0),
            0xcb | 0xcf | 0xd3 => (8, 0),
            0xcc | 0xd0 => (1, 0),
            0xcd | 0xd1 => (2, 0),
            0xd4..=0xd8 => (1 + (1 << (marker - 0xd4)), 0),
            0xdc => (2, number(2)?),
            0xdd => (4, number(4)?),
            0xde => (2, 2 * number(2)?),
            0xdf => (4, 2 * number(4)?),
        };
        rest = after.get(usize::try_from(bytes).ok()?..)?;
        // Each value takes a byte, so that no more than these can come.
        values += inner;
        if values > rest.len() as u64 {
            return None;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::{first, skip};

    #[test]
    fn values_are_skipped_as_they_were_written() {
        let long = "x".repeat(70_000);
        let values = (
            (1_u8, 200_u8, 60_000_u16, u32::MAX, u64::MAX, -1_i8, i16::MIN, i32::MIN, i64::MIN),
            (None::<u8>, true, 1.5_f32, 2.5_f64),
            ("short", &long[..40], &long[..300], &long),
            (vec![3_u8; 20], vec![0_u16; 70_000], [1_u8; 16]),
            std::collections::BTreeMap::from([("a", vec![1]), ("b", vec![])]),
        );
        let mut bytes = rmp_serde::to_vec(&values).unwrap();
        let length = bytes.len();
        bytes.extend([0x01, 0x02]);
        assert_eq!(skip(&bytes), Some(&[0x01, 0x02][..]));
        for cut in (0..length).step_by(97) {
            assert_eq!(skip(&bytes[..cut]), None);
        }
    }

    #[test]
    fn the_first_field_is_told() {
        for id in [0, 5, 200, 60_000, 1 << 30, u64::MAX] {
            assert_eq!(first(&rmp_serde::to_vec(&(id, "x")).unwrap()), Some(id));
        }
        assert_eq!(first(&rmp_serde::to_vec(&("x", 1)).unwrap()), None);
        assert_eq!(first(&[]), None);
        assert_eq!(skip(&[0xdd, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(skip(&[0xc1]), Some(&[][..]));
    }
}
