//! Runs of the probes that the kernel skipped because the same program was running on that CPU already.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
};

use aya::{Ebpf, programs::BtfTracePoint};

/// The one program that interrupts call: what interrupts itself there is a signal that the kernel made, which is no event.
const IN_INTERRUPTS: &str = "signal_generate";

/// Skipped runs that would have left a record, since the programs were loaded; kernels before 5.12 do not tell.
pub(super) fn runs(ebpf: &Ebpf) -> u64 {
    let counted = ebpf.programs().filter(|(name, _)| *name != IN_INTERRUPTS);
    counted
        .filter_map(|(_, program)| {
            let program: &BtfTracePoint = program.try_into().ok()?;
            of(program.fd().ok()?.as_fd().as_raw_fd())
        })
        .sum()
}

/// `recursion_misses` (kernel/bpf/syscall.c, `bpf_prog_show_fdinfo`).
fn of(fd: i32) -> Option<u64> {
    parse(&fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?)
}

fn parse(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("recursion_misses:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_kernels_word_is_found() {
        assert_eq!(parse("pos:\t0\nprog_type:\t26\nrecursion_misses:\t7\nverified_insns:\t3\n"), Some(7));
        assert_eq!(parse("pos:\t0\n"), None);
    }
}
