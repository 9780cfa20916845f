//! What the probes tell of the kernel's own objects: BPF maps and programs, kernel parameters, moves between cgroups.

use crate::{COMPAT_BASE, record};

/// Bytes of the attributes of bpf(2) that a record has: up to `expected_attach_type` (`union bpf_attr`).
pub const BPF_ATTRIBUTES: usize = 72;
/// Bytes of a program's instructions that are looked at for helpers: 1024 instructions.
pub const BPF_INSTRUCTIONS: usize = 8192;
/// Bytes of a kernel parameter's name with its NUL.
pub const SYSCTL_NAME: usize = 256;
/// Bytes of a kernel parameter's value with its NUL.
pub const SYSCTL_VALUE: usize = 1024;
/// Bytes of a module's name with its NUL (`MODULE_NAME_LEN` of 64-bit kernels, include/linux/moduleparam.h).
pub const MODULE_NAME: usize = 56;
/// Bytes of what is written to a file of selinuxfs that a record has.
pub const SELINUX_VALUE: usize = 64;
/// Places in the `WATCH` map of the calls that write a file, native and 32-bit: watched while a file of selinuxfs may be open
/// for writing.
pub const WRITE_PLACES: [u32; 10] = [
    1,
    18,
    20,
    296,
    328,
    COMPAT_BASE + 4,
    COMPAT_BASE + 146,
    COMPAT_BASE + 181,
    COMPAT_BASE + 334,
    COMPAT_BASE + 379,
];
/// Of the native numbers, the ones that take a vector of buffers.
pub const VECTOR_WRITES: [u32; 3] = [20, 296, 328];

record! {
    /// A BPF map or program.
    pub struct BpfFacts = 40 {
        /// The kernel's number.
        pub id: u32,
        /// `BPF_MAP_TYPE_*` or `BPF_PROG_TYPE_*`.
        pub kind: u32,
        /// `expected_attach_type` of a program.
        pub attach: u32,
        /// Zero.
        pub reserved: u32,
        /// First bytes of the hash of a program's instructions.
        pub tag: [u8; 8],
        /// NUL padded.
        pub name: [u8; 16],
    }
}

record! {
    /// A kernel parameter read or written. Parts `Text` (its name), `Memory` (the value read or written) and `OldValue`
    /// have their full size; the lengths here say what counts.
    pub struct SysctlBody = 16 {
        /// 1: written.
        pub write: u32,
        /// What `bpf_sysctl_get_name` returned: a length, or a negated errno (E2BIG: cut).
        pub name: i32,
        /// Likewise of the value read or written.
        pub value: i32,
        /// Likewise of the value before.
        pub old: i32,
    }
}

record! {
    /// A task moved to another cgroup. Part `Text`: the cgroup's path from its hierarchy's root.
    pub struct CgroupBody = 24 {
        /// `start_boottime` of the moved task's group leader.
        pub start: u64,
        /// Its process.
        pub tgid: u32,
        /// The task.
        pub tid: u32,
        /// `hierarchy_id` as in /proc/PID/cgroup; 0 is cgroup v2.
        pub hierarchy: u32,
        /// 1: with all threads of its process.
        pub whole: u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{COMPAT, Handler, SYSCALLS};

    #[test]
    fn every_write_has_its_place() {
        let native = SYSCALLS.iter().filter(|call| call.handler == Handler::Selinux).map(|call| call.nr);
        let compat = COMPAT
            .iter()
            .filter(|call| call.syscall().is_some_and(|native| native.handler == Handler::Selinux));
        assert!(native.chain(compat.map(crate::compat::Compat::place)).eq(WRITE_PLACES));
    }
}
