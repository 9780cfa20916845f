//! Flags of the verbs that read.

use clap::{Args, ValueEnum};

use super::{FilterFlags, SourceFlags, ZoneFlags, words};

/// How `events` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A line per event, fitted to the terminal.
    #[default]
    Table,
    /// The API's document.
    Json,
    /// One event of the schema per line.
    Ndjson,
    /// The columns of the table, and some more, for spreadsheets.
    Csv,
}

/// Flags of `events`.
#[derive(Clone, Debug, Default, Args)]
pub struct EventsFlags {
    /// How many at most [default: 100; with -f 10]
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "all")]
    pub limit: Option<u64>,
    /// All there are, oldest first, page after page; a last line on standard error says whether that was all
    #[arg(long, conflicts_with_all = ["live", "order"])]
    pub all: bool,
    /// Show new events as they are recorded, until Ctrl-C
    #[arg(short = 'f', long, conflicts_with_all = ["order", "cursor", "until", "follow"])]
    pub live: bool,
    /// Table, or something for programs
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t)]
    pub output: Output,
    /// Shape of the events: v1 to v5, or full (v5 and what it has no room for) [default: v5; a table reads full]
    #[arg(long, value_parser = words::schemas(), ignore_case = true, hide_possible_values = true)]
    pub schema: Option<String>,
    /// Which end --limit counts from: desc the newest, asc the oldest. Shown newest last either way [default: desc]
    #[arg(long, value_parser = words::orders(), ignore_case = true, hide_possible_values = true)]
    pub order: Option<String>,
    /// Go on after an earlier page (its `next`, or what a broken off --all names)
    #[arg(long)]
    pub cursor: Option<String>,
    /// Which events.
    #[command(flatten)]
    pub filters: FilterFlags,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Times.
    #[command(flatten)]
    pub zone: ZoneFlags,
}

/// Flags of `tree`.
#[derive(Clone, Debug, Default, Args)]
pub struct TreeFlags {
    /// Only what was alive at that moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// How many processes at most
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u64>,
    /// Go on after an earlier page
    #[arg(long)]
    pub cursor: Option<String>,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
    /// Which processes.
    #[command(flatten)]
    pub filters: FilterFlags,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Times.
    #[command(flatten)]
    pub zone: ZoneFlags,
}

/// Flags of `stats`.
#[derive(Clone, Debug, Default, Args)]
pub struct StatsFlags {
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Flags of `process`.
#[derive(Clone, Debug, Default, Args)]
pub struct ProcessFlags {
    /// A process id of the kernel, or the id of one process in the API (56 digits)
    #[arg(value_name = "PID|ID")]
    pub process: String,
    /// With a PID: who had it at that moment [default: who had it last]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Times.
    #[command(flatten)]
    pub zone: ZoneFlags,
}

/// Flags of `paths`.
#[derive(Clone, Debug, Default, Args)]
pub struct PathsFlags {
    /// What the paths begin with
    #[arg(value_name = "PREFIX", conflicts_with = "prefix", value_hint = clap::ValueHint::AnyPath)]
    pub beginning: Option<String>,
    /// The same as a flag
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub prefix: Option<String>,
    /// How many at most [default: 100]
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "all")]
    pub limit: Option<u64>,
    /// All there are
    #[arg(long)]
    pub all: bool,
    /// Go on after an earlier page
    #[arg(long)]
    pub cursor: Option<String>,
    /// Print the API's documents instead, one a line
    #[arg(long)]
    pub json: bool,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Flags of `timeline`.
#[derive(Clone, Debug, Default, Args)]
pub struct TimelineFlags {
    /// Parts of the span, a line each
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub buckets: u64,
    /// What is counted apart
    #[arg(long, value_parser = words::counted(), ignore_case = true, default_value = "category")]
    pub by: String,
    /// Values told apart where they are no closed list
    #[arg(long, value_name = "N")]
    pub top: Option<u64>,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
    /// Which events.
    #[command(flatten)]
    pub filters: FilterFlags,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Times.
    #[command(flatten)]
    pub zone: ZoneFlags,
}

/// Flags of `trace`.
#[derive(Clone, Debug, Default, Args)]
#[command(group = clap::ArgGroup::new("begin").required(true))]
pub struct TraceFlags {
    /// Begin at this file
    #[arg(long, group = "begin", value_hint = clap::ValueHint::AnyPath)]
    pub path: Option<String>,
    /// Begin at the process that had this pid last, or at the moment --at
    #[arg(long, value_name = "N", group = "begin")]
    pub pid: Option<String>,
    /// Begin at a process by its id in the API
    #[arg(long, value_name = "ID", group = "begin")]
    pub process: Option<String>,
    /// Begin at this address; with --port
    #[arg(long, value_name = "ADDR", group = "begin", requires = "port")]
    pub ip: Option<String>,
    /// Port of --ip
    #[arg(long, value_name = "N", requires = "ip")]
    pub port: Option<String>,
    /// With --pid: the moment at which the process had it
    #[arg(long, value_name = "TIME", requires = "pid", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// To what led to it, or to what came of it [default: backward]
    #[arg(long, value_parser = words::directions(), ignore_case = true)]
    pub direction: Option<String>,
    /// Steps at most
    #[arg(long, value_name = "N")]
    pub depth: Option<String>,
    /// Of each thing, neighbours of one sort at most
    #[arg(long, value_name = "N")]
    pub fanout: Option<String>,
    /// Only what was from then on: 2h (or -2h, '2h ago'), HH:MM[:SS] of today, RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only what was before then
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Times.
    #[command(flatten)]
    pub zone: ZoneFlags,
}

/// Flags of `audit`.
#[derive(Clone, Debug, Default, Args)]
pub struct AuditFlags {
    /// Only the last so many lines
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print the lines of the log instead
    #[arg(long)]
    pub json: bool,
    /// Where the log is.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Times.
    #[command(flatten)]
    pub zone: ZoneFlags,
}
