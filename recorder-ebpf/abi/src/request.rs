//! Requests through `io_uring`: which of its operations are watched, as which syscall each one is told, and how the two
//! records of a request (submitted, completed) find each other.

use crate::{Syscall, Watch, offsets as o, record, syscall, watch_flags};

/// Operations are numbered below this (`include/uapi/linux/io_uring.h`: `IORING_OP_LAST` is 63 in 6.18).
pub const OPCODES: u32 = 128;
/// Requests under way that the probes know at once; beyond it the oldest is forgotten, and told without its result.
pub const REQUESTS: u32 = 4096;

record! {
    /// Part [`crate::PartTag::Request`]. `request` and `submitted` together name one request.
    pub struct Request = 24 {
        /// Address of the kernel's `struct io_kiocb`, which serves request after request.
        pub request: u64,
        /// Time since boot of its submission.
        pub submitted: u64,
        /// [`request_flags`].
        pub flags: u32,
        /// `IORING_OP_*`.
        pub opcode: u32,
    }
}

/// Bits of [`Request::flags`].
pub mod request_flags {
    /// The result, or the descriptor that the request acts on, is no descriptor but a place in the ring's own table
    /// (`REQ_F_FIXED_FILE`, `file_index` of the request).
    pub const FIXED: u32 = 1;
    /// No completion is told if it succeeds (`IOSQE_CQE_SKIP_SUCCESS`).
    pub const SILENT: u32 = 2;
}

/// An operation of `io_uring` that becomes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `IORING_OP_*`.
    pub opcode: u32,
    /// Name of that constant, without its beginning.
    pub name: &'static str,
    /// The x86-64 syscall that does the same.
    pub native: u32,
    /// Offsets without which it cannot be read.
    pub needs: &'static [usize],
}

impl Operation {
    /// The native row, if it is watched.
    #[must_use]
    pub fn syscall(&self) -> Option<&'static Syscall> {
        syscall(self.native)
    }

    /// Its entry of the `OPERATIONS` map, made of the native call's.
    #[must_use]
    pub const fn watch(&self, native: &Watch) -> Watch {
        Watch { flags: native.flags | watch_flags::NATIVE, ..*native }
    }
}

/// Offsets that every operation needs.
pub const NEEDED: &[usize] =
    &[o::REQ_OPCODE, o::REQ_RESULT, o::REQ_FD, o::REQ_FLAGS, o::REQ_CMD, o::REQ_FILE, o::FILENAME_NAME];

const fn operation(opcode: u32, name: &'static str, native: u32, needs: &'static [usize]) -> Operation {
    Operation { opcode, name, native, needs }
}

/// Watched operations, by number. socket, shutdown, symlinkat, listen and all that moves data are no event.
pub const OPERATIONS: &[Operation] = &[
    operation(13, "ACCEPT", 288, &[o::ACCEPT_FLAGS, o::ACCEPT_SLOT]),
    operation(16, "CONNECT", 42, &[o::CONNECT_ADDR, o::CONNECT_LENGTH]),
    operation(
        18,
        "OPENAT",
        257,
        &[o::OPEN_DFD, o::OPEN_SLOT, o::OPEN_NAME, o::OPEN_FLAGS, o::OPEN_MODE, o::OPEN_RESOLVE],
    ),
    operation(
        28,
        "OPENAT2",
        437,
        &[o::OPEN_DFD, o::OPEN_SLOT, o::OPEN_NAME, o::OPEN_FLAGS, o::OPEN_MODE, o::OPEN_RESOLVE],
    ),
    operation(
        35,
        "RENAMEAT",
        316,
        &[o::RENAME_OLD_DFD, o::RENAME_NEW_DFD, o::RENAME_OLD, o::RENAME_NEW, o::RENAME_FLAGS],
    ),
    operation(36, "UNLINKAT", 263, &[o::UNLINK_DFD, o::UNLINK_FLAGS, o::UNLINK_NAME]),
    operation(37, "MKDIRAT", 258, &[o::MKDIR_DFD, o::MKDIR_MODE, o::MKDIR_NAME]),
    operation(
        39,
        "LINKAT",
        265,
        &[o::LINK_OLD_DFD, o::LINK_NEW_DFD, o::LINK_OLD, o::LINK_NEW, o::LINK_FLAGS],
    ),
    operation(41, "FSETXATTR", 190, &[o::XATTR_NAME, o::XATTR_SIZE, o::XATTR_FLAGS]),
    operation(42, "SETXATTR", 188, &[o::XATTR_FILE, o::XATTR_NAME, o::XATTR_SIZE, o::XATTR_FLAGS]),
    operation(55, "FTRUNCATE", 77, &[o::FTRUNCATE_LENGTH]),
    operation(56, "BIND", 49, &[o::BIND_LENGTH, o::REQ_ASYNC, o::MESSAGE_ADDRESS]),
];
