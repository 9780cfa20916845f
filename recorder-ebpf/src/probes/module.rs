//! Kernel modules: `init_module`, `finit_module`, `delete_module`, and the name that the kernel read from the module itself.

use abi::{Class, MODULE_NAME, NO_ARG, PartTag, RecordKind, offsets as o};
use aya_ebpf::{helpers::bpf_get_current_pid_tgid, macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    ended::{Ended, ended},
    filter,
    kernel::field,
    maps::{MODULE_NAMES, has},
    parts,
    probes::file::{descriptor, extras},
};

/// `tp_btf/module_load(mod)`: the module is laid out, its initialisation comes next. Within the call that loads it.
#[btf_tracepoint(function = "module_load")]
fn module_load(ctx: BtfTracePointContext) -> i32 {
    let module: u64 = ctx.arg::<*const u8>(0) as u64;
    if has(o::MODULE_NAME) {
        let name: [u64; MODULE_NAME / 8] = field(module, o::MODULE_NAME);
        // A full map forgets the oldest.
        let _ = MODULE_NAMES.insert(&bpf_get_current_pid_tgid(), &name, 0);
    }
    0
}

#[btf_tracepoint(function = "sys_exit")]
fn handle_module(ctx: BtfTracePointContext) -> i32 {
    let Some(Ended { scratch, number, ret }) = ended(&ctx) else { return 0 };
    if filter::early(scratch, ret) {
        return 0;
    }
    scratch.begin(RecordKind::Call, ret, number);
    scratch.syscall_body();
    let watch = scratch.watch;
    if watch.fd != NO_ARG {
        let fd = scratch.args[usize::from(watch.fd & 7)] as u32;
        descriptor(scratch, fd);
    }
    if filter::late(scratch) {
        return 0;
    }
    extras(scratch);
    let caller = bpf_get_current_pid_tgid();
    // SAFETY: only this thread's own calls write this entry.
    if let Some(name) = unsafe { MODULE_NAMES.get(&caller) } {
        parts::structure(scratch, PartTag::ModuleName, name);
        let _ = MODULE_NAMES.remove(&caller);
    }
    scratch.submit(Class::Kernel);
    0
}
