//! 32-bit calls (`int 0x80`, and `sysenter` and `syscall` of 32-bit programs): which x86-64 call each one is, and what
//! differs. Numbers and names of `arch/x86/entry/syscalls/syscall_32.tbl`, differences of `arch/x86/kernel/sys_ia32.c`,
//! `kernel/uid16.c` and the `compat_` calls.
//!
//! The table holds more than is watched: a row takes effect as soon as [`crate::SYSCALLS`] has one of its native name.

use crate::{Arg, NO_ARG, NUMBERS, SYSCALLS, Syscall, Watch};

/// Places in the `WATCH` map of the 32-bit numbers.
pub const COMPAT_BASE: u32 = NUMBERS;
/// Places of the calls of socketcall, by its first argument.
pub const SOCKETCALL_BASE: u32 = 2 * NUMBERS;
/// Calls of socketcall are numbered below this (`include/uapi/linux/net.h`: `SYS_SENDMMSG` is 20).
pub const SOCKETCALLS: u32 = 32;
/// Entries of the `WATCH` map.
pub const WATCHES: u32 = SOCKETCALL_BASE + SOCKETCALLS;
/// socketcall in the 32-bit table.
pub const SOCKETCALL: u32 = 102;

/// Bits of [`Compat::shape`].
pub mod shape {
    /// The arguments are an array that argument 0 points to (`struct mmap_arg_struct32`).
    pub const ARRAY0: u8 = 1;
    /// The arguments are an array that argument 1 points to (socketcall).
    pub const ARRAY1: u8 = 2;
    /// Argument 5 counts pages of 4096 bytes.
    pub const PAGES: u8 = 4;
    /// The structure has `s32` where the native one has `s64` (`old_timespec32`, `old_timeval32`).
    pub const TIME32: u8 = 8;
    /// The structure has `u32` where the native one has `u64`, and all ones are all ones (`compat_rlimit`).
    pub const LIMIT32: u8 = 16;
}

/// A 32-bit call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compat {
    /// Number in the 32-bit table, or of socketcall's first argument plus [`NUMBERS`].
    pub nr: u32,
    /// Name in the 32-bit table.
    pub name: &'static str,
    /// The x86-64 call that it is.
    pub native: &'static str,
    /// Arguments that it has; the native call's others are zero.
    pub count: u8,
    /// Bit n: argument n is a `long` or `compat_off_t`, to be extended by its sign.
    pub signed: u8,
    /// Bit n: argument n is a 16-bit id; 0xffff is -1.
    pub ids: u8,
    /// Argument whose upper half is the next argument.
    pub wide: Arg,
    /// [`shape`].
    pub shape: u8,
}

impl Compat {
    /// The native row, if it is watched.
    #[must_use]
    pub fn syscall(&self) -> Option<&'static Syscall> {
        SYSCALLS.iter().find(|syscall| syscall.name == self.native)
    }

    /// Its place in the `WATCH` map.
    #[must_use]
    pub const fn place(&self) -> u32 {
        COMPAT_BASE + self.nr
    }

    /// Place of the entry that says by [`crate::watch_flags::COMPAT`] that there is one: the number's own.
    #[must_use]
    pub const fn mark(&self) -> u32 {
        if self.nr < NUMBERS { self.nr } else { SOCKETCALL }
    }

    /// Its entry there, made of the native call's.
    #[must_use]
    pub fn watch(&self, native: &Watch) -> Watch {
        Watch {
            count: self.count,
            signed: self.signed,
            ids: self.ids,
            wide: self.wide,
            shape: self.shape,
            ..*native
        }
    }
}

/// The same call by the same name.
const fn same(nr: u32, count: u8, name: &'static str) -> Compat {
    as_native(nr, count, name, name)
}
/// A call of another name with arguments of the same form.
const fn as_native(nr: u32, count: u8, name: &'static str, native: &'static str) -> Compat {
    Compat { nr, name, native, count, signed: 0, ids: 0, wide: NO_ARG, shape: 0 }
}
const fn ids(ids: u8, compat: Compat) -> Compat {
    Compat { ids, ..compat }
}
const fn signed(signed: u8, compat: Compat) -> Compat {
    Compat { signed, ..compat }
}
const fn wide(wide: Arg, compat: Compat) -> Compat {
    Compat { wide, ..compat }
}
const fn shaped(shape: u8, compat: Compat) -> Compat {
    Compat { shape, ..compat }
}
/// A call of socketcall, by its first argument (`include/uapi/linux/net.h`).
const fn socketcall(call: u32, count: u8, native: &'static str) -> Compat {
    assert!(call < SOCKETCALLS);
    shaped(shape::ARRAY1, as_native(NUMBERS + call, count, "socketcall", native))
}

/// 32-bit calls, by number.
pub const COMPAT: &[Compat] = &[
    same(2, 0, "fork"),
    same(4, 3, "write"),
    same(5, 3, "open"),
    same(6, 1, "close"),
    same(8, 2, "creat"),
    same(9, 2, "link"),
    same(10, 1, "unlink"),
    same(11, 3, "execve"),
    same(12, 1, "chdir"),
    same(14, 3, "mknod"),
    same(15, 2, "chmod"),
    ids(0b110, same(16, 3, "lchown")),
    same(21, 5, "mount"),
    // Without flags.
    as_native(22, 1, "umount", "umount2"),
    ids(0b1, same(23, 1, "setuid")),
    signed(0b1, same(26, 4, "ptrace")),
    shaped(shape::TIME32, same(30, 2, "utime")),
    same(33, 2, "access"),
    same(37, 2, "kill"),
    same(38, 2, "rename"),
    same(39, 2, "mkdir"),
    same(40, 1, "rmdir"),
    same(41, 1, "dup"),
    ids(0b1, same(46, 1, "setgid")),
    same(51, 1, "acct"),
    same(52, 2, "umount2"),
    same(54, 3, "ioctl"),
    same(55, 3, "fcntl"),
    same(57, 2, "setpgid"),
    same(60, 1, "umask"),
    same(61, 1, "chroot"),
    same(63, 2, "dup2"),
    same(66, 0, "setsid"),
    ids(0b11, same(70, 2, "setreuid")),
    ids(0b11, same(71, 2, "setregid")),
    same(74, 2, "sethostname"),
    shaped(shape::LIMIT32, same(75, 2, "setrlimit")),
    same(81, 2, "setgroups"),
    same(83, 2, "symlink"),
    same(87, 2, "swapon"),
    same(88, 4, "reboot"),
    shaped(shape::ARRAY0, same(90, 6, "mmap")),
    same(91, 2, "munmap"),
    signed(0b10, same(92, 2, "truncate")),
    signed(0b10, same(93, 2, "ftruncate")),
    same(94, 2, "fchmod"),
    ids(0b110, same(95, 3, "fchown")),
    same(101, 3, "ioperm"),
    same(110, 1, "iopl"),
    same(115, 1, "swapoff"),
    same(120, 5, "clone"),
    same(121, 2, "setdomainname"),
    same(123, 3, "modify_ldt"),
    same(125, 3, "mprotect"),
    same(128, 3, "init_module"),
    same(129, 2, "delete_module"),
    same(133, 1, "fchdir"),
    same(136, 1, "personality"),
    ids(0b1, same(138, 1, "setfsuid")),
    ids(0b1, same(139, 1, "setfsgid")),
    same(146, 3, "writev"),
    same(163, 5, "mremap"),
    ids(0b111, same(164, 3, "setresuid")),
    ids(0b111, same(170, 3, "setresgid")),
    same(172, 5, "prctl"),
    same(178, 3, "rt_sigqueueinfo"),
    wide(3, same(181, 5, "pwrite64")),
    ids(0b110, same(182, 3, "chown")),
    same(185, 2, "capset"),
    same(187, 4, "sendfile"),
    same(190, 0, "vfork"),
    shaped(shape::PAGES, as_native(192, 6, "mmap2", "mmap")),
    wide(1, as_native(193, 3, "truncate64", "truncate")),
    wide(1, as_native(194, 3, "ftruncate64", "ftruncate")),
    as_native(198, 3, "lchown32", "lchown"),
    as_native(203, 2, "setreuid32", "setreuid"),
    as_native(204, 2, "setregid32", "setregid"),
    as_native(206, 2, "setgroups32", "setgroups"),
    as_native(207, 3, "fchown32", "fchown"),
    as_native(208, 3, "setresuid32", "setresuid"),
    as_native(210, 3, "setresgid32", "setresgid"),
    as_native(212, 3, "chown32", "chown"),
    as_native(213, 1, "setuid32", "setuid"),
    as_native(214, 1, "setgid32", "setgid"),
    as_native(215, 1, "setfsuid32", "setfsuid"),
    as_native(216, 1, "setfsgid32", "setfsgid"),
    same(217, 2, "pivot_root"),
    as_native(221, 3, "fcntl64", "fcntl"),
    same(226, 5, "setxattr"),
    same(227, 5, "lsetxattr"),
    same(228, 5, "fsetxattr"),
    same(235, 2, "removexattr"),
    same(236, 2, "lremovexattr"),
    same(237, 2, "fremovexattr"),
    same(238, 2, "tkill"),
    as_native(239, 4, "sendfile64", "sendfile"),
    same(270, 3, "tgkill"),
    shaped(shape::TIME32, same(271, 2, "utimes")),
    same(283, 4, "kexec_load"),
    same(286, 5, "add_key"),
    same(287, 4, "request_key"),
    same(288, 5, "keyctl"),
    same(295, 4, "openat"),
    same(296, 3, "mkdirat"),
    same(297, 4, "mknodat"),
    same(298, 5, "fchownat"),
    shaped(shape::TIME32, same(299, 3, "futimesat")),
    same(301, 3, "unlinkat"),
    same(302, 4, "renameat"),
    same(303, 5, "linkat"),
    same(304, 3, "symlinkat"),
    same(306, 3, "fchmodat"),
    same(310, 1, "unshare"),
    same(313, 6, "splice"),
    same(315, 4, "tee"),
    same(316, 4, "vmsplice"),
    shaped(shape::TIME32, same(320, 4, "utimensat")),
    same(330, 3, "dup3"),
    same(334, 5, "pwritev"),
    same(335, 4, "rt_tgsigqueueinfo"),
    same(336, 5, "perf_event_open"),
    wide(2, same(339, 6, "fanotify_mark")),
    same(340, 4, "prlimit64"),
    same(342, 3, "open_by_handle_at"),
    same(345, 4, "sendmmsg"),
    same(346, 2, "setns"),
    same(347, 6, "process_vm_readv"),
    same(348, 6, "process_vm_writev"),
    same(350, 3, "finit_module"),
    same(353, 5, "renameat2"),
    same(354, 3, "seccomp"),
    same(356, 2, "memfd_create"),
    same(357, 3, "bpf"),
    same(358, 5, "execveat"),
    same(359, 3, "socket"),
    same(360, 4, "socketpair"),
    same(361, 3, "bind"),
    same(362, 3, "connect"),
    same(363, 2, "listen"),
    same(364, 4, "accept4"),
    same(366, 5, "setsockopt"),
    same(369, 6, "sendto"),
    same(370, 3, "sendmsg"),
    same(371, 6, "recvfrom"),
    same(372, 3, "recvmsg"),
    same(373, 2, "shutdown"),
    same(374, 1, "userfaultfd"),
    same(377, 6, "copy_file_range"),
    same(379, 6, "pwritev2"),
    same(380, 4, "pkey_mprotect"),
    same(384, 2, "arch_prctl"),
    as_native(412, 4, "utimensat_time64", "utimensat"),
    // From 424 on both tables are one.
    same(424, 4, "pidfd_send_signal"),
    same(425, 2, "io_uring_setup"),
    same(426, 6, "io_uring_enter"),
    same(427, 4, "io_uring_register"),
    same(428, 3, "open_tree"),
    same(429, 5, "move_mount"),
    same(430, 2, "fsopen"),
    same(431, 5, "fsconfig"),
    same(432, 3, "fsmount"),
    same(433, 3, "fspick"),
    same(434, 2, "pidfd_open"),
    same(435, 2, "clone3"),
    same(437, 4, "openat2"),
    same(438, 3, "pidfd_getfd"),
    same(442, 5, "mount_setattr"),
    same(447, 1, "memfd_secret"),
    same(452, 4, "fchmodat2"),
    same(463, 6, "setxattrat"),
    same(466, 4, "removexattrat"),
    same(467, 5, "open_tree_attr"),
    same(469, 5, "file_setattr"),
    socketcall(1, 3, "socket"),
    socketcall(2, 3, "bind"),
    socketcall(3, 3, "connect"),
    socketcall(4, 2, "listen"),
    socketcall(5, 3, "accept"),
    socketcall(8, 4, "socketpair"),
    // send and recv: without an address.
    socketcall(9, 4, "sendto"),
    socketcall(10, 4, "recvfrom"),
    socketcall(11, 6, "sendto"),
    socketcall(12, 6, "recvfrom"),
    socketcall(13, 2, "shutdown"),
    socketcall(14, 5, "setsockopt"),
    socketcall(16, 3, "sendmsg"),
    socketcall(17, 3, "recvmsg"),
    socketcall(18, 4, "accept4"),
    socketcall(20, 4, "sendmmsg"),
];

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{
        fmt::Write as _,
        string::{String, ToString as _},
    };

    use super::*;

    #[test]
    fn every_watched_call_has_its_32_bit_twin() {
        let missing = SYSCALLS.iter().filter(|native| !COMPAT.iter().any(|call| call.native == native.name));
        let mut rows = String::new();
        for native in missing {
            let _ = writeln!(rows, "same(NUMBER in syscall_32.tbl, ARGUMENTS, {:?}),", native.name);
        }
        assert!(
            rows.is_empty(),
            "add to COMPAT in abi/src/compat.rs (see there for what may differ):\n{rows}"
        );
    }

    #[test]
    fn rows_stand_in_order_and_no_number_twice() {
        assert!(COMPAT.windows(2).all(|two| two[0].nr < two[1].nr));
        assert!(COMPAT.iter().all(|call| call.count <= 6 && call.nr < NUMBERS + SOCKETCALLS));
    }

    #[test]
    fn from_424_on_the_numbers_are_the_native_ones() {
        for call in COMPAT.iter().filter(|call| (424..NUMBERS).contains(&call.nr)) {
            assert_eq!(call.name, call.native);
            if let Some(native) = call.syscall() {
                assert_eq!(native.nr, call.nr, "{}", call.name);
            }
        }
    }

    #[test]
    fn numbers_are_those_of_this_system_s_headers() {
        let Ok(header) = std::fs::read_to_string("/usr/include/x86_64-linux-gnu/asm/unistd_32.h") else {
            return;
        };
        for line in header.lines() {
            let Some(define) = line.strip_prefix("#define __NR_") else { continue };
            let Some((name, number)) = define.split_once(' ') else { continue };
            for call in COMPAT.iter().filter(|call| call.name == name && name != "socketcall") {
                assert_eq!(number.trim(), call.nr.to_string(), "{name}");
            }
        }
    }

    #[test]
    fn a_watched_twin_reads_its_arguments_where_the_native_call_has_them() {
        let call = COMPAT.iter().find(|call| call.name == "chown").unwrap_or(&COMPAT[0]);
        let watch = call.syscall().map(|native| call.watch(&Watch::of(native))).unwrap_or_default();
        assert_eq!((call.place(), watch.nr, watch.path, watch.ids), (COMPAT_BASE + 182, 92, 0, 0b110));
    }
}
