//! Signals, requests of ptrace, resource limits.

use std::borrow::Cow;

use super::list::{nth, split};

/// By number (include/uapi/asm-generic/signal.h); of two names for one number the schema's publisher takes the first.
const SIGNALS: [&str; 32] = split(
    "- SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM \
    SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF \
    SIGWINCH SIGIO SIGPWR SIGSYS",
);

/// Name of a signal; empty for 0, which is none, and for real-time signals, which have none.
#[must_use]
pub fn signal_name(number: u32) -> &'static str {
    nth(&SIGNALS, number)
}

/// From 0 (include/uapi/linux/ptrace.h, arch/x86/include/uapi/asm/ptrace-abi.h).
const REQUESTS: [&str; 34] = split(
    "PTRACE_TRACEME PTRACE_PEEKTEXT PTRACE_PEEKDATA PTRACE_PEEKUSR PTRACE_POKETEXT PTRACE_POKEDATA PTRACE_POKEUSR \
    PTRACE_CONT PTRACE_KILL PTRACE_SINGLESTEP - - PTRACE_GETREGS PTRACE_SETREGS PTRACE_GETFPREGS PTRACE_SETFPREGS \
    PTRACE_ATTACH PTRACE_DETACH PTRACE_GETFPXREGS PTRACE_SETFPXREGS - PTRACE_OLDSETOPTIONS - - PTRACE_SYSCALL \
    PTRACE_GET_THREAD_AREA PTRACE_SET_THREAD_AREA - - - PTRACE_ARCH_PRCTL PTRACE_SYSEMU PTRACE_SYSEMU_SINGLESTEP \
    PTRACE_SINGLEBLOCK",
);

/// Where the requests that all architectures share begin.
const COMMON_REQUESTS: u32 = 0x4200;

/// From [`COMMON_REQUESTS`] on (include/uapi/linux/ptrace.h, Linux 6.18).
const SHARED_REQUESTS: [&str; 19] = split(
    "PTRACE_SETOPTIONS PTRACE_GETEVENTMSG PTRACE_GETSIGINFO PTRACE_SETSIGINFO PTRACE_GETREGSET PTRACE_SETREGSET \
    PTRACE_SEIZE PTRACE_INTERRUPT PTRACE_LISTEN PTRACE_PEEKSIGINFO PTRACE_GETSIGMASK PTRACE_SETSIGMASK \
    PTRACE_SECCOMP_GET_FILTER PTRACE_SECCOMP_GET_METADATA PTRACE_GET_SYSCALL_INFO PTRACE_GET_RSEQ_CONFIGURATION \
    PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG PTRACE_SET_SYSCALL_INFO",
);

/// Name of a request; its number if it has none.
pub(in crate::render) fn ptrace_request(number: u32) -> Cow<'static, str> {
    let name = match number.checked_sub(COMMON_REQUESTS) {
        Some(number) => nth(&SHARED_REQUESTS, number),
        None => nth(&REQUESTS, number),
    };
    if name.is_empty() { Cow::Owned(number.to_string()) } else { Cow::Borrowed(name) }
}

/// By number (include/uapi/asm-generic/resource.h).
const LIMITS: [&str; 16] = split(
    "RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC RLIMIT_NOFILE RLIMIT_MEMLOCK \
    RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME",
);

/// Name of a limit; its number if it has none.
pub(in crate::render) fn resource_limit(number: u32) -> Cow<'static, str> {
    match nth(&LIMITS, number) {
        "" => Cow::Owned(number.to_string()),
        name => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_names_and_others_have_none() {
        for (number, name) in [
            (1, "SIGHUP"),
            (6, "SIGABRT"),
            (9, "SIGKILL"),
            (16, "SIGSTKFLT"),
            (17, "SIGCHLD"),
            (19, "SIGSTOP"),
            (29, "SIGIO"),
            (31, "SIGSYS"),
            (0, ""),
            (34, ""),
            (u32::MAX, ""),
        ] {
            assert_eq!(signal_name(number), name);
        }
    }

    #[test]
    fn requests_have_their_names_and_others_are_numbers() {
        for (number, name) in [
            (0, "PTRACE_TRACEME"),
            (12, "PTRACE_GETREGS"),
            (16, "PTRACE_ATTACH"),
            (24, "PTRACE_SYSCALL"),
            (33, "PTRACE_SINGLEBLOCK"),
            (0x4206, "PTRACE_SEIZE"),
            (0x420e, "PTRACE_GET_SYSCALL_INFO"),
            (0x4212, "PTRACE_SET_SYSCALL_INFO"),
            (10, "10"),
            (0x4213, "16915"),
        ] {
            assert_eq!(ptrace_request(number), name);
        }
    }

    #[test]
    fn limits_have_their_names() {
        assert_eq!(resource_limit(4), "RLIMIT_CORE");
        assert_eq!(resource_limit(7), "RLIMIT_NOFILE");
        assert_eq!(resource_limit(15), "RLIMIT_RTTIME");
        assert_eq!(resource_limit(16), "16");
    }
}
