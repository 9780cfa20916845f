//! The command line: verbs and flags.

mod filters;
mod keep;
mod read;
mod record;
pub mod words;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use filters::{FilterFlags, SourceFlags, ZoneFlags};
pub use keep::{CapFlags, KeyFlags, MigrateFlags, PinFlags, ReplayFlags, UnpinFlags, VerifyFlags};
pub use read::{EventsFlags, Output, StatsFlags, TreeFlags};
pub use record::{RecordFlags, ServeFlags};

use super::style::Color;

/// Tachograph: the always-on flight recorder for Linux hosts.
#[derive(Debug, Parser)]
#[command(name = "tacho", version, about, max_term_width = 100)]
pub struct Cli {
    /// Configuration file [default: /etc/tachograph/tachograph.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "TACHO_CONFIG")]
    pub config: Option<PathBuf>,
    /// Colours: auto means on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, hide_default_value = true)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Load the probes, record, serve the API. With CMD: record while it runs, then exit with its status
    Record(RecordFlags),
    /// Serve a store that nobody writes: no root, no eBPF
    Serve(ServeFlags),
    /// Show recorded events, newest last
    Events(EventsFlags),
    /// Show the process tree, exited processes included
    Tree(TreeFlags),
    /// What is in the store, what it costs, what was lost, how long it will hold
    Stats(StatsFlags),
    /// Keep a span of time (an incident) from removal, or list what is kept
    Pin(PinFlags),
    /// Let go of pins
    Unpin(UnpinFlags),
    /// Check every segment and the chain between them; exit status 0 only if whole
    Verify(VerifyFlags),
    /// Bring a store of an older format to the format of this release
    Migrate(MigrateFlags),
    /// Make a key that signs segments, or print the public half of one
    Key(KeyFlags),
    /// What this kernel allows, which probe attaches by which hook, what will not be seen
    Doctor(DoctorFlags),
    /// Print an event schema
    Schema(SchemaFlags),
    /// Write a stream saved by `record --save` into a store, at full speed
    Replay(ReplayFlags),
}

/// Flags of `doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorFlags {
    /// Print the table as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `schema`.
#[derive(Clone, Debug, Default, Args)]
pub struct SchemaFlags {
    /// v1 to v5
    #[arg(default_value = "v5")]
    pub version: String,
}
