//! What crosses the ring buffers: one record is a [`Header`], a body that depends on the record's kind, and
//! any number of [`PartHeader`]s with their bytes, each padded to [`ALIGN`].
//!
//! All integers are in host byte order (both sides are one machine). No implicit padding: sizes are asserted.
#![no_std]

mod body;
mod compat;
mod counters;
mod facts;
mod filter;
mod header;
mod kernel;
pub mod limits;
mod memory;
pub mod offsets;
mod options;
mod packet;
mod part;
mod request;
mod signal;
mod syscalls;
mod watch;

pub use body::{ExecBody, ExitBody, FirstUseBody, ForkBody, SyscallBody, exec_flags};
pub use compat::{COMPAT, COMPAT_BASE, Compat, SOCKETCALL, SOCKETCALL_BASE, SOCKETCALLS, WATCHES, shape};
pub use counters::Counters;
pub use facts::{Credentials, FileFacts, SocketFacts, facts_flags};
pub use filter::{RULE_PATH, RULES, Rule, rule_flags};
pub use header::{Class, Header, RecordKind, header_flags};
pub use kernel::{
    BPF_ATTRIBUTES, BPF_INSTRUCTIONS, BpfFacts, CgroupBody, MODULE_NAME, SELINUX_VALUE, SYSCTL_NAME,
    SYSCTL_VALUE, SysctlBody, VECTOR_WRITES, WRITE_PLACES,
};
pub use memory::{Before, before_flags, entry_calls};
pub use options::{SOCKET_OPTIONS, SocketOption, option_key};
pub use packet::{Owner, PacketBody, metadata, packet_flags};
pub use part::{PartHeader, PartTag, part_flags};
pub use request::{NEEDED, OPCODES, OPERATIONS, Operation, REQUESTS, Request, request_flags};
pub use signal::{SignalBody, signal_calls};
pub use syscalls::{Arg, Handler, NO_ARG, SYSCALLS, Spec, Syscall, syscall};
pub use watch::{NUMBERS, Watch, tail_calls, watch_flags};

/// Records, bodies and parts start at multiples of this many bytes.
pub const ALIGN: usize = 8;

/// Derives for a plain record type: the reading side gets zerocopy's checked views.
#[macro_export]
#[doc(hidden)]
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident = $size:literal { $($(#[$fmeta:meta])* pub $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[cfg_attr(
            feature = "user",
            derive(zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout)
        )]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }
        const _: () = assert!(size_of::<$name>() == $size && size_of::<$name>() % $crate::ALIGN == 0);
    };
}
