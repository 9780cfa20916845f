//! Which hook sees which kind, and what is not seen without it: what docs/EVENTS.md and `tacho doctor` tell.

use abi::{OPERATIONS, SYSCALLS};
use event::Kind;

/// A place in the kernel that a probe hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name, by type of program.
    pub name: &'static str,
    /// Kinds that come from it, beside those of [`abi::SYSCALLS`] for the end of a syscall.
    pub kinds: &'static [Kind],
    /// What a kernel must have.
    pub needs: &'static str,
    /// What is not seen without it; empty if nothing is recorded at all.
    pub without: &'static str,
}

/// All of them. Those that nothing can do without come first.
pub const HOOKS: [Hook; 15] = [
    Hook { name: "tp_btf/sched_process_fork", kinds: &[Kind::Fork], needs: "BTF", without: "" },
    Hook { name: "tp_btf/sched_process_exec", kinds: &[Kind::Exec], needs: "BTF", without: "" },
    Hook { name: "tp_btf/sched_process_exit", kinds: &[Kind::Exit], needs: "BTF", without: "" },
    Hook { name: SYS_EXIT, kinds: &[Kind::Selinux], needs: "BTF, Linux 5.17 (bpf_loop)", without: "" },
    Hook {
        name: "tp_btf/sys_enter",
        kinds: &[Kind::Mprotect, Kind::Splice, Kind::Syscalls],
        needs: "BTF",
        without: "the protection of memory and the flags of a pipe before the call; first uses of syscalls",
    },
    Hook {
        name: "tp_btf/signal_generate",
        kinds: &[Kind::Signal],
        needs: "BTF",
        without: "signals that were sent (refused ones are seen)",
    },
    Hook {
        name: "tp_btf/task_rename",
        kinds: &[Kind::Prctl],
        needs: "BTF",
        without: "names that a process gives itself by writing to /proc/self/comm",
    },
    Hook {
        name: "tp_btf/cgroup_attach_task",
        kinds: &[Kind::CgroupWrite],
        needs: "CONFIG_CGROUPS",
        without: "moves of processes between cgroups",
    },
    Hook {
        name: "tp_btf/module_load",
        kinds: &[Kind::LoadModule],
        needs: "CONFIG_MODULES",
        without: "the kernel's own word for a loaded module's name: it is read from the module's file or memory",
    },
    Hook {
        name: SYSCTL,
        kinds: &[Kind::Sysctl],
        needs: "cgroup v2, CONFIG_CGROUP_BPF",
        without: "reads and writes of kernel parameters below /proc/sys (their opening is)",
    },
    Hook {
        name: PACKETS,
        kinds: &[Kind::Dns, Kind::Imds],
        needs: "cgroup v2, CONFIG_CGROUP_BPF",
        without: "DNS questions, requests to metadata services with their answers",
    },
    Hook {
        name: "cgroup_skb/ingress",
        kinds: &[Kind::Imds],
        needs: "cgroup v2, CONFIG_CGROUP_BPF",
        without: "answers of metadata services",
    },
    Hook {
        name: "cgroup/connect4, connect6",
        kinds: &[Kind::Dns, Kind::Imds],
        needs: "cgroup v2, CONFIG_CGROUP_BPF",
        without: "whose a question over TCP is",
    },
    Hook { name: IO_URING, kinds: &[], needs: "CONFIG_IO_URING", without: "requests through io_uring" },
    Hook {
        name: "tp_btf/io_uring_complete",
        kinds: &[],
        needs: "CONFIG_IO_URING",
        without: "requests through io_uring",
    },
];

/// What is not seen without a hook; empty for one that is not in the list.
#[must_use]
pub fn without(name: &str) -> &'static str {
    HOOKS.iter().find(|hook| hook.name == name).map_or("", |hook| hook.without)
}

/// The hook that watched syscalls come from.
pub const SYS_EXIT: &str = "tp_btf/sys_exit";

/// The hook that requests through `io_uring` come from.
pub const IO_URING: &str = "tp_btf/io_uring_submit_req";

/// The hook that packets come from; the others that look at them are worth nothing without it.
pub const PACKETS: &str = "cgroup_skb/egress";

/// The hook that uses of kernel parameters come from.
pub const SYSCTL: &str = "cgroup/sysctl";

/// What becomes a kind at a hook: syscalls, operations of `io_uring`; empty for hooks that are of one thing only.
#[must_use]
pub fn calls(hook: &Hook, kind: Kind) -> Vec<&'static str> {
    match hook.name {
        SYS_EXIT => {
            // One number, two events, told apart by a flag.
            let removes = (kind == Kind::Rmdir).then_some("unlinkat (AT_REMOVEDIR)");
            let named = SYSCALLS.iter().filter(|syscall| syscall.event == kind.name());
            named.map(|syscall| syscall.name).chain(removes).collect()
        }
        IO_URING => OPERATIONS
            .iter()
            .filter(|operation| operation.syscall().is_some_and(|syscall| syscall.event == kind.name()))
            .map(|operation| operation.name)
            .collect(),
        _ => Vec::new(),
    }
}

/// The hooks that see a kind.
pub fn hooks(kind: Kind) -> impl Iterator<Item = &'static Hook> {
    HOOKS.iter().filter(move |hook| hook.kinds.contains(&kind) || !calls(hook, kind).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_a_hook() {
        for kind in Kind::ALL {
            assert!(hooks(kind).next().is_some(), "{}", kind.name());
        }
    }
}
