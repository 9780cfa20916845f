//! Maps and read-only globals shared with the loader. Names are the loader's keys.

use abi::{
    Before, Counters, NUMBERS, OPCODES, Owner, REQUESTS, RULES, Rule, SOCKET_OPTIONS, WATCHES, Watch, limits,
    offsets, tail_calls,
};
use aya_ebpf::{
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray, ProgramArray, RingBuf},
};

use crate::record::Scratch;

/// What is kept of a request until it ends.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Pending {
    /// Time since boot of its submission.
    pub submitted: u64,
    /// `files_struct` of the submitter, in which a new descriptor is.
    pub files: u64,
    /// Its operation.
    pub opcode: u32,
    /// `request_flags`.
    pub flags: u32,
}

/// Lifecycle and credentials. Sizes are set by the loader.
#[map]
pub static RING_PROCESS: RingBuf = RingBuf::with_byte_size(4096, 0);
/// Files.
#[map]
pub static RING_FILE: RingBuf = RingBuf::with_byte_size(4096, 0);
/// Sockets.
#[map]
pub static RING_NETWORK: RingBuf = RingBuf::with_byte_size(4096, 0);
/// Memory, signals, tracing, kernel objects.
#[map]
pub static RING_KERNEL: RingBuf = RingBuf::with_byte_size(4096, 0);
/// Packets.
#[map]
pub static RING_PACKET: RingBuf = RingBuf::with_byte_size(4096, 0);
/// Socket options that are recorded, by [`abi::option_key`]: 1 if the value is copied, 2 if it is a secret.
#[map]
pub static OPTIONS: HashMap<u64, u32> = HashMap::with_max_entries(SOCKET_OPTIONS.len() as u32, 0);
/// Who connected a socket that leads to a name server or a metadata service, by socket cookie.
#[map]
pub static OWNERS: LruHashMap<u64, Owner> = LruHashMap::with_max_entries(limits::OWNERS, 0);
/// What is left out on purpose.
#[map]
pub static RULE_TABLE: Array<Rule> = Array::with_max_entries(RULES as u32, 0);
/// Rules that name executables: device and inode to a bit for each rule.
#[map]
pub static EXECUTABLES: HashMap<[u64; 2], u32> = HashMap::with_max_entries(256, 0);
/// Names of modules being loaded, by thread and process, from the kernel's own words to the end of the call.
#[map]
pub static MODULE_NAMES: LruHashMap<u64, [u64; abi::MODULE_NAME / 8]> = LruHashMap::with_max_entries(64, 0);
/// When a file of selinuxfs was last opened for writing or written, and its device; zeros if never.
#[map]
pub static SELINUX_SEEN: Array<[u64; 2]> = Array::with_max_entries(1, 0);
/// Exact counts.
#[map]
pub static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);
/// What to do with a syscall number: native ones, 32-bit ones, and calls of socketcall.
#[map]
pub static WATCH: Array<Watch> = Array::with_max_entries(WATCHES, 0);
/// What to do with an operation of io_uring, by its number.
#[map]
pub static OPERATIONS: Array<Watch> = Array::with_max_entries(OPCODES, 0);
/// Requests under way, by address of the kernel's request. Those that end unseen are pushed out by new ones.
#[map]
pub static PENDING: LruHashMap<u64, Pending> = LruHashMap::with_max_entries(REQUESTS, 0);
/// The handlers.
#[map]
pub static HANDLERS: ProgramArray = ProgramArray::with_max_entries(tail_calls::COUNT, 0);
/// Processes whose end was told, by start time and tgid: the last threads of a process may end at the same moment, and
/// then each of them finds that no thread is left.
#[map]
pub static ENDED: LruHashMap<[u64; 2], u8> = LruHashMap::with_max_entries(4096, 0);
/// What calls found before they changed it, by thread. Threads in such a call at once beyond this have theirs forgotten.
#[map]
pub static BEFORE: LruHashMap<u64, Before> = LruHashMap::with_max_entries(4096, 0);
/// Syscalls that a process has used, a bit each. The loader makes it small if nobody asks; a process that is pushed out
/// tells its first uses again.
#[map]
pub static FIRST: LruHashMap<u32, [u64; NUMBERS as usize / 64]> = LruHashMap::with_max_entries(16_384, 0);
/// One record under construction for each CPU, by CPU number; as many as the loader says. Not a per-CPU map: its
/// values are limited to 32 KiB (kernel/bpf/arraymap.c, `PCPU_MIN_UNIT_SIZE`). Programs are not preempted on their
/// CPU by one another: the tracepoints call them with preemption off.
#[map]
pub static SCRATCH: Array<Scratch> = Array::with_max_entries(1, 0);

/// Offsets into kernel structures, by index in [`offsets`].
#[unsafe(no_mangle)]
static OFFSETS: [u32; offsets::COUNT] = [0; offsets::COUNT];
/// The recorder's own process id.
#[unsafe(no_mangle)]
static OWN_TGID: u32 = 0;
/// 1: first uses of syscalls are told.
#[unsafe(no_mangle)]
static FIRST_USES: u32 = 0;
/// Bytes in a ring above which the reader is woken at once, by class.
#[unsafe(no_mangle)]
static WAKE_AT: [u64; abi::Class::COUNT] = [0; abi::Class::COUNT];

/// Name of the file system whose writes change SELinux, NUL padded.
#[unsafe(no_mangle)]
static SELINUX_FS: [u64; 2] = [0; 2];
/// 1: reads of kernel parameters are told as well as writes.
#[unsafe(no_mangle)]
static SYSCTL_READS: u32 = 0;

/// Name of selinuxfs.
#[inline(always)]
pub fn selinux_fs() -> [u64; 2] {
    // SAFETY: a plain read of a global; volatile, because the loader sets the value.
    unsafe { core::ptr::read_volatile(&raw const SELINUX_FS) }
}

/// Are reads of kernel parameters told?
#[inline(always)]
pub fn sysctl_reads() -> bool {
    // SAFETY: a plain read of a global; volatile, because the loader sets the value.
    unsafe { core::ptr::read_volatile(&raw const SYSCTL_READS) != 0 }
}

/// An offset; the verifier knows its value.
#[inline(always)]
pub fn offset(index: usize) -> u64 {
    // SAFETY: in bounds (every index is a constant of `offsets`); volatile, because the loader sets the value.
    u64::from(unsafe { core::ptr::read_volatile((&raw const OFFSETS).cast::<u32>().add(index)) })
}

/// Does this kernel have the field?
#[inline(always)]
pub fn has(index: usize) -> bool {
    offset(index) != offsets::ABSENT as u64
}

/// The recorder's own process id.
#[inline(always)]
pub fn own_tgid() -> u32 {
    // SAFETY: a plain read of a global; volatile, because the loader sets the value.
    unsafe { core::ptr::read_volatile(&raw const OWN_TGID) }
}

/// Are first uses of syscalls told?
#[inline(always)]
pub fn first_uses() -> bool {
    // SAFETY: a plain read of a global; volatile, because the loader sets the value.
    unsafe { core::ptr::read_volatile(&raw const FIRST_USES) != 0 }
}

/// Fill level above which a ring's reader is woken.
#[inline(always)]
pub fn wake_at(class: abi::Class) -> u64 {
    // SAFETY: in bounds (a class is below COUNT); volatile, because the loader sets the value.
    unsafe { core::ptr::read_volatile((&raw const WAKE_AT).cast::<u64>().add(class as usize)) }
}
