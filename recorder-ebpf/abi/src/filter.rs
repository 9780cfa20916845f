//! Rules by which the probes leave records out on purpose: value of the `RULE_TABLE` map. A record is left out if every
//! condition of one rule holds; [`crate::Watch::rules`] says which rules are asked for a syscall.

use crate::record;

/// Rules at the most: bits of a `u32`.
pub const RULES: usize = 32;
/// Bytes that a path is compared by, see [`Rule::path`].
pub const RULE_PATH: usize = 64;

record! {
    /// One rule.
    pub struct Rule = 168 {
        /// [`rule_flags`].
        pub flags: u32,
        /// Argument that is compared, with [`rule_flags::ARGUMENT`]; [`crate::NO_ARG`] for the one with the flags.
        pub argument: u32,
        /// Bits of it that are looked at.
        pub mask: u64,
        /// What they must be.
        pub value: u64,
        /// The bytes that the walked path must end with. It stands leaf first in the record, so a prefix of the path is
        /// its end: "/usr/lib" is NUL, `lib`, NUL, `usr`, NUL, set to the right, with zeros before it.
        pub path: [u64; RULE_PATH / 8],
        /// Ones where `path` counts.
        pub path_mask: [u64; RULE_PATH / 8],
        /// Zero.
        pub reserved: [u64; 2],
    }
}

/// Bits of [`Rule::flags`].
pub mod rule_flags {
    /// Only calls that succeeded.
    pub const SUCCESS: u32 = 1;
    /// Only if `args[argument] & mask == value`.
    pub const ARGUMENT: u32 = 2;
    /// Only if the record has a walked path that fits.
    pub const PATH: u32 = 4;
    /// Only if the process's executable is listed for the rule in the `EXECUTABLES` map.
    pub const EXECUTABLE: u32 = 8;
}
