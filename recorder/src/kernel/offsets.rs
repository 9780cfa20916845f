//! Offsets of kernel structures, from the running kernel's BTF.

use abi::offsets::{ABSENT, COUNT, OFFSETS, Offset};
use btf_rs::{Btf, Struct, Type};

/// Where the kernel describes its own types (`CONFIG_DEBUG_INFO_BTF`).
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// Why the probes cannot find their way in this kernel.
#[derive(Debug, thiserror::Error)]
pub enum OffsetError {
    /// No BTF.
    #[error(
        "cannot read this kernel's type information in {VMLINUX} ({0}): recording needs a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions have built since about 2021"
    )]
    NoBtf(String),
    /// A field that recording cannot do without.
    #[error(
        "this kernel has no `{structure}.{field}`, which recording needs: please report it with the output of `uname -r`"
    )]
    Missing {
        /// Structure.
        structure: &'static str,
        /// The newest of the names looked for.
        field: &'static str,
    },
}

/// Offsets in bytes by index of [`OFFSETS`]; [`ABSENT`] for optional ones that this kernel lacks.
///
/// # Errors
/// If there is no BTF or a required field is missing.
pub fn find() -> Result<[u32; COUNT], OffsetError> {
    let btf = Btf::from_file(VMLINUX).map_err(|error| OffsetError::NoBtf(error.to_string()))?;
    let mut found = [ABSENT; COUNT];
    for (slot, offset) in found.iter_mut().zip(&OFFSETS) {
        *slot = match find_one(&btf, offset) {
            Some(bytes) => bytes,
            None if offset.required => {
                return Err(OffsetError::Missing { structure: offset.structure, field: offset.fields[0] });
            }
            None => ABSENT,
        };
    }
    Ok(found)
}

fn find_one(btf: &Btf, offset: &Offset) -> Option<u32> {
    let types = btf.resolve_types_by_name(offset.structure).ok()?;
    let structure = types.into_iter().find_map(|found| match found {
        Type::Struct(found) if !found.members.is_empty() => Some(found),
        _ => None,
    })?;
    offset.fields.iter().find_map(|path| {
        let mut bits = 0;
        let mut inside = Some(structure.clone());
        for name in path.split('.') {
            let (at, next) = member(btf, &inside?, name)?;
            bits += at;
            inside = next;
        }
        // Bit fields have no address.
        (bits % 8 == 0).then_some(bits / 8)
    })
}

/// Bit offset and structure (if it is one) of a member; anonymous members are looked through.
fn member(btf: &Btf, structure: &Struct, name: &str) -> Option<(u32, Option<Struct>)> {
    for member in &structure.members {
        let inside = btf.resolve_chained_type(member).ok().and_then(|found| as_struct(btf, found));
        let own = btf.resolve_name(member).unwrap_or_default();
        if own == name {
            return Some((member.bit_offset(), inside));
        }
        if own.is_empty()
            && let Some((bits, next)) = inside.and_then(|inside| self::member(btf, &inside, name))
        {
            return Some((member.bit_offset() + bits, next));
        }
    }
    None
}

/// The structure behind qualifiers and typedefs.
fn as_struct(btf: &Btf, mut found: Type) -> Option<Struct> {
    // Deeper chains do not exist; the bound is against damaged BTF.
    for _ in 0..16 {
        match found {
            Type::Struct(inner) | Type::Union(inner) => return Some(inner),
            Type::Typedef(inner) => found = btf.resolve_chained_type(&inner).ok()?,
            Type::Const(inner) => found = btf.resolve_chained_type(&inner).ok()?,
            Type::Volatile(inner) => found = btf.resolve_chained_type(&inner).ok()?,
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_is_found_in_this_kernel() {
        let Ok(found) = find() else { return };
        let absent: Vec<_> = OFFSETS
            .iter()
            .zip(found)
            .filter(|(_, bytes)| *bytes == ABSENT)
            .map(|(offset, _)| format!("{}.{}", offset.structure, offset.fields[0]))
            .collect();
        assert_eq!(absent, Vec::<String>::new());
    }
}
