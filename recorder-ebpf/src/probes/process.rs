//! What calls about processes need beside their spec.

use abi::{NO_ARG, header_flags};

use crate::{calling::in_pid_namespace, kernel::current, record::Scratch};

const PTRACE: u32 = 101;
const PRCTL: u32 = 157;
const PRLIMIT64: u32 = 302;

/// Is the call an event at all? Asked before it is built.
#[inline(always)]
pub fn counts(scratch: &mut Scratch, number: u32) -> bool {
    const PR_SET_NAME: u64 = 15;
    if number == PRLIMIT64 {
        // Without a new limit it only asks.
        return scratch.args[2] != 0;
    }
    if number == PRCTL && scratch.args[0] as u32 != PR_SET_NAME as u32 {
        scratch.watch.text = NO_ARG;
    }
    true
}

/// Marks pids among the arguments that are not the initial namespace's. Asked once the record has begun.
#[inline(always)]
pub fn mark(scratch: &mut Scratch, number: u32) {
    if (number == PTRACE || number == PRLIMIT64) && in_pid_namespace(current()) {
        scratch.header().flags |= header_flags::PID_NAMESPACE;
    }
}
