//! Offsets of kernel structures, from the running kernel's BTF.

use std::fs;

use abi::offsets::{ABSENT, COUNT, CRED_CAP_INHERITABLE, CRED_UID, OFFSETS};

use crate::kernel::btf::Btf;

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

/// Fields of `struct cred` that the probes read in one go, with their distance in bytes from the first.
const CRED_IDS: [(&str, u32); 8] = [
    ("uid", 0),
    ("gid", 4),
    ("suid", 8),
    ("sgid", 12),
    ("euid", 16),
    ("egid", 20),
    ("fsuid", 24),
    ("fsgid", 28),
];
const CRED_SETS: [(&str, u32); 5] = [
    ("cap_inheritable", 0),
    ("cap_permitted", 8),
    ("cap_effective", 16),
    ("cap_bset", 24),
    ("cap_ambient", 32),
];

/// Offsets in bytes by index of [`OFFSETS`]; [`ABSENT`] for optional ones that this kernel lacks.
///
/// # Errors
/// If there is no BTF or a required field is missing.
pub fn find() -> Result<[u32; COUNT], OffsetError> {
    let bytes = fs::read(VMLINUX).map_err(|error| OffsetError::NoBtf(error.to_string()))?;
    let btf = Btf::parse(&bytes).map_err(|error| OffsetError::NoBtf(error.to_string()))?;
    let mut found = [ABSENT; COUNT];
    for (slot, offset) in found.iter_mut().zip(&OFFSETS) {
        let known = offset.fields.iter().find_map(|path| btf.offset(offset.structure, path));
        if known.is_none() && offset.required {
            return Err(OffsetError::Missing { structure: offset.structure, field: offset.fields[0] });
        }
        *slot = known.unwrap_or(ABSENT);
    }
    for (fields, first) in [(&CRED_IDS[..], CRED_UID), (&CRED_SETS[..], CRED_CAP_INHERITABLE)] {
        for (field, distance) in fields {
            if btf.offset("cred", field) != found[first].checked_add(*distance) {
                return Err(OffsetError::Missing { structure: "cred", field });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_is_found_in_this_kernel() {
        let Ok(found) = find() else { return };
        let modules = std::fs::exists("/proc/modules").unwrap();
        let missing = OFFSETS
            .iter()
            .zip(found)
            .filter(|(offset, bytes)| *bytes == ABSENT && (modules || offset.structure != "module"));
        let absent: Vec<_> = missing.map(|(offset, _)| (offset.structure, offset.fields[0])).collect();
        assert_eq!(absent, []);
    }
}
