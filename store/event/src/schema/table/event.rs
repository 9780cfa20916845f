//! What every event has around its object.

use super::super::definition::{
    Definition,
    Type::{Anythings, Boolean, Date, Integer, Many, One, Text, Texts},
    field,
};
use super::file::{FILE_EVENT, MOUNT_EVENT};
use super::kernel::{BPF_EVENT, MMAP_EVENT, MODULE_EVENT, MPROTECT_EVENT, SELINUX_EVENT, SPLICE_EVENT};
use super::network::{BIND_EVENT, DNS_EVENT, IMDS_EVENT, NETWORK_CONTEXT};
use super::process::{EXIT_EVENT, PROCESS_CONTEXT, PTRACE_EVENT, SIGNAL_EVENT};

/// The event itself.
pub(in crate::schema) static EVENT: Definition = Definition::object(
    "",
    &[
        field("evt", One(&EVENT_CONTEXT), "ooooo"),
        field("file", One(&FILE_EVENT), "ooooo"),
        field("selinux", One(&SELINUX_EVENT), "ooooo"),
        field("usr", One(&USER_CONTEXT), "ooooo"),
        field("process", One(&PROCESS_CONTEXT), "ooooo"),
        field("container", One(&CONTAINER_CONTEXT), "ooooo"),
        field("date", Date, "ooooo"),
        field("bpf", One(&BPF_EVENT), "--ooo"),
        field("mmap", One(&MMAP_EVENT), "--ooo"),
        field("mprotect", One(&MPROTECT_EVENT), "--ooo"),
        field("ptrace", One(&PTRACE_EVENT), "--ooo"),
        field("module", One(&MODULE_EVENT), "--ooo"),
        field("signal", One(&SIGNAL_EVENT), "--ooo"),
        field("splice", One(&SPLICE_EVENT), "--ooo"),
        field("dns", One(&DNS_EVENT), "--ooo"),
        field("network", One(&NETWORK_CONTEXT), "--ooo"),
        field("bind", One(&BIND_EVENT), "--ooo"),
        field("exit", One(&EXIT_EVENT), "--ooo"),
        field("dd", One(&DD_CONTEXT), "--ooo"),
        field("agent", One(&AGENT_CONTEXT), "----R"),
        field("title", Text, "----R"),
        field("security_profile", One(&SECURITY_PROFILE_CONTEXT), "----o"),
        field("imds", One(&IMDS_EVENT), "----o"),
        field("mount", One(&MOUNT_EVENT), "----o"),
        field("syscalls", One(&SYSCALLS_EVENT), "----o"),
        field("syscall", One(&SYSCALL_CONTEXT), "----o"),
    ],
);

/// `evt`: what happened and how it ended.
pub(in crate::schema) static EVENT_CONTEXT: Definition = Definition::object(
    "EventContext",
    &[
        field("name", Text, "ooooo"),
        field("category", Text, "ooooo"),
        field("outcome", Text, "ooooo"),
        field("async", Boolean, "--ooo"),
        field("matched_rules", Many(&MATCHED_RULE), "----o"),
        field("variables", One(&VARIABLES), "----o"),
    ],
);

/// `agent`: who sends, and by which rule.
pub(in crate::schema) static AGENT_CONTEXT: Definition = Definition::object(
    "AgentContext",
    &[
        field("rule_id", Text, "----R"),
        field("rule_version", Text, "----o"),
        field("rule_actions", Anythings, "----o"),
        field("policy_name", Text, "----o"),
        field("policy_version", Text, "----o"),
        field("version", Text, "----o"),
        field("os", Text, "----o"),
        field("arch", Text, "----o"),
        field("origin", Text, "----o"),
    ],
);

/// `usr`: the names of the acting user and group.
pub(in crate::schema) static USER_CONTEXT: Definition =
    Definition::object("UserContext", &[field("id", Text, "ooooo"), field("group", Text, "ooooo")]);

/// `container`, of the event and of each process.
pub(in crate::schema) static CONTAINER_CONTEXT: Definition = Definition::object(
    "ContainerContext",
    &[
        field("id", Text, "ooooo"),
        field("created_at", Date, "----o"),
        field("variables", One(&VARIABLES), "----o"),
    ],
);

/// `dd`: tracing ids; always there, empty without a tracer.
pub(in crate::schema) static DD_CONTEXT: Definition = Definition::object(
    "DDContext",
    &[field("span_id", Integer, "--ooo"), field("trace_id", Integer, "--ooo")],
);

/// An element of `evt.matched_rules`.
pub(in crate::schema) static MATCHED_RULE: Definition = Definition::object(
    "MatchedRule",
    &[
        field("id", Text, "----o"),
        field("version", Text, "----o"),
        field("tags", Texts, "----o"),
        field("policy_name", Text, "----o"),
        field("policy_version", Text, "----o"),
    ],
);

/// `security_profile`.
pub(in crate::schema) static SECURITY_PROFILE_CONTEXT: Definition = Definition::object(
    "SecurityProfileContext",
    &[
        field("name", Text, "----R"),
        field("version", Text, "----R"),
        field("tags", Texts, "----R"),
        field("event_in_profile", Boolean, "----R"),
        field("event_type_state", Text, "----R"),
    ],
);

/// `syscall`: arguments as the caller gave them.
pub(in crate::schema) static SYSCALL_CONTEXT: Definition = Definition::object(
    "SyscallContext",
    &[
        field("chmod", One(&SYSCALL_ARGS), "----o"),
        field("chdir", One(&SYSCALL_ARGS), "----o"),
        field("exec", One(&SYSCALL_ARGS), "----o"),
    ],
);

/// The arguments of one call.
pub(in crate::schema) static SYSCALL_ARGS: Definition =
    Definition::object("SyscallArgs", &[field("path", Text, "----o"), field("mode", Integer, "----o")]);

/// `syscalls`.
pub(in crate::schema) static SYSCALLS_EVENT: Definition = Definition::list("SyscallsEvent", &SYSCALL);

/// An element of `syscalls`.
pub(in crate::schema) static SYSCALL: Definition =
    Definition::object("Syscall", &[field("name", Text, "----R"), field("id", Integer, "----R")]);

/// Free-form variables of rules.
pub(in crate::schema) static VARIABLES: Definition = Definition::free("Variables");
