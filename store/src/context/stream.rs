//! Streams of `MessagePack` values, packed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bytes::{Damaged, pack, unpack};
use crate::limits::MAX_SECTION;

/// One value of a stream.
pub fn encode_one<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec(value).unwrap_or_default()
}

/// Packs a stream.
pub fn pack_stream(stream: &[u8], level: i32) -> Vec<u8> {
    pack(stream, level)
}

/// Unpacks a stream.
pub fn unpack_stream(value: &[u8]) -> Result<Vec<u8>, Damaged> {
    unpack(value, MAX_SECTION)
}

/// The values of a stream.
pub fn decode_stream<T: DeserializeOwned>(mut stream: &[u8]) -> Result<Vec<T>, Damaged> {
    let mut values = Vec::new();
    while !stream.is_empty() {
        values.push(rmp_serde::from_read(&mut stream).map_err(|_| Damaged("a value is damaged"))?);
    }
    Ok(values)
}
