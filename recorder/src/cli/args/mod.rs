//! The command line: verbs and flags.

mod filters;
mod help;
mod keep;
mod read;
mod record;
pub mod words;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use filters::{FilterFlags, SourceFlags, ZoneFlags};
pub use keep::{CapFlags, KeyFlags, MigrateFlags, PinFlags, ReplayFlags, UnpinFlags, VerifyFlags};
pub use read::{
    AuditFlags, EventsFlags, Output, PathsFlags, ProcessFlags, StatsFlags, TimelineFlags, TraceFlags,
    TreeFlags,
};
pub use record::{RecordFlags, ServeFlags};

use super::style::Color;

/// Tachograph: the always-on flight recorder for Linux hosts.
#[derive(Debug, Parser)]
#[command(name = "tacho", version, about, max_term_width = 100, help_template = help::CONTENTS, after_help = help::CLI)]
pub struct Cli {
    /// Configuration file [default: /etc/tachograph/tachograph.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "TACHO_CONFIG", hide_env_values = true, display_order = 1000, value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Colours: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        display_order = 1001
    )]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Load the probes, record, serve the API. With CMD: record while it runs, then exit with its status
    #[command(after_help = help::RECORD)]
    Record(RecordFlags),
    /// Serve a store that nobody writes: no root, no eBPF
    Serve(ServeFlags),
    /// Show recorded events, newest last
    #[command(after_long_help = help::events(), after_help = "--help has examples, the times, and the kinds of events")]
    Events(EventsFlags),
    /// Show the process tree, exited processes included
    #[command(after_long_help = help::tree(), after_help = "--help has examples, and what the marks mean")]
    Tree(TreeFlags),
    /// Show the life of one process
    #[command(after_help = help::PROCESS)]
    Process(ProcessFlags),
    /// Show how much happened when
    #[command(after_help = help::timeline())]
    Timeline(TimelineFlags),
    /// Show what led to a file, a process or a connection, or what came of it
    #[command(after_help = help::trace())]
    Trace(TraceFlags),
    /// Show recorded paths, with counts
    #[command(after_help = help::PATHS)]
    Paths(PathsFlags),
    /// What is in the store, what it costs, what was lost, how long it will hold
    Stats(StatsFlags),
    /// Show who asked what of the evidence
    Audit(AuditFlags),
    /// Keep a span of time (an incident) from removal, or list what is kept
    #[command(after_help = help::PIN)]
    Pin(PinFlags),
    /// Let go of pins
    Unpin(UnpinFlags),
    /// Check every segment and the chain between them; exit status 0 only if whole
    Verify(VerifyFlags),
    /// Bring a store of an older format to the format of this release
    Migrate(MigrateFlags),
    /// Make a key that signs segments, or print the public half of one
    Key(KeyFlags),
    /// Print the API's token, or make a new one: whoever has the old one is let in no more
    Token(TokenFlags),
    /// What this kernel allows, which probe attaches by which hook, what will not be seen
    Doctor(DoctorFlags),
    /// Print an event schema
    Schema(SchemaFlags),
    /// Print completions for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsFlags),
    /// Print the manual page, or write one for each verb into a directory
    #[command(after_help = help::MAN)]
    Man(ManFlags),
    /// Write a stream saved by `record --save` into a store, at full speed
    Replay(ReplayFlags),
}

/// Flags of `token`.
#[derive(Clone, Debug, Default, Args)]
pub struct TokenFlags {
    /// Store whose token it is [default: /var/lib/tachograph]
    #[arg(long, value_name = "DIR", env = "TACHO_STORE")]
    pub store: Option<PathBuf>,
    /// Make a new one; a running server refuses the old one, and cookies made of it, at once
    #[arg(long)]
    pub rotate: bool,
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
    /// Which generation
    #[arg(default_value = "v5", value_parser = words::versions(), ignore_case = true)]
    pub version: String,
}

/// Flags of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsFlags {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Flags of `man`.
#[derive(Clone, Debug, Default, Args)]
pub struct ManFlags {
    /// Where to write a page for each verb [default: the first page goes to standard output]
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
