//! Who is who: the table of processes, its start-up snapshot, and what is known of each.

mod args;
mod container;
mod names;
mod pids;
pub mod procfs;
mod script;
mod scrub;
mod snapshot;
mod table;
mod text;

pub use args::{arguments, environment};
pub use names::{MountNamespace, Names};
pub use pids::PidNamespaces;
pub use procfs::mount_namespace;
pub use snapshot::snapshot;
pub use table::{Counts, ExecFacts, ForkFacts, Identity, Output, ProcessTable};
pub use text::display;
