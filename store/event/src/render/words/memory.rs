//! Memory: protections, mappings, areas; and the buffers of pipes.

use std::borrow::Cow;

use super::bitmask::{Named, names, text};
use crate::Detail;

/// `PROT_*` (include/uapi/asm-generic/mman-common.h).
const PROT: &[Named] = &[
    ("PROT_EXEC", 4),
    ("PROT_GROWSDOWN", 0x0100_0000),
    ("PROT_GROWSUP", 0x0200_0000),
    ("PROT_READ", 1),
    ("PROT_SEM", 8),
    ("PROT_WRITE", 2),
];

/// `PROT_*` as text; empty for `PROT_NONE`.
pub(in crate::render) fn protection(bits: u32) -> String {
    text(bits.into(), PROT)
}

/// `MAP_*` of x86-64 (asm-generic/mman-common.h, asm-generic/mman.h, asm/mman.h, linux/mman.h). `MAP_SHARED_VALIDATE` is
/// both bits of `MAP_SHARED` and `MAP_PRIVATE`, and all three are shown, as the schema's publisher does.
const MAP: &[Named] = &[
    ("MAP_32BIT", 0x40),
    ("MAP_ABOVE4G", 0x80),
    ("MAP_ANONYMOUS", MAP_ANONYMOUS),
    ("MAP_DENYWRITE", 0x800),
    ("MAP_DROPPABLE", 8),
    ("MAP_EXECUTABLE", 0x1000),
    ("MAP_FIXED", 0x10),
    ("MAP_FIXED_NOREPLACE", 0x10_0000),
    ("MAP_GROWSDOWN", 0x100),
    ("MAP_HUGETLB", MAP_HUGETLB),
    ("MAP_LOCKED", 0x2000),
    ("MAP_NONBLOCK", 0x1_0000),
    ("MAP_NORESERVE", 0x4000),
    ("MAP_POPULATE", 0x8000),
    ("MAP_PRIVATE", 2),
    ("MAP_SHARED", 1),
    ("MAP_SHARED_VALIDATE", 3),
    ("MAP_STACK", 0x2_0000),
    ("MAP_SYNC", 0x8_0000),
    ("MAP_UNINITIALIZED", 0x400_0000),
];
const MAP_ANONYMOUS: u64 = 0x20;
const MAP_HUGETLB: u64 = 0x4_0000;
/// Where the size of the pages is, as a power of two (`HUGETLB_FLAG_ENCODE_SHIFT`).
const HUGE_SHIFT: u32 = 26;

/// Whether an event maps a file (with `MAP_ANONYMOUS` the descriptor means nothing).
pub(in crate::render) fn maps_file(detail: &Detail) -> bool {
    matches!(detail, Detail::Mmap { flags, .. } if u64::from(*flags) & MAP_ANONYMOUS == 0)
}

/// `MAP_*` as text. With `MAP_HUGETLB` the upper bits are a size, not flags.
pub(in crate::render) fn map_flags(flags: u32) -> String {
    let size = match flags >> HUGE_SHIFT {
        _ if u64::from(flags) & MAP_HUGETLB == 0 => "",
        14 => "MAP_HUGE_16KB",
        16 => "MAP_HUGE_64KB",
        19 => "MAP_HUGE_512KB",
        20 => "MAP_HUGE_1MB",
        21 => "MAP_HUGE_2MB",
        23 => "MAP_HUGE_8MB",
        24 => "MAP_HUGE_16MB",
        25 => "MAP_HUGE_32MB",
        28 => "MAP_HUGE_256MB",
        29 => "MAP_HUGE_512MB",
        30 => "MAP_HUGE_1GB",
        31 => "MAP_HUGE_2GB",
        34 => "MAP_HUGE_16GB",
        _ => "",
    };
    if size.is_empty() {
        return text(flags.into(), MAP);
    }
    let mut list = names((flags & ((1 << HUGE_SHIFT) - 1)).into(), MAP);
    list.push(Cow::Borrowed(size));
    list.sort_unstable();
    list.join(" | ")
}

/// `VM_*` of x86-64 (include/linux/mm.h, Linux 6.18).
const VM: &[Named] = &[
    ("VM_ACCOUNT", 1 << 20),
    ("VM_ALLOW_ANY_UNCACHED", 1 << 39),
    ("VM_ARCH_1", 1 << 24),
    ("VM_DONTCOPY", 1 << 17),
    ("VM_DONTDUMP", 1 << 26),
    ("VM_DONTEXPAND", 1 << 18),
    ("VM_DROPPABLE", 1 << 40),
    ("VM_EXEC", VM_EXEC),
    ("VM_GROWSDOWN", 1 << 8),
    ("VM_HUGEPAGE", 1 << 29),
    ("VM_HUGETLB", 1 << 22),
    ("VM_IO", 1 << 14),
    ("VM_LOCKED", 1 << 13),
    ("VM_LOCKONFAULT", 1 << 19),
    ("VM_MAYEXEC", 1 << 6),
    ("VM_MAYREAD", 1 << 4),
    ("VM_MAYSHARE", 1 << 7),
    ("VM_MAYWRITE", 1 << 5),
    ("VM_MERGEABLE", 1 << 31),
    ("VM_MIXEDMAP", 1 << 28),
    ("VM_NOHUGEPAGE", 1 << 30),
    ("VM_NORESERVE", 1 << 21),
    ("VM_PFNMAP", 1 << 10),
    ("VM_PKEY_BIT0", 1 << 32),
    ("VM_PKEY_BIT1", 1 << 33),
    ("VM_PKEY_BIT2", 1 << 34),
    ("VM_PKEY_BIT3", 1 << 35),
    ("VM_RAND_READ", 1 << 16),
    ("VM_READ", VM_READ),
    ("VM_SEALED", 1 << 42),
    ("VM_SEQ_READ", 1 << 15),
    ("VM_SHADOW_STACK", 1 << 37),
    ("VM_SHARED", 1 << 3),
    ("VM_SOFTDIRTY", 1 << 27),
    ("VM_SYNC", 1 << 23),
    ("VM_UFFD_MINOR", 1 << 41),
    ("VM_UFFD_MISSING", 1 << 9),
    ("VM_UFFD_WP", 1 << 12),
    ("VM_WIPEONFORK", 1 << 25),
    ("VM_WRITE", VM_WRITE),
];
const VM_READ: u64 = 1;
const VM_WRITE: u64 = 2;
const VM_EXEC: u64 = 4;

/// `VM_*` as text; empty for an area without access.
pub(in crate::render) fn vm_flags(flags: u64) -> String {
    text(flags, VM)
}

/// What mprotect asks for: the three accesses in the words of an area, as the schema's publisher writes them. The other
/// bits of a protection mean something else than the same bits of an area, and keep their own names.
pub(in crate::render) fn requested_vm_flags(bits: u64) -> String {
    let access = VM_READ | VM_WRITE | VM_EXEC;
    let mut list = names(bits & access, VM);
    list.extend(names(bits & !access, PROT));
    list.sort_unstable();
    list.join(" | ")
}

/// `PIPE_BUF_FLAG_*` (`include/linux/pipe_fs_i.h`) as text.
pub(in crate::render) fn pipe_flags(flags: u32) -> String {
    const PIPE: &[Named] = &[
        ("PIPE_BUF_FLAG_ATOMIC", 2),
        ("PIPE_BUF_FLAG_CAN_MERGE", 0x10),
        ("PIPE_BUF_FLAG_GIFT", 4),
        ("PIPE_BUF_FLAG_LOSS", 0x40),
        ("PIPE_BUF_FLAG_LRU", 1),
        ("PIPE_BUF_FLAG_PACKET", 8),
        ("PIPE_BUF_FLAG_WHOLE", 0x20),
    ];
    text(flags.into(), PIPE)
}

/// `SPLICE_F_*` (include/linux/splice.h).
pub(in crate::render) fn splice_flags(flags: u32) -> Vec<Cow<'static, str>> {
    const SPLICE: &[Named] =
        &[("SPLICE_F_GIFT", 8), ("SPLICE_F_MORE", 4), ("SPLICE_F_MOVE", 1), ("SPLICE_F_NONBLOCK", 2)];
    names(flags.into(), SPLICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_access_is_an_empty_text() {
        assert_eq!((protection(0).as_str(), vm_flags(0).as_str()), ("", ""));
        assert_eq!(protection(7), "PROT_EXEC | PROT_READ | PROT_WRITE");
        assert_eq!(protection(0x11), "16 | PROT_READ");
    }

    #[test]
    fn a_validated_shared_mapping_shows_all_three_names() {
        assert_eq!(map_flags(3), "MAP_PRIVATE | MAP_SHARED | MAP_SHARED_VALIDATE");
        assert_eq!(map_flags(0x22), "MAP_ANONYMOUS | MAP_PRIVATE");
    }

    #[test]
    fn the_size_of_huge_pages_is_one_name() {
        assert_eq!(
            map_flags(0x4_0022 | 21 << 26),
            "MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB | MAP_PRIVATE"
        );
        assert_eq!(map_flags(0x4_0022 | 22 << 26), "1476395008 | MAP_ANONYMOUS | MAP_HUGETLB | MAP_PRIVATE");
        assert_eq!(map_flags(0x400_0022), "MAP_ANONYMOUS | MAP_PRIVATE | MAP_UNINITIALIZED");
    }

    #[test]
    fn what_is_asked_for_has_the_names_of_an_area() {
        assert_eq!(vm_flags(0x75), "VM_EXEC | VM_MAYEXEC | VM_MAYREAD | VM_MAYWRITE | VM_READ");
        assert_eq!(vm_flags(1 << 32 | 1 << 50), "1125899906842624 | VM_PKEY_BIT0");
        assert_eq!(requested_vm_flags(7), "VM_EXEC | VM_READ | VM_WRITE");
        assert_eq!(requested_vm_flags(0x0100_0003), "PROT_GROWSDOWN | VM_READ | VM_WRITE");
        assert_eq!(requested_vm_flags(0), "");
    }

    #[test]
    fn pipes_and_splices_have_their_words() {
        assert_eq!(pipe_flags(0x12), "PIPE_BUF_FLAG_ATOMIC | PIPE_BUF_FLAG_CAN_MERGE");
        assert_eq!(pipe_flags(0), "");
        assert_eq!(splice_flags(3), ["SPLICE_F_MOVE", "SPLICE_F_NONBLOCK"]);
    }
}
