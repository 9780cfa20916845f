//! Options of prctl(2) (include/uapi/linux/prctl.h, Linux 6.18).

use std::borrow::Cow;

use super::list::{nth, split};

/// By number; `-` where there is none.
const OPTIONS: [&str; 79] = split(
    "- PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_UNALIGN PR_SET_UNALIGN \
    PR_GET_KEEPCAPS PR_SET_KEEPCAPS PR_GET_FPEMU PR_SET_FPEMU PR_GET_FPEXC PR_SET_FPEXC PR_GET_TIMING \
    PR_SET_TIMING PR_SET_NAME PR_GET_NAME - - PR_GET_ENDIAN PR_SET_ENDIAN PR_GET_SECCOMP PR_SET_SECCOMP \
    PR_CAPBSET_READ PR_CAPBSET_DROP PR_GET_TSC PR_SET_TSC PR_GET_SECUREBITS PR_SET_SECUREBITS \
    PR_SET_TIMERSLACK PR_GET_TIMERSLACK PR_TASK_PERF_EVENTS_DISABLE PR_TASK_PERF_EVENTS_ENABLE PR_MCE_KILL \
    PR_MCE_KILL_GET PR_SET_MM PR_SET_CHILD_SUBREAPER PR_GET_CHILD_SUBREAPER PR_SET_NO_NEW_PRIVS \
    PR_GET_NO_NEW_PRIVS PR_GET_TID_ADDRESS PR_SET_THP_DISABLE PR_GET_THP_DISABLE PR_MPX_ENABLE_MANAGEMENT \
    PR_MPX_DISABLE_MANAGEMENT PR_SET_FP_MODE PR_GET_FP_MODE PR_CAP_AMBIENT - - PR_SVE_SET_VL PR_SVE_GET_VL \
    PR_GET_SPECULATION_CTRL PR_SET_SPECULATION_CTRL PR_PAC_RESET_KEYS PR_SET_TAGGED_ADDR_CTRL \
    PR_GET_TAGGED_ADDR_CTRL PR_SET_IO_FLUSHER PR_GET_IO_FLUSHER PR_SET_SYSCALL_USER_DISPATCH \
    PR_PAC_SET_ENABLED_KEYS PR_PAC_GET_ENABLED_KEYS PR_SCHED_CORE PR_SME_SET_VL PR_SME_GET_VL PR_SET_MDWE \
    PR_GET_MDWE PR_SET_MEMORY_MERGE PR_GET_MEMORY_MERGE PR_RISCV_V_SET_CONTROL PR_RISCV_V_GET_CONTROL \
    PR_RISCV_SET_ICACHE_FLUSH_CTX PR_PPC_GET_DEXCR PR_PPC_SET_DEXCR PR_GET_SHADOW_STACK_STATUS \
    PR_SET_SHADOW_STACK_STATUS PR_LOCK_SHADOW_STACK_STATUS PR_TIMER_CREATE_RESTORE_IDS PR_FUTEX_HASH",
);

/// Name of an option; its number if it has none.
pub(in crate::render) fn prctl_option(number: u32) -> Cow<'static, str> {
    let name = match number {
        // Numbers that spell something ("AUXV", "Yama", "SVMA").
        0x4155_5856 => "PR_GET_AUXV",
        0x5961_6d61 => "PR_SET_PTRACER",
        0x5356_4d41 => "PR_SET_VMA",
        _ => nth(&OPTIONS, number),
    };
    if name.is_empty() { Cow::Owned(number.to_string()) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::prctl_option;

    #[test]
    fn options_have_the_names_of_the_kernel() {
        for (number, name) in [
            (1, "PR_SET_PDEATHSIG"),
            (4, "PR_SET_DUMPABLE"),
            (15, "PR_SET_NAME"),
            (22, "PR_SET_SECCOMP"),
            (38, "PR_SET_NO_NEW_PRIVS"),
            (47, "PR_CAP_AMBIENT"),
            (62, "PR_SCHED_CORE"),
            (65, "PR_SET_MDWE"),
            (78, "PR_FUTEX_HASH"),
            (0x5961_6d61, "PR_SET_PTRACER"),
            (0, "0"),
            (48, "48"),
            (79, "79"),
        ] {
            assert_eq!(prctl_option(number), name);
        }
    }
}
