//! Exact counts of what the probes tried, lost and left out, one set per CPU.

use crate::{Class, RULES, record};

record! {
    /// Value of the per-CPU counters map (one entry). Counts since the probes were loaded.
    pub struct Counters = 376 {
        /// Records tried, by [`Class`].
        pub tried: [u64; Class::COUNT],
        /// Records that found no room in their ring, by class.
        pub lost: [u64; Class::COUNT],
        /// File and network calls of the recorder itself, left out.
        pub own: u64,
        /// Calls of the x32 table that have no number in the x86-64 one (512 and above): seen, not decoded.
        pub compat: u64,
        /// Calls that no handler took though watched (a failed tail call).
        pub unhandled: u64,
        /// Reads of kernel parameters, left out.
        pub sysctl_reads: u64,
        /// Left out by the rules of the filter, by rule.
        pub left_out: [u64; RULES],
        /// setsockopt calls of options that are not in [`crate::SOCKET_OPTIONS`].
        pub options: u64,
    }
}
