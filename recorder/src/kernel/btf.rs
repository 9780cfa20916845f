//! Offsets of structure members from BTF (Documentation/bpf/btf.rst of the kernel).
//!
//! A reader of its own: aya keeps its lookup of members private, `btf-rs` is LGPL, and `btfparse` finds types by name
//! alone, whatever their kind. It borrows the bytes and keeps one index of them.

use std::collections::HashMap;

const MAGIC: u16 = 0xeb9f;
const HEADER: usize = 24;
const TYPE: usize = 12;
/// Anonymous members and modifiers nested deeper than this are not followed.
const DEPTH: u32 = 16;

/// `BTF_KIND_*`.
mod kind {
    pub const INT: u32 = 1;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNC_PROTO: u32 = 13;
    pub const VAR: u32 = 14;
    pub const DATASEC: u32 = 15;
    pub const DECL_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

/// The bytes are no BTF of this machine's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not BTF: damaged at byte {at}")]
pub struct BtfError {
    /// Where.
    pub at: usize,
}

/// Types by id, and structures by name.
pub struct Btf<'a> {
    bytes: &'a [u8],
    strings: &'a [u8],
    /// Position of each type, by id; id 0 is `void`.
    types: Vec<u32>,
    structures: HashMap<&'a [u8], u32>,
}

#[derive(Clone, Copy)]
struct Type {
    kind: u32,
    flag: bool,
    members: u32,
    /// `size` or `type`.
    value: u32,
    at: usize,
}

impl<'a> Btf<'a> {
    /// Indexes the contents of `/sys/kernel/btf/vmlinux`.
    ///
    /// # Errors
    /// If the bytes are cut or of another format.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BtfError> {
        let damaged = |at: usize| BtfError { at };
        let word = |at: usize| u32_at(bytes, at).ok_or(damaged(at));
        if word(0)? & 0xffff != u32::from(MAGIC) {
            return Err(damaged(0));
        }
        let header = word(4)? as usize;
        let (types, types_len) = (word(8)? as usize, word(12)? as usize);
        let (strings, strings_len) = (word(16)? as usize, word(20)? as usize);
        let section = |offset: usize, length: usize| {
            let start = header.checked_add(offset)?;
            Some((start, start.checked_add(length).filter(|end| *end <= bytes.len())?))
        };
        if header < HEADER {
            return Err(damaged(4));
        }
        let (start, end) = section(types, types_len).ok_or(damaged(8))?;
        let (strings, strings_end) = section(strings, strings_len).ok_or(damaged(16))?;
        let mut btf = Self {
            bytes,
            strings: &bytes[strings..strings_end],
            types: vec![u32::MAX],
            structures: HashMap::new(),
        };
        let mut at = start;
        while at < end {
            let id = u32::try_from(btf.types.len()).map_err(|_| damaged(at))?;
            btf.types.push(u32::try_from(at).map_err(|_| damaged(at))?);
            let found = btf.read(id).ok_or(damaged(at))?;
            if found.kind == kind::STRUCT
                && found.members > 0
                && let Some(name) = btf.name(word(at)?)
            {
                btf.structures.entry(name).or_insert(id);
            }
            at += TYPE + trailer(found);
        }
        Ok(btf)
    }

    /// Offset in bytes of a member ("a.b"; anonymous members are looked through).
    #[must_use]
    pub fn offset(&self, structure: &str, path: &str) -> Option<u32> {
        let mut id = *self.structures.get(structure.as_bytes())?;
        let mut bits = 0u32;
        for name in path.split('.') {
            let (offset, next) = self.member(id, name.as_bytes(), DEPTH)?;
            bits = offset.checked_add(bits)?;
            id = next;
        }
        // Bit fields have no address.
        bits.is_multiple_of(8).then_some(bits / 8)
    }

    /// Offset in bits and type of a member.
    fn member(&self, id: u32, wanted: &[u8], depth: u32) -> Option<(u32, u32)> {
        let depth = depth.checked_sub(1)?;
        let found = self.resolve(id)?;
        if found.kind != kind::STRUCT && found.kind != kind::UNION {
            return None;
        }
        (0..found.members as usize).find_map(|index| {
            let at = found.at + TYPE + index * 12;
            let (name, kind, offset) =
                (u32_at(self.bytes, at)?, u32_at(self.bytes, at + 4)?, u32_at(self.bytes, at + 8)?);
            // With the flag, the upper byte is the width of a bit field.
            let offset = if found.flag { offset & 0x00ff_ffff } else { offset };
            match self.name(name) {
                Some(name) if name == wanted => Some((offset, kind)),
                Some(_) => None,
                None => self
                    .member(kind, wanted, depth)
                    .and_then(|(inner, kind)| Some((offset.checked_add(inner)?, kind))),
            }
        })
    }

    /// The type behind typedefs and qualifiers.
    fn resolve(&self, mut id: u32) -> Option<Type> {
        for _ in 0..DEPTH {
            let found = self.read(id)?;
            match found.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = found.value;
                }
                _ => return Some(found),
            }
        }
        None
    }

    fn read(&self, id: u32) -> Option<Type> {
        let at = *self.types.get(id as usize)? as usize;
        let info = u32_at(self.bytes, at.checked_add(4)?)?;
        Some(Type {
            kind: info >> 24 & 0x1f,
            flag: info >> 31 != 0,
            members: info & 0xffff,
            value: u32_at(self.bytes, at + 8)?,
            at,
        })
    }

    /// A name; `None` for anonymous.
    fn name(&self, offset: u32) -> Option<&'a [u8]> {
        let bytes = self.strings.get(offset as usize..)?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        (end > 0).then(|| &bytes[..end])
    }
}

/// Bytes behind a type's fixed part.
fn trailer(found: Type) -> usize {
    let members = found.members as usize;
    match found.kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => members * 12,
        kind::ENUM | kind::FUNC_PROTO => members * 8,
        _ => 0,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `struct outer { int a; struct { int b; struct inner c; }; }; struct inner { int d; int e; };`
    fn sample() -> Vec<u8> {
        let strings = b"\0int\0outer\0inner\0a\0b\0c\0d\0e\0";
        let at = |name: &str| {
            let name = format!("\0{name}\0");
            u32::try_from(strings.windows(name.len()).position(|w| w == name.as_bytes()).unwrap() + 1)
                .unwrap()
        };
        let mut types: Vec<u32> = Vec::new();
        types.extend([at("int"), kind::INT << 24, 4, 32]);
        types.extend([at("inner"), kind::STRUCT << 24 | 2, 8, at("d"), 1, 0, at("e"), 1, 32]);
        types.extend([0, kind::STRUCT << 24 | 2, 12, at("b"), 1, 0, at("c"), 2, 32]);
        types.extend([at("outer"), kind::STRUCT << 24 | 2, 16, at("a"), 1, 0, 0, 3, 32]);
        let types: Vec<u8> = types.into_iter().flat_map(u32::to_ne_bytes).collect();
        let length = u32::try_from(types.len()).unwrap();
        let head = [u32::from(MAGIC) | 1 << 16, 24, 0, length, length, u32::try_from(strings.len()).unwrap()];
        [head.into_iter().flat_map(u32::to_ne_bytes).collect(), types, strings.to_vec()].concat()
    }

    #[test]
    fn members_are_found_through_anonymous_ones_and_paths() {
        let bytes = sample();
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.offset("outer", "a"), Some(0));
        assert_eq!(btf.offset("outer", "b"), Some(4));
        assert_eq!(btf.offset("outer", "c.e"), Some(12));
        assert_eq!(btf.offset("outer", "d"), None);
        assert_eq!(btf.offset("nobody", "a"), None);
        assert_eq!(btf.offset("int", "a"), None);
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_refused_or_read_without_a_panic(
            position in 0usize..200, value: u8, length in 0usize..300,
        ) {
            let mut bytes = sample();
            let position = position % bytes.len();
            bytes[position] = value;
            bytes.truncate(length);
            if let Ok(btf) = Btf::parse(&bytes) {
                let _ = (btf.offset("outer", "c.e"), btf.offset("inner", "d"));
            }
        }
    }
}
