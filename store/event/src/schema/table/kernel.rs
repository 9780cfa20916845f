//! Kernel objects.

use super::super::definition::{
    Definition,
    Type::{Boolean, Integer, One, Text, Texts},
    field,
};

/// `bpf`.
pub(in crate::schema) static BPF_EVENT: Definition = Definition::object(
    "BPFEvent",
    &[
        field("cmd", Text, "--RRR"),
        field("map", One(&BPF_MAP), "--ooo"),
        field("program", One(&BPF_PROGRAM), "--ooo"),
    ],
);

/// `bpf.map`.
pub(in crate::schema) static BPF_MAP: Definition =
    Definition::object("BPFMap", &[field("name", Text, "--ooo"), field("map_type", Text, "--ooo")]);

/// `bpf.program`.
pub(in crate::schema) static BPF_PROGRAM: Definition = Definition::object(
    "BPFProgram",
    &[
        field("name", Text, "--ooo"),
        field("tag", Text, "--ooo"),
        field("program_type", Text, "--ooo"),
        field("attach_type", Text, "--ooo"),
        field("helpers", Texts, "--ooo"),
    ],
);

/// `mmap`.
pub(in crate::schema) static MMAP_EVENT: Definition = Definition::object(
    "MMapEvent",
    &[
        field("address", Text, "--RRR"),
        field("offset", Integer, "--RRR"),
        field("length", Integer, "--RRR"),
        field("protection", Text, "--RRR"),
        field("flags", Text, "--RRR"),
    ],
);

/// `mprotect`.
pub(in crate::schema) static MPROTECT_EVENT: Definition = Definition::object(
    "MProtectEvent",
    &[
        field("vm_start", Text, "--RRR"),
        field("vm_end", Text, "--RRR"),
        field("vm_protection", Text, "--RRR"),
        field("req_protection", Text, "--RRR"),
    ],
);

/// `module`.
pub(in crate::schema) static MODULE_EVENT: Definition = Definition::object(
    "ModuleEvent",
    &[
        field("name", Text, "--RRR"),
        field("loaded_from_memory", Boolean, "--ooo"),
        field("argv", Texts, "----o"),
        field("args_truncated", Boolean, "----o"),
    ],
);

/// `splice`.
pub(in crate::schema) static SPLICE_EVENT: Definition = Definition::object(
    "SpliceEvent",
    &[field("pipe_entry_flag", Text, "--RRR"), field("pipe_exit_flag", Text, "--RRR")],
);

/// `selinux`.
pub(in crate::schema) static SELINUX_EVENT: Definition = Definition::object(
    "SELinuxEvent",
    &[
        field("bool", One(&SELINUX_BOOL_CHANGE), "ooooo"),
        field("enforce", One(&SELINUX_ENFORCE_STATUS), "ooooo"),
        field("bool_commit", One(&SELINUX_BOOL_COMMIT), "ooooo"),
    ],
);

/// `selinux.bool`.
pub(in crate::schema) static SELINUX_BOOL_CHANGE: Definition =
    Definition::object("SELinuxBoolChange", &[field("name", Text, "ooooo"), field("state", Text, "ooooo")])
        .in_v1("selinuxBoolChange");

/// `selinux.bool_commit`.
pub(in crate::schema) static SELINUX_BOOL_COMMIT: Definition =
    Definition::object("SELinuxBoolCommit", &[field("state", Boolean, "ooooo")]).in_v1("selinuxBoolCommit");

/// `selinux.enforce`.
pub(in crate::schema) static SELINUX_ENFORCE_STATUS: Definition =
    Definition::object("SELinuxEnforceStatus", &[field("status", Text, "ooooo")])
        .in_v1("selinuxEnforceStatus");
