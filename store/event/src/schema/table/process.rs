//! Processes and what happens to them.

use super::super::definition::{
    Definition,
    Type::{Anything, Boolean, Date, Integer, Many, One, Text, Texts, TextsByName},
    field,
};
use super::event::{CONTAINER_CONTEXT, SYSCALLS_EVENT, VARIABLES};
use super::file::FILE;

/// `process`: who acted, with parent and ancestors.
pub(in crate::schema) static PROCESS_CONTEXT: Definition = Definition::object(
    "ProcessContext",
    &[
        field("pid", Integer, "ooooo"),
        field("ppid", Integer, "ooooo"),
        field("tid", Integer, "ooooo"),
        field("uid", Integer, "RRRRR"),
        field("gid", Integer, "RRRRR"),
        field("user", Text, "ooooo"),
        field("group", Text, "ooooo"),
        field("executable_path", Text, "o----"),
        field("path_resolution_error", Text, "ooooo"),
        field("comm", Text, "ooooo"),
        field("executable_inode", Integer, "o----"),
        field("executable_mount_id", Integer, "o----"),
        field("executable_filesystem", Text, "o----"),
        field("tty", Text, "ooooo"),
        field("fork_time", Date, "ooooo"),
        field("exec_time", Date, "ooooo"),
        field("exit_time", Date, "ooooo"),
        field("credentials", One(&PROCESS_CREDENTIALS), "ooooo"),
        field("executable", One(&FILE), "ooooo"),
        field("container", One(&CONTAINER_CONTEXT), "ooooo"),
        field("args", Texts, "ooooo"),
        field("args_truncated", Boolean, "ooooo"),
        field("envs", Texts, "ooooo"),
        field("envs_truncated", Boolean, "ooooo"),
        field("parent", One(&PROCESS), "ooooo"),
        field("ancestors", Many(&PROCESS), "ooooo"),
        field("argv0", Text, "--ooo"),
        field("is_thread", Boolean, "--ooo"),
        field("interpreter", One(&FILE), "---oo"),
        field("is_kworker", Boolean, "---oo"),
        field("user_session", One(&USER_SESSION_CONTEXT), "----o"),
        field("is_exec_child", Boolean, "----o"),
        field("source", Text, "----o"),
        field("syscalls", One(&SYSCALLS_EVENT), "----o"),
        field("aws_security_credentials", Many(&AWS_SECURITY_CREDENTIALS), "----o"),
        field("variables", One(&VARIABLES), "----o"),
        field("truncated_ancestors", Boolean, "----o"),
    ],
);

/// A process that is somebody's parent or ancestor.
pub(in crate::schema) static PROCESS: Definition = Definition::object(
    "Process",
    &[
        field("pid", Integer, "ooooo"),
        field("ppid", Integer, "ooooo"),
        field("tid", Integer, "ooooo"),
        field("uid", Integer, "RRRRR"),
        field("gid", Integer, "RRRRR"),
        field("user", Text, "ooooo"),
        field("group", Text, "ooooo"),
        field("executable_path", Text, "o----"),
        field("path_resolution_error", Text, "ooooo"),
        field("comm", Text, "ooooo"),
        field("executable_inode", Integer, "o----"),
        field("executable_mount_id", Integer, "o----"),
        field("executable_filesystem", Text, "o----"),
        field("tty", Text, "ooooo"),
        field("fork_time", Date, "ooooo"),
        field("exec_time", Date, "ooooo"),
        field("exit_time", Date, "ooooo"),
        field("credentials", One(&PROCESS_CREDENTIALS), "ooooo"),
        field("executable", One(&FILE), "ooooo"),
        field("container", One(&CONTAINER_CONTEXT), "ooooo"),
        field("args", Texts, "ooooo"),
        field("args_truncated", Boolean, "ooooo"),
        field("envs", Texts, "ooooo"),
        field("envs_truncated", Boolean, "ooooo"),
        field("argv0", Text, "--ooo"),
        field("is_thread", Boolean, "--ooo"),
        field("interpreter", One(&FILE), "---oo"),
        field("is_kworker", Boolean, "---oo"),
        field("user_session", One(&USER_SESSION_CONTEXT), "----o"),
        field("is_exec_child", Boolean, "----o"),
        field("source", Text, "----o"),
        field("syscalls", One(&SYSCALLS_EVENT), "----o"),
        field("aws_security_credentials", Many(&AWS_SECURITY_CREDENTIALS), "----o"),
    ],
)
.before_v3("ProcessCacheEntry");

/// Ids, their names and capabilities.
pub(in crate::schema) static PROCESS_CREDENTIALS: Definition = Definition::object(
    "ProcessCredentials",
    &[
        field("uid", Integer, "RRRRR"),
        field("user", Text, "ooooo"),
        field("gid", Integer, "RRRRR"),
        field("group", Text, "ooooo"),
        field("euid", Integer, "RRRRR"),
        field("euser", Text, "ooooo"),
        field("egid", Integer, "RRRRR"),
        field("egroup", Text, "ooooo"),
        field("fsuid", Integer, "RRRRR"),
        field("fsuser", Text, "ooooo"),
        field("fsgid", Integer, "RRRRR"),
        field("fsgroup", Text, "ooooo"),
        field("cap_effective", Texts, "RRRRR"),
        field("cap_permitted", Texts, "RRRRR"),
        field("destination", Anything, "ooooo"),
    ],
);

/// `process.user_session`.
pub(in crate::schema) static USER_SESSION_CONTEXT: Definition = Definition::object(
    "UserSessionContext",
    &[
        field("id", Text, "----o"),
        field("session_type", Text, "----o"),
        field("k8s_username", Text, "----o"),
        field("k8s_uid", Text, "----o"),
        field("k8s_groups", Texts, "----o"),
        field("k8s_extra", TextsByName, "----o"),
    ],
);

/// Credentials handed out by a cloud's metadata service.
pub(in crate::schema) static AWS_SECURITY_CREDENTIALS: Definition = Definition::object(
    "AWSSecurityCredentials",
    &[
        field("code", Text, "----R"),
        field("type", Text, "----R"),
        field("access_key_id", Text, "----R"),
        field("last_updated", Text, "----R"),
        field("expiration", Text, "----R"),
    ],
);

/// `exit`.
pub(in crate::schema) static EXIT_EVENT: Definition =
    Definition::object("ExitEvent", &[field("cause", Text, "--RRR"), field("code", Integer, "--RRR")]);

/// `signal`.
pub(in crate::schema) static SIGNAL_EVENT: Definition = Definition::object(
    "SignalEvent",
    &[
        field("type", Text, "--RRR"),
        field("pid", Integer, "--RRR"),
        field("target", One(&PROCESS_CONTEXT), "--ooo"),
    ],
);

/// `ptrace`.
pub(in crate::schema) static PTRACE_EVENT: Definition = Definition::object(
    "PTraceEvent",
    &[
        field("request", Text, "--RRR"),
        field("address", Text, "--RRR"),
        field("tracee", One(&PROCESS_CONTEXT), "--ooo"),
    ],
);
