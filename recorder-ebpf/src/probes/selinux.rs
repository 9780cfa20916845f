//! Writes that change SELinux. Watching write(2) for ever would cost every write on the host: the calls are watched from the
//! moment at which one of the files that matter is opened for writing, until the loader finds that nobody has one open.

use abi::{
    Class, PartTag, RecordKind, SELINUX_VALUE, VECTOR_WRITES, WRITE_PLACES, offsets as o, watch_flags,
};
use aya_ebpf::{
    helpers::{bpf_ktime_get_boot_ns, bpf_probe_read_user, generated::bpf_probe_read_kernel_str},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};

use crate::{
    ended::{Ended, ended},
    kernel::{Address, at, field},
    maps::{SELINUX_SEEN, WATCH, selinux_fs},
    parts,
    probes::{
        bpf::string,
        file::{descriptor, file_of},
    },
    record::Scratch,
};

/// Watches writes if the file just opened may change SELinux. `scratch` has the name of its file system.
#[inline(always)]
pub fn arm(scratch: &mut Scratch, fd: u32) {
    let wanted = selinux_fs();
    if scratch.filesystem[0] == wanted[0] && scratch.filesystem[1] == wanted[1] {
        watch_writes(fd);
    }
}

#[inline(never)]
fn watch_writes(fd: u32) {
    const FMODE_WRITE: u32 = 2;
    let file = file_of(fd);
    if file == 0 || field::<u32>(file, o::FILE_MODE) & FMODE_WRITE == 0 || !matters(file) {
        return;
    }
    seen(file);
    let mut index = 0;
    while index < WRITE_PLACES.len() {
        if let Some(watch) = WATCH.get_ptr_mut(WRITE_PLACES[index]) {
            // SAFETY: an aligned word of the map; whoever reads it sees the old or the new one.
            unsafe {
                let flags = &raw mut (*watch).flags;
                flags.write_volatile(flags.read_volatile() | watch_flags::NATIVE);
            }
        }
        index += 1;
    }
}

/// Notes when, and on which device.
#[inline(always)]
fn seen(file: Address) {
    let sb: Address = field(field(file, o::FILE_INODE), o::INODE_SB);
    if let Some(entry) = SELINUX_SEEN.get_ptr_mut(0) {
        // SAFETY: the entry is there; the words mean something each for itself.
        unsafe {
            (&raw mut (*entry)[0]).write_volatile(bpf_ktime_get_boot_ns());
            (&raw mut (*entry)[1]).write_volatile(u64::from(field::<u32>(sb, o::SB_DEV)));
        }
    }
}

/// Is it one of the files that change SELinux (security/selinux/selinuxfs.c)? The others ask it questions.
#[inline(always)]
fn matters(file: Address) -> bool {
    const fn word(text: &[u8; 8]) -> u64 {
        u64::from_ne_bytes(*text)
    }
    let dentry: Address = field(at(file, o::FILE_PATH), o::PATH_DENTRY);
    let mut name = [0u64; 3];
    // SAFETY: as many bytes as there are; the helper checks the address.
    unsafe {
        bpf_probe_read_kernel_str(
            name.as_mut_ptr().cast(),
            24,
            field::<Address>(dentry, o::DENTRY_NAME) as *const _,
        );
    }
    if name[0] == word(b"enforce\0") || name[0] == word(b"disable\0") {
        return true;
    }
    if name[0] == word(b"commit_p") && name[1] == word(b"ending_b") && name[2] == word(b"ools\0\0\0\0") {
        return true;
    }
    let parent = string(field(field(dentry, o::DENTRY_PARENT), o::DENTRY_NAME));
    parent[0] == word(b"booleans") && parent[1] == 0
}

#[btf_tracepoint(function = "sys_exit")]
fn handle_selinux(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    let fd = scratch.args[0] as u32;
    let file = file_of(fd);
    if file == 0 {
        return 0;
    }
    let sb: Address = field(field(file, o::FILE_INODE), o::INODE_SB);
    let filesystem = string(field(field(sb, o::SB_TYPE), o::FSTYPE_NAME));
    let wanted = selinux_fs();
    if filesystem[0] != wanted[0] || filesystem[1] != wanted[1] || !matters(file) {
        return 0;
    }
    seen(file);
    scratch.begin(RecordKind::Call, ret, number);
    scratch.syscall_body();
    descriptor(scratch, fd);
    let (mut from, mut length) = (scratch.args[1], scratch.args[2]);
    if VECTOR_WRITES[0] == number || VECTOR_WRITES[1] == number || VECTOR_WRITES[2] == number {
        // The first `struct iovec`: such a file takes all in one piece.
        [from, length] = if scratch.compat == 0 {
            // SAFETY: the helper checks the address itself.
            unsafe { bpf_probe_read_user(from as *const [u64; 2]) }.unwrap_or_default()
        } else {
            // SAFETY: the helper checks the address itself.
            let words = unsafe { bpf_probe_read_user(from as *const [u32; 2]) }.unwrap_or_default();
            [u64::from(words[0]), u64::from(words[1])]
        };
    }
    if length > SELINUX_VALUE as u64 {
        length = SELINUX_VALUE as u64;
    }
    parts::user_memory(scratch, PartTag::Memory, from, from.wrapping_add(length));
    scratch.submit(Class::Kernel);
    0
}
