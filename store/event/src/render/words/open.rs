//! Flags of open, unlinkat and renameat2.

use std::borrow::Cow;

use super::bitmask::{Named, names};

/// `O_*` of x86-64 (asm-generic/fcntl.h). The schema's publisher does not name `O_LARGEFILE`, `O_PATH` and the bit
/// that only `O_TMPFILE` has.
const OPEN: &[Named] = &[
    ("O_APPEND", 0x400),
    ("O_ASYNC", 0x2000),
    ("O_CLOEXEC", 0x8_0000),
    ("O_CREAT", 0x40),
    ("O_DIRECT", 0x4000),
    ("O_DIRECTORY", 0x1_0000),
    ("O_DSYNC", 0x1000),
    ("O_EXCL", 0x80),
    ("O_NOATIME", 0x4_0000),
    ("O_NOCTTY", 0x100),
    ("O_NOFOLLOW", 0x2_0000),
    ("O_NONBLOCK", 0x800),
    ("O_SYNC", 0x10_1000),
    ("O_TRUNC", 0x200),
];
const ACCESS: &[Named] = &[("O_RDWR", 2), ("O_WRONLY", 1)];
const ACCESS_BITS: u32 = 3;

/// `O_CREAT`.
pub(in crate::render) const O_CREAT: u32 = 0x40;
/// The two files change places (include/uapi/linux/fs.h).
pub(in crate::render) const RENAME_EXCHANGE: u32 = 2;

/// Flags of open: the access mode first, the rest after it.
pub(in crate::render) fn open_flags(flags: u32) -> Vec<Cow<'static, str>> {
    let mut list = names(u64::from(flags & ACCESS_BITS), ACCESS);
    if list.is_empty() {
        list.push(Cow::Borrowed("O_RDONLY"));
    }
    list.extend(names(u64::from(flags & !ACCESS_BITS), OPEN));
    list
}

/// Flags of unlinkat.
pub(in crate::render) fn unlink_flags(flags: u32) -> Vec<Cow<'static, str>> {
    names(u64::from(flags), &[("AT_REMOVEDIR", 0x200)])
}

/// Flags of renameat2.
pub(in crate::render) fn rename_flags(flags: u32) -> Vec<Cow<'static, str>> {
    names(u64::from(flags), &[("RENAME_EXCHANGE", 2), ("RENAME_NOREPLACE", 1), ("RENAME_WHITEOUT", 4)])
}

#[cfg(test)]
mod tests {
    use super::{open_flags, rename_flags, unlink_flags};

    #[test]
    fn the_access_mode_comes_first_and_the_rest_is_sorted() {
        assert_eq!(open_flags(0), ["O_RDONLY"]);
        assert_eq!(open_flags(0x8_0241), ["O_WRONLY", "O_CLOEXEC", "O_CREAT", "O_TRUNC"]);
        assert_eq!(open_flags(3), ["O_RDWR", "O_WRONLY"]);
    }

    #[test]
    fn o_sync_shows_o_dsync_too() {
        assert_eq!(open_flags(0x10_1002), ["O_RDWR", "O_DSYNC", "O_SYNC"]);
        assert_eq!(open_flags(0x10_0000), ["O_RDONLY", "1048576"]);
    }

    #[test]
    fn unnamed_bits_are_one_decimal_number() {
        assert_eq!(open_flags(0x8000), ["O_RDONLY", "32768"]);
        assert_eq!(open_flags(0x41_8002), ["O_RDWR", "4227072", "O_DIRECTORY"]);
        assert_eq!(unlink_flags(0x201), ["1", "AT_REMOVEDIR"]);
        assert!(unlink_flags(0).is_empty());
        assert_eq!(rename_flags(1), ["RENAME_NOREPLACE"]);
    }
}
