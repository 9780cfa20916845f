//! Reads of kernel memory. A pointer is a plain number here; what cannot be read is zero, and walks end at zero.

use aya_ebpf::helpers::{bpf_get_current_task, bpf_probe_read_kernel};

use crate::maps::offset;

/// An address in kernel memory.
pub type Address = u64;

/// Reads a value at an address; zero if it cannot be read.
#[inline(always)]
pub fn read<T: Copy + Default>(address: Address) -> T {
    // SAFETY: the helper checks the address itself and fails on a bad one.
    unsafe { bpf_probe_read_kernel(address as *const T) }.unwrap_or_default()
}

/// Reads a field, by index of its offset.
#[inline(always)]
pub fn field<T: Copy + Default>(base: Address, index: usize) -> T {
    read(base + offset(index))
}

/// Address of a field.
#[inline(always)]
pub fn at(base: Address, index: usize) -> Address {
    base + offset(index)
}

/// The task that runs.
#[inline(always)]
pub fn current() -> Address {
    // SAFETY: takes no argument and cannot fail.
    unsafe { bpf_get_current_task() }
}
