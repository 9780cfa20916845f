//! The command line: verbs and flags.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{age::Age, size::Size};
use crate::filter::Rule;

/// Tachograph: the always-on flight recorder for Linux hosts.
#[derive(Debug, Parser)]
#[command(name = "tacho", version, about, max_term_width = 100)]
pub struct Cli {
    /// Configuration file [default: /etc/tachograph/tachograph.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "TACHO_CONFIG")]
    pub config: Option<PathBuf>,
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

/// Flags of `record`.
#[derive(Clone, Debug, Default, Args)]
pub struct RecordFlags {
    /// Data directory [default: /var/lib/tachograph]
    #[arg(long, value_name = "DIR", env = "TACHO_STORE")]
    pub store: Option<PathBuf>,
    /// Address of the HTTP API; port 0 takes any free one [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR", env = "TACHO_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Unix socket [default: /run/tachograph/tachograph.sock]
    #[arg(long, value_name = "PATH", env = "TACHO_SOCKET")]
    pub socket: Option<PathBuf>,
    /// Serve without a token (loopback addresses only)
    #[arg(long, value_name = "BOOL", env = "TACHO_NO_AUTH", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_auth: Option<bool>,
    /// Cap on the data directory; the oldest segments go first [default: 4GiB]
    #[arg(long, value_name = "SIZE", env = "TACHO_MAX_SIZE")]
    pub max_size: Option<Size>,
    /// Size at which a segment is closed [default: 64MiB]
    #[arg(long, value_name = "SIZE", env = "TACHO_SEGMENT_SIZE")]
    pub segment_size: Option<Size>,
    /// Segments older than this are removed: 90d, 12h [default: whatever their age]
    #[arg(long, value_name = "AGE", env = "TACHO_MAX_AGE")]
    pub max_age: Option<Age>,
    /// Left free on the file system, by removing the oldest segments; at most a tenth of it [default: 256MiB]
    #[arg(long, value_name = "SIZE", env = "TACHO_MIN_FREE")]
    pub min_free: Option<Size>,
    /// Of --max-size, what pins may keep, at most half [default: a quarter]
    #[arg(long, value_name = "SIZE", env = "TACHO_PIN_MAX_SIZE")]
    pub pin_max_size: Option<Size>,
    /// Of --max-size, what old segments have that are thinned to processes' lifecycle and credentials, at most half; 0 removes
    /// them whole [default: an eighth]
    #[arg(long, value_name = "SIZE", env = "TACHO_KEEP_LIFECYCLE")]
    pub keep_lifecycle: Option<Size>,
    /// Key that signs closed segments: Ed25519, readable by its owner alone (`tacho key --new FILE`) [default: none]
    #[arg(long, value_name = "FILE", env = "TACHO_SIGNING_KEY")]
    pub signing_key: Option<PathBuf>,
    /// Bytes of executables read a second to hash them; 0 finds out neither hashes nor packages [default: 32MiB]
    #[arg(long, value_name = "SIZE", env = "TACHO_HASH_RATE")]
    pub hash_rate: Option<Size>,
    /// Executables larger than this are not hashed [default: 256MiB]
    #[arg(long, value_name = "SIZE", env = "TACHO_HASH_MAX_FILE")]
    pub hash_max_file: Option<Size>,
    /// Record without the default filters of noisy kinds
    #[arg(long, value_name = "BOOL", env = "TACHO_EVERYTHING", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub everything: Option<bool>,
    /// Leave out what this rule fits, instead of the default rules (repeatable; grammar and defaults in docs/SPECIFICATION.md)
    // The variable has one rule a line.
    #[arg(long, value_name = "RULE", env = "TACHO_LEAVE_OUT", value_delimiter = '\n')]
    pub leave_out: Vec<Rule>,
    /// Also save the decoded stream to this file, for `tacho replay`
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Program to run and record
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// Flags of `serve`.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeFlags {
    /// Store to serve
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Address of the HTTP API; port 0 takes any free one [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR", env = "TACHO_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Unix socket to serve on as well [default: none]
    // Neither variable nor file: they name the recorder's own socket, which this must not take over.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Serve without a token (loopback addresses only)
    #[arg(long, value_name = "BOOL", env = "TACHO_NO_AUTH", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_auth: Option<bool>,
}

/// Where a read verb reads.
#[derive(Clone, Debug, Default, Args)]
pub struct SourceFlags {
    /// Socket of the running recorder [default: /run/tachograph/tachograph.sock]
    #[arg(long, value_name = "PATH", env = "TACHO_SOCKET", help_heading = "Source")]
    pub socket: Option<PathBuf>,
    /// Read this store directly (also a copied one)
    // No variable: TACHO_STORE says where to record, and the recorder that holds it is read by its socket.
    #[arg(long, value_name = "DIR", conflicts_with = "url", help_heading = "Source")]
    pub store: Option<PathBuf>,
    /// Read another API, such as <http://127.0.0.1:7878>
    #[arg(long, value_name = "URL", help_heading = "Source")]
    pub url: Option<String>,
    /// Its bearer token
    #[arg(long, value_name = "TOKEN", env = "TACHO_TOKEN", hide_env_values = true, help_heading = "Source")]
    pub token: Option<String>,
}

/// The filters of the API under their HTTP names. Values go through as they are; the API judges them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters (repeat or a,b = or; different ones = and)")]
pub struct FilterFlags {
    /// Event by its number (`tacho.id` in schema full)
    #[arg(long, value_name = "N")]
    pub id: Vec<String>,
    /// Process id in the initial namespace
    #[arg(long)]
    pub pid: Vec<String>,
    /// Parent's process id
    #[arg(long)]
    pub ppid: Vec<String>,
    /// Thread id
    #[arg(long)]
    pub tid: Vec<String>,
    /// Process by its id in the API (one execution, never reused)
    #[arg(long, value_name = "ID")]
    pub process: Vec<String>,
    /// With --pid or --process: the whole subtree
    #[arg(long)]
    pub descendants: bool,
    /// File path, exact or with `*` (within a component) and `**` (across)
    #[arg(long)]
    pub path: Vec<String>,
    /// Kind of event: exec, open, ...
    #[arg(long)]
    pub name: Vec<String>,
    /// "Process Activity", "File Activity", "Network Activity", "Kernel Activity"
    #[arg(long)]
    pub category: Vec<String>,
    /// Success, Refused or Error
    #[arg(long)]
    pub outcome: Vec<String>,
    /// User name
    #[arg(long)]
    pub user: Vec<String>,
    /// User id
    #[arg(long)]
    pub uid: Vec<String>,
    /// Task name
    #[arg(long)]
    pub comm: Vec<String>,
    /// Executable's path, like --path
    #[arg(long, value_name = "PATH")]
    pub exe: Vec<String>,
    /// Container id
    #[arg(long, value_name = "ID")]
    pub container: Vec<String>,
    /// Address of a connection
    #[arg(long, value_name = "ADDR")]
    pub ip: Vec<String>,
    /// Port of a connection
    #[arg(long)]
    pub port: Vec<String>,
    /// From then on: RFC 3339, `-15m`, `2h ago`, `HH:MM[:SS]`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Before then
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
}

impl FilterFlags {
    /// As query parameters.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let lists: [(&'static str, &Vec<String>); 16] = [
            ("id", &self.id),
            ("pid", &self.pid),
            ("ppid", &self.ppid),
            ("tid", &self.tid),
            ("process", &self.process),
            ("path", &self.path),
            ("name", &self.name),
            ("category", &self.category),
            ("outcome", &self.outcome),
            ("user", &self.user),
            ("uid", &self.uid),
            ("comm", &self.comm),
            ("exe", &self.exe),
            ("container", &self.container),
            ("ip", &self.ip),
            ("port", &self.port),
        ];
        let mut out: Vec<_> = lists
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())))
            .collect();
        if self.descendants {
            out.push(("descendants", "true".to_owned()));
        }
        out.extend(self.since.iter().map(|time| ("since", time.clone())));
        out.extend(self.until.iter().map(|time| ("until", time.clone())));
        out
    }
}

/// How `events` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A line per event, fitted to the terminal.
    #[default]
    Table,
    /// The API's document.
    Json,
    /// One event per line.
    Ndjson,
}

/// Flags of `events`.
#[derive(Clone, Debug, Default, Args)]
pub struct EventsFlags {
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Which events.
    #[command(flatten)]
    pub filters: FilterFlags,
    /// How many at most
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: u64,
    /// Which end --limit counts from: desc the newest, asc the oldest. Shown newest last either way
    #[arg(long, default_value = "desc")]
    pub order: String,
    /// Shape of the events: v1 to v5, or full (v5 and what it has no room for) [default: v5; a table reads full]
    #[arg(long)]
    pub schema: Option<String>,
    /// Go on after an earlier page (its `next`)
    #[arg(long)]
    pub cursor: Option<String>,
    /// Table, json or ndjson
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// Flags of `tree`.
#[derive(Clone, Debug, Default, Args)]
pub struct TreeFlags {
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Which processes.
    #[command(flatten)]
    pub filters: FilterFlags,
    /// Only what was alive at that moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// How many processes at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
}

/// Flags of `stats`.
#[derive(Clone, Debug, Default, Args)]
pub struct StatsFlags {
    /// The API to read.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
}

/// Flags of `pin`.
#[derive(Clone, Debug, Default, Args)]
pub struct PinFlags {
    /// The API to change.
    #[command(flatten)]
    pub source: SourceFlags,
    /// First moment to keep: RFC 3339, `-15m`, `2h ago`, `HH:MM[:SS]`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Before then [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires = "since")]
    pub until: Option<String>,
    /// What it is called: letters, digits, '.', '_', '-' [default: pin- and the present]
    #[arg(long, value_name = "NAME", requires = "since")]
    pub name: Option<String>,
    /// List the pins instead
    #[arg(long, conflicts_with = "since")]
    pub list: bool,
    /// Print the API's document instead
    #[arg(long)]
    pub json: bool,
    /// The caps, with --store.
    #[command(flatten)]
    pub caps: CapFlags,
}

/// The caps on pins of a store that nobody writes; a recorder knows its own.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "With --store")]
pub struct CapFlags {
    /// Cap on the data directory, as the recorder's [default: 4GiB]
    #[arg(long, value_name = "SIZE", env = "TACHO_MAX_SIZE")]
    pub max_size: Option<Size>,
    /// Of it, what pins may keep, at most half [default: a quarter]
    #[arg(long, value_name = "SIZE", env = "TACHO_PIN_MAX_SIZE")]
    pub pin_max_size: Option<Size>,
}

/// Flags of `unpin`.
#[derive(Clone, Debug, Default, Args)]
pub struct UnpinFlags {
    /// The API to change.
    #[command(flatten)]
    pub source: SourceFlags,
    /// Pins to let go of
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

/// Flags of `verify`.
#[derive(Clone, Debug, Default, Args)]
pub struct VerifyFlags {
    /// Store to check [default: /var/lib/tachograph]
    #[arg(long, value_name = "DIR", env = "TACHO_STORE")]
    pub store: Option<PathBuf>,
    /// Also unpack everything: counts, indexes and references, beside the hashes of the stored bytes
    #[arg(long)]
    pub deep: bool,
    /// Every closed segment must be signed by this key (what `tacho key` printed, or 32 bytes)
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// Begin with this segment (after an interruption)
    #[arg(long, value_name = "NUMBER")]
    pub from_segment: Option<u64>,
    /// A digest that an earlier check printed and somebody kept elsewhere: it must be in the chain [may be repeated]
    #[arg(long, value_name = "DIGEST")]
    pub expect: Vec<String>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `migrate`.
#[derive(Clone, Debug, Default, Args)]
pub struct MigrateFlags {
    /// Store to bring up to date [default: /var/lib/tachograph]
    #[arg(long, value_name = "DIR", env = "TACHO_STORE")]
    pub store: Option<PathBuf>,
    /// Key that signs what is written anew, as for `record`
    #[arg(long, value_name = "FILE", env = "TACHO_SIGNING_KEY")]
    pub signing_key: Option<PathBuf>,
    /// Only say what would be done, how long it takes, and how much space it needs
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `key`.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "file", required = true, multiple = false)]
pub struct KeyFlags {
    /// Make a signing key in this file (mode 0600), and print its public half
    #[arg(long, value_name = "FILE", group = "file")]
    pub new: Option<PathBuf>,
    /// Print the public half of the signing key in this file
    #[arg(long, value_name = "FILE", group = "file")]
    pub public: Option<PathBuf>,
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

/// Flags of `replay`.
#[derive(Clone, Debug, Default, Args)]
pub struct ReplayFlags {
    /// File that `record --save` wrote
    #[arg(value_name = "FILE")]
    pub stream: PathBuf,
    /// Store to write
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
}
