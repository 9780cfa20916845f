//! Names of numbers: the vocabularies of the schema and of the kernel, a file each.

mod bitmask;
mod bpf;
mod bpf_helper;
mod dns;
mod errno;
mod list;
mod memory;
mod mount;
mod network;
mod open;
mod prctl;
mod process;
mod socket_option;
mod syscall;

pub use errno::errno_name;
pub use process::signal_name;

pub(super) use bpf::{attach_type, command, map_type, program_type};
pub(super) use bpf_helper::helper;
pub(super) use dns::{dns_class, dns_type};
pub(super) use memory::{
    map_flags, maps_file, pipe_flags, protection, requested_vm_flags, splice_flags, vm_flags,
};
pub(super) use mount::{module_flags, mount_flags, unmount_flags, xattr_flags};
pub(super) use network::{family, protocol, socket_kind};
pub(super) use open::{O_CREAT, RENAME_EXCHANGE, open_flags, rename_flags, unlink_flags};
pub(super) use prctl::prctl_option;
pub(super) use process::{ptrace_request, resource_limit};
pub(super) use socket_option::{socket_level, socket_option};
pub(super) use syscall::syscall;
