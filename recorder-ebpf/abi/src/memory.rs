//! What a call found before it changed it: seen when it began, sent when it ended.

use crate::record;

record! {
    /// State before mprotect, `pkey_mprotect` and splice: value of the map between their beginning and end, and part
    /// `Before` of their records.
    pub struct Before = 32 {
        /// Syscall in the x86-64 table.
        pub nr: u32,
        /// [`before_flags`].
        pub flags: u32,
        /// mprotect: `vm_start` of the area that holds the address.
        pub start: u64,
        /// mprotect: its `vm_end`.
        pub end: u64,
        /// mprotect: its `vm_flags`. splice: flags of the pipe's newest buffer (`PIPE_BUF_FLAG_*`), and after the call
        /// in the upper half.
        pub value: u64,
    }
}

/// Bits of [`Before::flags`].
pub mod before_flags {
    /// The state before the call was seen.
    pub const SEEN: u32 = 1;
    /// splice: the state after it too.
    pub const AFTER: u32 = 2;
}

/// Calls that are looked at when they begin, in the x86-64 table.
pub mod entry_calls {
    /// mmap.
    pub const MMAP: u32 = 9;
    /// mprotect.
    pub const MPROTECT: u32 = 10;
    /// splice.
    pub const SPLICE: u32 = 275;
    /// `pkey_mprotect`.
    pub const PKEY_MPROTECT: u32 = 329;
    /// mprotect in the 32-bit table.
    pub const MPROTECT_32: u32 = 125;
    /// splice in the 32-bit table.
    pub const SPLICE_32: u32 = 313;
    /// `pkey_mprotect` in the 32-bit table.
    pub const PKEY_MPROTECT_32: u32 = 380;
}
