//! `tp_btf/sched_process_exec(task, old_pid, bprm)`: a new image is in place.

use abi::{Class, ExecBody, PartTag, RecordKind, exec_flags, offsets as o};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::{
    kernel::{Address, at, field, read},
    maps::has,
    parts,
    probes::sys_enter::forget_uses,
    record, walk,
};

#[btf_tracepoint(function = "sched_process_exec")]
fn sched_process_exec(ctx: BtfTracePointContext) -> i32 {
    let task: u64 = ctx.arg::<*const u8>(0) as u64;
    let old_tid: i32 = ctx.arg(1);
    let bprm: u64 = ctx.arg::<*const u8>(2) as u64;
    forget_uses();
    let Some(scratch) = record::scratch() else { return 0 };
    scratch.begin(RecordKind::Exec, 0, u32::MAX);
    let mm: Address = field(task, o::TASK_MM);
    let filename: Address = field(bprm, o::BPRM_FILENAME);
    let interp: Address = field(bprm, o::BPRM_INTERP);
    let (args, args_end): (Address, Address) = (field(mm, o::MM_ARG_START), field(mm, o::MM_ARG_END));
    let (envs, envs_end): (Address, Address) = (field(mm, o::MM_ENV_START), field(mm, o::MM_ENV_END));
    let mut flags = 0u32;
    if interp != filename {
        flags |= exec_flags::INTERPRETED;
    }
    if has(o::BPRM_PER_CLEAR) && field::<u32>(bprm, o::BPRM_PER_CLEAR) != 0 {
        flags |= exec_flags::SECURE;
    }
    if has(o::BPRM_FDPATH) && field::<Address>(bprm, o::BPRM_FDPATH) != 0 {
        flags |= exec_flags::FDPATH;
    }
    scratch.args[6] = flags.into();
    // Through memory: the verifier forgets which branch set what, and does not look at all that follows once for each.
    // SAFETY: a plain field.
    let flags = unsafe { core::ptr::read_volatile(&raw const scratch.args[6]) } as u32;
    scratch.body(ExecBody {
        old_tid: old_tid as u32,
        flags,
        argc: if has(o::BPRM_ARGC) { field(bprm, o::BPRM_ARGC) } else { 0 },
        envc: if has(o::BPRM_ENVC) { field(bprm, o::BPRM_ENVC) } else { 0 },
        args_len: args_end.wrapping_sub(args) as u32,
        envs_len: envs_end.wrapping_sub(envs) as u32,
    });
    let file: Address = field(mm, o::MM_EXE_FILE);
    if file != 0 {
        let mount = walk::path(scratch, PartTag::Path, at(file, o::FILE_PATH));
        parts::facts(scratch, field(file, o::FILE_INODE), mount, file);
    }
    parts::comm(scratch, task);
    parts::credentials(scratch, task);
    parts::tty(scratch, task);
    parts::kernel_string(scratch, PartTag::Filename, filename);
    if flags & exec_flags::INTERPRETED != 0 {
        parts::kernel_string(scratch, PartTag::Interp, interp);
        let fs: Address = field(task, o::TASK_FS);
        let absolute = read::<u8>(filename) == b'/';
        walk::path(scratch, PartTag::Base, if absolute { at(fs, o::FS_ROOT) } else { at(fs, o::FS_PWD) });
    }
    walk::cgroup(scratch, task, false);
    parts::user_memory(scratch, PartTag::Args, args, args_end);
    parts::user_memory(scratch, PartTag::Envs, envs, envs_end);
    scratch.submit(Class::Process);
    0
}
