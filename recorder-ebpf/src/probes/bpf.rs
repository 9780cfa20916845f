//! bpf: the attributes passed, and the map and program that the call made or used.

use abi::{BPF_ATTRIBUTES, BPF_INSTRUCTIONS, BpfFacts, Class, PartTag, RecordKind, limits, offsets as o};
use aya_ebpf::{
    helpers::generated::{bpf_probe_read_kernel_str, bpf_probe_read_user},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};

use crate::{
    ended::{Ended, ended},
    filter,
    kernel::{Address, at, field},
    maps::has,
    parts,
    probes::file::file_of,
    record::Scratch,
};

/// `BPF_PROG_LOAD` (include/uapi/linux/bpf.h, `enum bpf_cmd`).
const PROG_LOAD: u32 = 5;
/// Bytes of the attributes that hold descriptors; `batch.map_fd` is the last.
const HEAD: u64 = 40;
const _: () = assert!(BPF_INSTRUCTIONS == limits::ARGS);

const fn commands(list: &[u32]) -> u64 {
    let mut bits = 0;
    let mut index = 0;
    while index < list.len() {
        bits |= 1 << list[index];
        index += 1;
    }
    bits
}

/// Commands that return a descriptor of a map or a program: `MAP_CREATE`, `PROG_LOAD`, `OBJ_GET`, `PROG_GET_FD_BY_ID`,
/// `MAP_GET_FD_BY_ID`.
const RETURNS: u64 = commands(&[0, 5, 7, 13, 14]);
/// Commands whose first word is one: `MAP_*_ELEM` and `GET_NEXT_KEY` (1 to 4), `PROG_TEST_RUN`, `OBJ_GET_INFO_BY_FD`,
/// `MAP_LOOKUP_AND_DELETE_ELEM`, `MAP_FREEZE`, `LINK_CREATE`, `PROG_BIND_MAP`.
const FIRST: u64 = commands(&[1, 2, 3, 4, 10, 15, 21, 22, 28, 35]);
/// Commands whose second word is one: `PROG_ATTACH`, `PROG_DETACH`, `LINK_UPDATE`, `PROG_BIND_MAP`.
const SECOND: u64 = commands(&[8, 9, 29, 35]);
/// Commands whose third word is one, behind a pointer: `OBJ_PIN`, `RAW_TRACEPOINT_OPEN`.
const THIRD: u64 = commands(&[6, 17]);
/// `MAP_*_BATCH`: the tenth word.
const TENTH: u64 = commands(&[24, 25, 26, 27]);

#[btf_tracepoint(function = "sys_exit")]
fn handle_bpf(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::Call, ret, number);
    scratch.syscall_body();
    let (command, attributes, size) = (scratch.args[0] as u32, scratch.args[1], scratch.args[2] as u32);
    let bytes = u64::from(size.min(BPF_ATTRIBUTES as u32));
    parts::user_memory(scratch, PartTag::Memory, attributes, attributes.wrapping_add(bytes));
    head(scratch, attributes, size);
    let bit = if command < 64 { 1u64 << (command & 63) } else { 0 };
    if RETURNS & bit != 0 {
        if ret >= 0 {
            object(scratch, ret as u32);
        }
    } else {
        if FIRST & bit != 0 {
            object(scratch, scratch.head[0] as u32);
        }
        if SECOND & bit != 0 {
            object(scratch, (scratch.head[0] >> 32) as u32);
        }
        if THIRD & bit != 0 {
            object(scratch, scratch.head[1] as u32);
        }
        if TENTH & bit != 0 {
            object(scratch, (scratch.head[4] >> 32) as u32);
        }
    }
    if command == PROG_LOAD {
        // `prog_type`, `insn_cnt`, `insns`. `object` has used the head for itself.
        head(scratch, attributes, size);
        let count = scratch.head[0] >> 32;
        let from = scratch.head[1];
        parts::user_memory(scratch, PartTag::Instructions, from, from.wrapping_add(count * 8));
    }
    scratch.submit(Class::Kernel);
    0
}

/// Reads the first words of the attributes; what the caller did not pass is zero, as the kernel takes it.
#[inline(always)]
fn head(scratch: &mut Scratch, attributes: Address, size: u32) {
    let mut word = 0;
    while word < HEAD as usize / 8 {
        scratch.head[word] = 0;
        word += 1;
    }
    scratch.args[6] = u64::from(size);
    // SAFETY: a plain field; volatile, so that the verifier sees the bound that follows.
    let mut length = unsafe { core::ptr::read_volatile(&raw const scratch.args[6]) };
    if length > HEAD {
        length = HEAD;
    }
    // SAFETY: `head` has room for that; the helper checks the address.
    unsafe { bpf_probe_read_user(scratch.head.as_mut_ptr().cast(), length as u32, attributes as *const _) };
}

/// The map or program that a descriptor refers to; nothing if it refers to anything else.
#[inline(never)]
fn object(scratch: &mut Scratch, fd: u32) {
    const MAP: [u64; 2] = [u64::from_ne_bytes(*b"bpf-map\0"), 0];
    const PROGRAM: [u64; 2] = [u64::from_ne_bytes(*b"bpf-prog"), 0];
    const ANONYMOUS: [u64; 2] = [u64::from_ne_bytes(*b"anon_ino"), u64::from_ne_bytes(*b"defs\0\0\0\0")];
    let file = file_of(fd);
    if file == 0 {
        return;
    }
    // Only the kernel itself makes files there, and it names them by what they are (`anon_inode_getfd` in
    // kernel/bpf/syscall.c): nothing else is taken for a map or a program.
    let sb: Address = field(field(file, o::FILE_INODE), o::INODE_SB);
    if string(field(field(sb, o::SB_TYPE), o::FSTYPE_NAME)) != ANONYMOUS {
        return;
    }
    let dentry: Address = field(at(file, o::FILE_PATH), o::PATH_DENTRY);
    let name = string(field(dentry, o::DENTRY_NAME));
    let address: Address = field(file, o::FILE_PRIVATE);
    let known = |index: usize, of: Address| if has(index) { field::<u32>(of, index) } else { 0 };
    let text = |index: usize, of: Address| if has(index) { bytes(string(at(of, index))) } else { [0; 16] };
    if name == MAP && has(o::BPF_MAP_ID) {
        let value = BpfFacts {
            id: field(address, o::BPF_MAP_ID),
            kind: known(o::BPF_MAP_TYPE, address),
            name: text(o::BPF_MAP_NAME, address),
            ..BpfFacts::default()
        };
        parts::structure(scratch, PartTag::BpfMap, &value);
    } else if name == PROGRAM && has(o::BPF_PROG_AUX) && has(o::BPF_AUX_ID) {
        let aux: Address = field(address, o::BPF_PROG_AUX);
        let value = BpfFacts {
            id: field(aux, o::BPF_AUX_ID),
            kind: known(o::BPF_PROG_TYPE, address),
            attach: known(o::BPF_PROG_ATTACH, address),
            reserved: 0,
            tag: if has(o::BPF_PROG_TAG) { field(address, o::BPF_PROG_TAG) } else { [0; 8] },
            name: text(o::BPF_AUX_NAME, aux),
        };
        parts::structure(scratch, PartTag::BpfProgram, &value);
    }
}

/// Up to 15 bytes of a string, the rest zero.
#[inline(always)]
pub fn string(address: Address) -> [u64; 2] {
    let mut text = [0u64; 2];
    // SAFETY: as many bytes as there are; the helper checks the address.
    unsafe { bpf_probe_read_kernel_str(text.as_mut_ptr().cast(), 16, address as *const _) };
    text
}

fn bytes(words: [u64; 2]) -> [u8; 16] {
    // SAFETY: as many bytes; they have no meaning but their own.
    unsafe { core::mem::transmute(words) }
}
