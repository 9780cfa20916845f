//! The record under construction: header, body, then parts at a growing position.

use abi::{ALIGN, Class, Header, RecordKind, SyscallBody, Watch, header_flags, limits, offsets as o};
use aya_ebpf::{
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP},
    helpers::{
        bpf_get_current_cgroup_id, bpf_get_smp_processor_id, bpf_ktime_get_boot_ns, bpf_ringbuf_output,
        generated::bpf_probe_read_kernel,
    },
    maps::RingBuf,
};

use crate::{
    counters,
    kernel::{Address, current, field},
    maps::{RING_FILE, RING_KERNEL, RING_NETWORK, RING_PACKET, RING_PROCESS, SCRATCH, offset, wake_at},
};

/// Parts begin at positions up to here.
pub const LAST_START: u64 = (limits::RECORD - 8192) as u64;
/// Bytes of one part at the most, and room for its header and padding. The verifier adds the largest length to the
/// largest position, whatever was checked before.
const SLACK: usize = 8192 + 64;
/// Words of a structure that are read in one go.
const HEAD: usize = 24;
const BUFFER: usize = limits::RECORD - 8192 + SLACK;

/// State of one CPU: the record and what the walk needs.
#[repr(C, align(8))]
pub struct Scratch {
    /// Next free byte of `buffer`.
    pub position: u64,
    /// Syscall arguments; two more than there are, so that a masked index is always within.
    pub args: [u64; 8],
    /// `header_flags::COMPAT` while a 32-bit call is looked at.
    pub compat: u32,
    /// Zero.
    pub reserved: u32,
    /// What is watched about the syscall.
    pub watch: Watch,
    /// The walk's dentry.
    pub dentry: Address,
    /// The walk's mount.
    pub mount: Address,
    /// Where the walk's part began.
    pub walk_start: u64,
    /// `part_flags` of the walk.
    pub walk_flags: u64,
    /// The walk reached a root.
    pub walk_done: u64,
    /// Root of the walk's mount.
    pub walk_root: Address,
    /// End of the `Path` part, 0 if there is none.
    pub path_end: u64,
    /// Rules that leave the record out if its path fits.
    pub rules: u64,
    /// `struct path` of the object that the call is about, 0 if it is not known.
    pub object: Address,
    /// Its open file, 0 if there is none.
    pub object_file: Address,
    /// Head of the structure that is being looked at, see [`Scratch::look`].
    pub head: [u64; HEAD],
    /// Name of the file system that `parts::facts` saw last, NUL padded.
    pub filesystem: [u64; 2],
    /// The record.
    pub buffer: [u8; BUFFER],
}

/// This CPU's scratch.
#[inline(always)]
pub fn scratch() -> Option<&'static mut Scratch> {
    // SAFETY: takes no argument.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    // SAFETY: only programs on this CPU use this entry, and they do not preempt one another.
    SCRATCH.get_ptr_mut(cpu).map(|scratch| unsafe { &mut *scratch })
}

impl Scratch {
    /// Position of the next part; `None` (and the record is marked) if there is no room for another. To be
    /// asked for right before it is used: the verifier of 6.1 forgets the bound of what was spilled to the stack.
    #[inline(always)]
    pub fn start(&mut self) -> Option<u64> {
        // Volatile, and compared alone against a constant: LLVM otherwise drops bounds that it can prove and the
        // verifier cannot.
        // SAFETY: a plain field.
        let position = unsafe { core::ptr::read_volatile(&raw const self.position) };
        if position > LAST_START {
            self.header().flags |= header_flags::TRUNCATED;
            return None;
        }
        Some(position)
    }

    /// Reads the head of a structure in one go: a call of the helper costs far more than the bytes.
    #[inline(always)]
    pub fn look(&mut self, address: Address, words: usize) {
        // SAFETY: `head` has that many words; the helper checks the address, and leaves zeros where it cannot read.
        unsafe {
            bpf_probe_read_kernel(self.head.as_mut_ptr().cast(), (words * 8) as u32, address as *const _)
        };
    }

    /// A field of the structure looked at; one that stands further behind is read by itself.
    #[inline(always)]
    pub fn seen<T: Copy + Default>(&self, address: Address, words: usize, index: usize) -> T {
        let at = offset(index);
        if at > (words as u64 - 1) * 8 {
            return field(address, index);
        }
        // SAFETY: `at` is within the head, and as aligned as in the structure; volatile, because the helper wrote it.
        unsafe { self.head.as_ptr().cast::<u8>().add(at as usize).cast::<T>().read_volatile() }
    }

    /// The record's header.
    #[inline(always)]
    pub fn header(&mut self) -> &mut Header {
        // SAFETY: the buffer is aligned and larger than a header, which may hold any bytes.
        unsafe { &mut *self.buffer.as_mut_ptr().cast::<Header>() }
    }

    /// Writes a body behind the header.
    #[inline(always)]
    pub fn body<T: Copy>(&mut self, body: T) {
        // SAFETY: the buffer is aligned and larger than header and body; both sizes are multiples of ALIGN.
        unsafe { self.buffer.as_mut_ptr().add(size_of::<Header>()).cast::<T>().write(body) };
        self.position = (size_of::<Header>() + size_of::<T>()) as u64;
    }

    /// Writes the body of a syscall record.
    #[inline(always)]
    pub fn syscall_body(&mut self) {
        let a = &self.args;
        self.body(SyscallBody { args: [a[0], a[1], a[2], a[3], a[4], a[5]] });
        let compat = self.compat;
        self.header().flags |= compat;
    }

    /// Begins a record of the running task.
    #[inline(always)]
    pub fn begin(&mut self, kind: RecordKind, ret: i64, nr: u32) {
        let task = current();
        self.begin_for(task, kind, ret, nr);
        // SAFETY: takes no argument.
        self.header().cgroup = unsafe { bpf_get_current_cgroup_id() };
    }

    /// Begins a record of a task.
    #[inline(always)]
    pub fn begin_for(&mut self, task: Address, kind: RecordKind, ret: i64, nr: u32) {
        *self.header() = header_of(task, kind, ret, nr);
        self.position = size_of::<Header>() as u64;
        self.path_end = 0;
        self.filesystem = [0; 2];
    }

    /// Sends the record to its ring.
    #[inline(always)]
    pub fn submit(&mut self, class: Class) {
        self.header().seq = counters::tried(class);
        // SAFETY: a plain field.
        let mut length = unsafe { core::ptr::read_volatile(&raw const self.position) };
        if length > BUFFER as u64 {
            length = BUFFER as u64;
        }
        let ring: &RingBuf = match class {
            Class::Process => &RING_PROCESS,
            Class::File => &RING_FILE,
            Class::Network => &RING_NETWORK,
            Class::Kernel => &RING_KERNEL,
            Class::Packet => &RING_PACKET,
        };
        let wake = if ring.query(u64::from(BPF_RB_AVAIL_DATA)) >= wake_at(class) {
            BPF_RB_FORCE_WAKEUP
        } else {
            BPF_RB_NO_WAKEUP
        };
        // SAFETY: the buffer has `length` bytes. Called directly, because `RingBuf::output` wants a slice, whose
        // length LLVM and the verifier see differently.
        let result = unsafe {
            bpf_ringbuf_output(
                core::ptr::from_ref(ring).cast_mut().cast(),
                self.buffer.as_mut_ptr().cast(),
                length,
                u64::from(wake),
            )
        };
        if result < 0 {
            counters::lost(class);
        }
    }
}

/// The head of a record of a task, without its cgroup and its number.
#[inline(always)]
pub fn header_of(task: Address, kind: RecordKind, ret: i64, nr: u32) -> Header {
    let leader: Address = field(task, o::TASK_LEADER);
    let parent: Address = field(task, o::TASK_REAL_PARENT);
    Header {
        // SAFETY: takes no argument.
        time: unsafe { bpf_ktime_get_boot_ns() },
        start: field(leader, o::TASK_START),
        cgroup: 0,
        // Set when it is sent: what is left out has no number.
        seq: 0,
        ret: as_told(ret),
        tgid: field(task, o::TASK_TGID),
        tid: field(task, o::TASK_PID),
        // SAFETY: takes no argument.
        cpu: unsafe { bpf_get_smp_processor_id() } as u16,
        kind: kind as u16,
        flags: 0,
        nr,
        ppid: field(parent, o::TASK_TGID),
    }
}

/// `ERESTARTSYS` to `ERESTART_RESTARTBLOCK` (include/linux/errno.h) never reach a caller: a signal interrupted the
/// call, which is told as EINTR or made again.
#[inline(always)]
const fn as_told(ret: i64) -> i64 {
    const EINTR: i64 = 4;
    if ret <= -512 && ret >= -516 { -EINTR } else { ret }
}

/// The next multiple of the alignment.
#[inline(always)]
pub const fn padded(length: u64) -> u64 {
    (length + ALIGN as u64 - 1) & !(ALIGN as u64 - 1)
}
