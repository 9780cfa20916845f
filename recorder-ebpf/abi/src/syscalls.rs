//! Which syscalls are watched and where their arguments are: the data that the probes dispatch by, the decoder
//! reads by, and `tacho doctor` prints. x86-64 numbers (`arch/x86/entry/syscalls/syscall_64.tbl`).

use crate::NUMBERS;

/// Index of an argument (0 to 5).
pub type Arg = u8;
/// No such argument: the working directory for a dirfd, absent for a path or an fd.
pub const NO_ARG: Arg = u8::MAX;

/// Which program takes a syscall, and so into which ring it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Record kind `File`, class file.
    File,
    /// Record kind `File`, class file: the mount is looked at too.
    Mount,
    /// Record kind `Socket`, class network.
    Socket,
    /// Record kind `Credentials`, class process.
    Credentials,
    /// Record kind `Call`, class kernel.
    Call,
    /// bpf: record kind `Call`, class kernel, parts `Memory` (the attributes), `BpfMap`, `BpfProgram`, `Instructions`.
    Bpf,
    /// Kernel modules: record kind `Call`, class kernel, part `ModuleName` beside those of the spec.
    Module,
    /// Writes to a file of selinuxfs that changes SELinux: record kind `Call`, class kernel, parts `Path`, `Facts`, `Memory`.
    Selinux,
    /// Record kind `Signal`, class kernel: what failed or only asked.
    Signal,
    /// Record kind `Call`, class kernel, with what the call found before it.
    Memory,
}

/// Where a syscall keeps its paths, descriptors, strings and structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Directory descriptor of the first path.
    pub dirfd: Arg,
    /// First path.
    pub path: Arg,
    /// Directory descriptor of the second path.
    pub dirfd2: Arg,
    /// Second path.
    pub path2: Arg,
    /// Descriptor that the call acts on (no path then).
    pub fd: Arg,
    /// The result is a descriptor: on success it is looked at, instead of the path strings.
    pub returns_fd: bool,
    /// On success the working directory is walked as well.
    pub walks_cwd: bool,
    /// A string that is no path (part `Text`).
    pub text: Arg,
    /// Another (part `Text2`).
    pub text2: Arg,
    /// A structure of the caller (part `Memory`).
    pub memory: Arg,
    /// Its bytes at the most.
    pub memory_bytes: u8,
    /// The argument that says how many bytes it has, if one does.
    pub memory_length: Arg,
}

/// One watched syscall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syscall {
    /// Number in the x86-64 table.
    pub nr: u32,
    /// Name in that table.
    pub name: &'static str,
    /// Event name of the schema that it becomes (`unlinkat` with `AT_REMOVEDIR` becomes `rmdir`).
    pub event: &'static str,
    /// Who handles it.
    pub handler: Handler,
    /// Where its arguments are.
    pub spec: Spec,
}

impl Spec {
    /// Nothing but the plain arguments.
    pub const NONE: Self = Self {
        dirfd: NO_ARG,
        path: NO_ARG,
        dirfd2: NO_ARG,
        path2: NO_ARG,
        fd: NO_ARG,
        returns_fd: false,
        walks_cwd: false,
        text: NO_ARG,
        text2: NO_ARG,
        memory: NO_ARG,
        memory_bytes: 0,
        memory_length: NO_ARG,
    };
}

const fn at(dirfd: Arg, path: Arg) -> Spec {
    Spec { dirfd, path, ..Spec::NONE }
}
const fn path(arg: Arg) -> Spec {
    at(NO_ARG, arg)
}
const fn two(dirfd: Arg, path: Arg, dirfd2: Arg, path2: Arg) -> Spec {
    Spec { dirfd2, path2, ..at(dirfd, path) }
}
const fn descriptor(arg: Arg) -> Spec {
    Spec { fd: arg, ..Spec::NONE }
}
const fn opens(spec: Spec) -> Spec {
    Spec { returns_fd: true, ..spec }
}
const fn moves(spec: Spec) -> Spec {
    Spec { walks_cwd: true, ..spec }
}
const fn file(nr: u32, name: &'static str, event: &'static str, spec: Spec) -> Syscall {
    Syscall { nr, name, event, handler: Handler::File, spec }
}
const fn with_text(text: Arg, spec: Spec) -> Spec {
    Spec { text, ..spec }
}
const fn with_memory(memory: Arg, memory_bytes: u8, spec: Spec) -> Spec {
    Spec { memory, memory_bytes, ..spec }
}
const fn mounts(nr: u32, name: &'static str, spec: Spec) -> Syscall {
    Syscall { nr, name, event: "mount", handler: Handler::Mount, spec }
}
const fn socket(nr: u32, name: &'static str, event: &'static str) -> Syscall {
    Syscall { nr, name, event, handler: Handler::Socket, spec: descriptor(0) }
}
const fn credentials(nr: u32, name: &'static str, event: &'static str) -> Syscall {
    Syscall { nr, name, event, handler: Handler::Credentials, spec: Spec::NONE }
}

const fn module(nr: u32, name: &'static str, event: &'static str, spec: Spec) -> Syscall {
    Syscall { nr, name, event, handler: Handler::Module, spec }
}
const fn selinux(nr: u32, name: &'static str) -> Syscall {
    Syscall { nr, name, event: "selinux", handler: Handler::Selinux, spec: descriptor(0) }
}

impl Syscall {
    /// The argument with the `O_*` flags of an open or the `PROT_*` of a mapping, which rules of the filter ask for.
    #[must_use]
    pub fn flags_argument(&self) -> Arg {
        match (self.event, self.name) {
            ("open", "open") => 1,
            ("open", "openat" | "openat2" | "open_by_handle_at") | ("mmap" | "mprotect", _) => 2,
            _ => NO_ARG,
        }
    }
}

const fn call(nr: u32, name: &'static str, event: &'static str, spec: Spec) -> Syscall {
    Syscall { nr, name, event, handler: Handler::Call, spec }
}
const fn signal(nr: u32, name: &'static str) -> Syscall {
    Syscall { nr, name, event: "signal", handler: Handler::Signal, spec: Spec::NONE }
}
const fn memory(nr: u32, name: &'static str, event: &'static str) -> Syscall {
    Syscall { nr, name, event, handler: Handler::Memory, spec: Spec::NONE }
}
const fn structure(arg: Arg, bytes: u8) -> Spec {
    Spec { memory: arg, memory_bytes: bytes, ..Spec::NONE }
}

/// The watched syscall of a number.
#[must_use]
pub fn syscall(nr: u32) -> Option<&'static Syscall> {
    /// Places in [`SYSCALLS`] by number, from 1.
    #[expect(clippy::cast_possible_truncation, reason = "asserted")]
    const PLACES: [u8; NUMBERS as usize] = {
        assert!(SYSCALLS.len() < 256);
        let mut places = [0; NUMBERS as usize];
        let mut place = 0;
        while place < SYSCALLS.len() {
            places[SYSCALLS[place].nr as usize] = place as u8 + 1;
            place += 1;
        }
        places
    };
    let place = PLACES.get(usize::try_from(nr).ok()?)?.checked_sub(1)?;
    SYSCALLS.get(usize::from(place))
}

/// Every watched syscall, by number.
pub const SYSCALLS: &[Syscall] = &[
    selinux(1, "write"),
    file(2, "open", "open", opens(path(0))),
    memory(9, "mmap", "mmap"),
    memory(10, "mprotect", "mprotect"),
    selinux(18, "pwrite64"),
    selinux(20, "writev"),
    socket(42, "connect", "connect"),
    socket(43, "accept", "accept"),
    socket(49, "bind", "bind"),
    socket(54, "setsockopt", "setsockopt"),
    signal(62, "kill"),
    file(76, "truncate", "open", path(0)),
    file(77, "ftruncate", "open", descriptor(0)),
    file(80, "chdir", "chdir", moves(path(0))),
    file(81, "fchdir", "chdir", moves(descriptor(0))),
    file(82, "rename", "rename", two(NO_ARG, 0, NO_ARG, 1)),
    file(83, "mkdir", "mkdir", path(0)),
    file(84, "rmdir", "rmdir", path(0)),
    file(85, "creat", "open", opens(path(0))),
    file(86, "link", "link", two(NO_ARG, 0, NO_ARG, 1)),
    file(87, "unlink", "unlink", path(0)),
    file(90, "chmod", "chmod", path(0)),
    file(91, "fchmod", "chmod", descriptor(0)),
    file(92, "chown", "chown", path(0)),
    file(93, "fchown", "chown", descriptor(0)),
    file(94, "lchown", "chown", path(0)),
    call(101, "ptrace", "ptrace", Spec::NONE),
    credentials(105, "setuid", "setuid"),
    credentials(106, "setgid", "setgid"),
    credentials(113, "setreuid", "setuid"),
    credentials(114, "setregid", "setgid"),
    credentials(117, "setresuid", "setuid"),
    credentials(119, "setresgid", "setgid"),
    credentials(122, "setfsuid", "setuid"),
    credentials(123, "setfsgid", "setgid"),
    credentials(126, "capset", "capset"),
    signal(129, "rt_sigqueueinfo"),
    // Times: struct utimbuf, two of struct timeval or struct timespec; names of attributes are text.
    file(132, "utime", "utimes", with_memory(1, 16, path(0))),
    // The name of PR_SET_NAME.
    call(157, "prctl", "prctl", Spec { text: 1, ..Spec::NONE }),
    call(160, "setrlimit", "setrlimit", structure(1, 16)),
    mounts(165, "mount", Spec { text: 0, text2: 2, ..path(1) }),
    file(166, "umount2", "umount", path(0)),
    module(175, "init_module", "load_module", with_text(2, Spec::NONE)),
    module(176, "delete_module", "unload_module", with_text(0, Spec::NONE)),
    file(188, "setxattr", "setxattr", with_text(1, path(0))),
    file(189, "lsetxattr", "setxattr", with_text(1, path(0))),
    file(190, "fsetxattr", "setxattr", with_text(1, descriptor(0))),
    file(197, "removexattr", "removexattr", with_text(1, path(0))),
    file(198, "lremovexattr", "removexattr", with_text(1, path(0))),
    file(199, "fremovexattr", "removexattr", with_text(1, descriptor(0))),
    signal(200, "tkill"),
    signal(234, "tgkill"),
    file(235, "utimes", "utimes", with_memory(1, 32, path(0))),
    file(257, "openat", "open", opens(at(0, 1))),
    file(258, "mkdirat", "mkdir", at(0, 1)),
    file(260, "fchownat", "chown", at(0, 1)),
    file(261, "futimesat", "utimes", with_memory(2, 32, at(0, 1))),
    file(263, "unlinkat", "unlink", at(0, 1)),
    file(264, "renameat", "rename", two(0, 1, 2, 3)),
    file(265, "linkat", "link", two(0, 1, 2, 3)),
    file(268, "fchmodat", "chmod", at(0, 1)),
    memory(275, "splice", "splice"),
    file(280, "utimensat", "utimes", with_memory(2, 32, at(0, 1))),
    socket(288, "accept4", "accept"),
    selinux(296, "pwritev"),
    signal(297, "rt_tgsigqueueinfo"),
    call(302, "prlimit64", "setrlimit", structure(2, 16)),
    file(304, "open_by_handle_at", "open", opens(at(NO_ARG, NO_ARG))),
    module(313, "finit_module", "load_module", with_text(1, descriptor(0))),
    file(316, "renameat2", "rename", two(0, 1, 2, 3)),
    Syscall { nr: 321, name: "bpf", event: "bpf", handler: Handler::Bpf, spec: Spec::NONE },
    selinux(328, "pwritev2"),
    memory(329, "pkey_mprotect", "mprotect"),
    signal(424, "pidfd_send_signal"),
    mounts(429, "move_mount", Spec { fd: 0, ..two(0, 1, 2, 3) }),
    file(437, "openat2", "open", opens(at(0, 1))),
    file(452, "fchmodat2", "chmod", at(0, 1)),
    // struct xattr_args: value, size, flags.
    file(463, "setxattrat", "setxattr", with_text(3, with_memory(4, 16, at(0, 1)))),
    file(466, "removexattrat", "removexattr", with_text(3, at(0, 1))),
];
