//! Processes: identity, images, credentials, and the context that events refer to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{File, Nanos};

/// `/proc/sys/kernel/random/boot_id` as a number (most significant hex digit first).
pub type BootId = u128;

/// Store-wide number of a [`Context`], growing from 1, kept across restarts.
pub type ContextId = u64;

/// Names one execution of one task group; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Boot that it lived in.
    pub boot: BootId,
    /// Start in nanoseconds since boot (`start_boottime` of the leader). For processes first met in /proc it is
    /// known to a clock tick (10 ms) only; the recorder keeps using that value for them.
    pub start: u64,
    /// Process id in the initial pid namespace.
    pub pid: u32,
}

/// One state of a process that events can refer to: a new one begins at fork, exec, a change of credentials or
/// name, and for each process met by the snapshot. Never changes once written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Its number.
    pub id: ContextId,
    /// The process.
    pub process: ProcessKey,
    /// The next context of the lineage: the image before in the same process if this one came by exec, else the
    /// creator's context at the fork. `None` if unknown or if there is none (pid 1, kernel threads).
    pub lineage: Option<ContextId>,
    /// The process that created this one; `None` if unknown.
    pub creator: Option<ProcessKey>,
    /// Parent's pid when the context began (`real_parent`).
    pub ppid: u32,
    /// When the context began.
    pub since: Nanos,
    /// When the process was forked; 0 if unknown.
    pub fork_time: Nanos,
    /// When the present image began; 0 if never (a kernel thread).
    pub exec_time: Nanos,
    /// Task name.
    pub comm: String,
    /// Terminal, empty if none.
    pub tty: String,
    /// The program.
    pub image: ImageRef,
    /// Who it is.
    pub credentials: Credentials,
    /// Container, if the cgroup names one.
    pub container: Option<Container>,
    /// Cgroup path, empty if unknown.
    pub cgroup: String,
    /// Where the knowledge comes from.
    pub source: Source,
    /// [`context_flags`].
    pub flags: u32,
}

/// Bits of [`Context::flags`].
pub mod context_flags {
    /// Forked and not yet executed (the schema's `is_thread`).
    pub const FORKED: u32 = 1;
    /// Came by an exec over an image that was itself executed (the schema's `is_exec_child`).
    pub const EXEC_CHILD: u32 = 2;
    /// Kernel thread (the schema's `is_kworker`).
    pub const KERNEL_THREAD: u32 = 4;
    /// The lineage is unknown: the creator was never seen.
    pub const LINEAGE_UNKNOWN: u32 = 8;
    /// Began by a change of credentials, not by fork or exec.
    pub const CREDENTIALS_CHANGE: u32 = 16;
    /// Began by another name ([`Context::comm`]), not by fork or exec.
    pub const RENAMED: u32 = 32;
}

/// An image held by this context, or by an earlier one of the same lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageRef {
    /// Nothing is known (kernel threads, lost exec).
    Unknown,
    /// Held here.
    Own(Arc<Image>),
    /// Held by that context.
    Shared(ContextId),
}

/// What an exec put in place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The file executed (the script itself for a script).
    pub executable: File,
    /// The interpreter, for scripts.
    pub interpreter: Option<File>,
    /// First argument.
    pub argv0: String,
    /// The others, secrets scrubbed.
    pub args: Vec<String>,
    /// An argument or the list was cut.
    pub args_truncated: bool,
    /// Names of environment variables (`NAME=value` for a few that matter, such as `LD_PRELOAD`).
    pub envs: Vec<String>,
    /// The list was cut.
    pub envs_truncated: bool,
}

/// Ids (initial user namespace), their names, and capability sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the kernel's names (credentials(7))")]
pub struct Credentials {
    pub uid: u32,
    pub gid: u32,
    pub euid: u32,
    pub egid: u32,
    pub fsuid: u32,
    pub fsgid: u32,
    pub user: String,
    pub group: String,
    pub euser: String,
    pub egroup: String,
    pub fsuser: String,
    pub fsgroup: String,
    /// Bit n is capability n.
    pub cap_effective: u64,
    /// Likewise.
    pub cap_permitted: u64,
    /// Login uid, `u32::MAX` if unset (`/proc/PID/loginuid`).
    #[serde(default = "unset")]
    pub auid: u32,
    /// Audit session, `u32::MAX` if unset (`/proc/PID/sessionid`).
    #[serde(default = "unset")]
    pub session: u32,
}

impl Default for Credentials {
    /// All ids 0 and without names, no capabilities, nobody logged in.
    fn default() -> Self {
        let name = String::new;
        Self {
            uid: 0,
            gid: 0,
            euid: 0,
            egid: 0,
            fsuid: 0,
            fsgid: 0,
            user: name(),
            group: name(),
            euser: name(),
            egroup: name(),
            fsuser: name(),
            fsgroup: name(),
            cap_effective: 0,
            cap_permitted: 0,
            auid: UNSET,
            session: UNSET,
        }
    }
}

/// An id that is not set, as the kernel writes it.
pub const UNSET: u32 = u32::MAX;

const fn unset() -> u32 {
    UNSET
}

/// A container, known from the cgroup path alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// When its cgroup was made; 0 if unknown.
    pub created_at: Nanos,
}

/// The schema's `source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Source {
    /// A record of the probes.
    Event = 0,
    /// The scan at start-up.
    Snapshot = 1,
    /// Read from /proc when a record named an unknown process.
    Fallback = 2,
    /// Nothing but its identity is known.
    Placeholder = 3,
    /// Nobody: what happened is known, but not who did it.
    Unknown = 4,
}

impl Source {
    /// The schema's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Snapshot => "procfs_snapshot",
            Self::Fallback => "procfs_fallback",
            Self::Placeholder => "placeholder",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of a process, kept beside its contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The process.
    pub process: ProcessKey,
    /// When.
    pub time: Nanos,
    /// Wait status as `waitpid` gives it; `None` if it was not seen (the recorder was down or a record was lost,
    /// and `time` is then when the absence was noticed).
    pub status: Option<u32>,
}
