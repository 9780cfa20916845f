//! What is left out on purpose: rules of the configuration, judged in the kernel.

mod compile;
mod rule;

pub use compile::{Compiled, Parameters, compile, device_and_inode};
pub use rule::{Condition, Rule, RuleError};

/// What every host does all the time and what tells little: left out unless the configuration says otherwise.
/// Failures are never left out by these.
pub const DEFAULTS: [&str; 19] = [
    "open access=read path=/usr/lib result=success",
    "open access=read path=/usr/lib64 result=success",
    "open access=read path=/usr/lib32 result=success",
    "open access=read path=/lib result=success",
    "open access=read path=/lib64 result=success",
    "open access=read path=/usr/local/lib result=success",
    "open access=read path=/usr/share/locale result=success",
    "open access=read path=/usr/share/zoneinfo result=success",
    "open access=read path=/etc/ld.so.cache result=success",
    "mmap,mprotect protection=noexec result=success",
    "mmap path=/usr/lib result=success",
    "mmap path=/usr/lib64 result=success",
    "mmap path=/lib result=success",
    "splice result=success",
    "syscalls",
    "sysctl access=read",
    // How debuggers and tracers go about a process that they have attached to: PEEK*, CONT, GETREGS, SYSCALL, GETSIGINFO,
    // GETREGSET, GET_SYSCALL_INFO. The attaching, and what writes, is what counts.
    "ptrace arg1=1,2,3,7,12,24,0x4202,0x4204,0x420e result=success",
    // PR_SET_VMA: the C library names its memory.
    "prctl arg1=0x53564d41 result=success",
    // BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_MAP_LOOKUP_BATCH: how agents read their maps, many times a second.
    "bpf arg1=1,4,24 result=success",
];

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In order; the first that fits counts the record.
    pub rules: Vec<Rule>,
}

impl Filter {
    /// The default rules.
    ///
    /// # Panics
    /// Never: a test parses them all.
    #[must_use]
    pub fn defaults() -> Self {
        Self { rules: DEFAULTS.iter().filter_map(|text| text.parse().ok()).collect() }
    }

    /// Is everything of a kind left out?
    #[must_use]
    pub fn drops(&self, kind: event::Kind) -> bool {
        self.rules.iter().any(|rule| rule.kinds.contains(&kind) && rule.conditions.is_empty())
    }

    /// Are a kind's mere reads left out?
    #[must_use]
    pub fn drops_reads(&self, kind: event::Kind) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.kinds.contains(&kind) && rule.conditions.iter().all(|it| *it == Condition::Read))
    }
}

#[cfg(test)]
mod tests {
    use event::Kind;

    use super::*;

    #[test]
    fn every_default_rule_is_one_and_none_leaves_out_a_failure_of_a_file() {
        let filter = Filter::defaults();
        assert_eq!(filter.rules.len(), DEFAULTS.len());
        for rule in &filter.rules {
            let file = rule.kinds.iter().any(|kind| kind.class() == event::Class::File);
            assert!(!file || rule.conditions.contains(&Condition::Success), "{rule}");
        }
        compile(&filter).unwrap();
    }

    #[test]
    fn kinds_are_dropped_whole_or_by_reads() {
        let filter = Filter::defaults();
        assert!(filter.drops(Kind::Syscalls) && !filter.drops(Kind::Sysctl) && !filter.drops(Kind::Open));
        assert!(filter.drops_reads(Kind::Sysctl) && !filter.drops_reads(Kind::Mmap));
    }
}
