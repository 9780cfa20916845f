//! Flags of the verbs that look after a store.

use std::path::PathBuf;

use clap::Args;

use super::SourceFlags;
use crate::cli::size::Size;

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

/// Flags of `replay`.
#[derive(Clone, Debug, Default, Args)]
pub struct ReplayFlags {
    /// File that `record --save` wrote
    #[arg(value_name = "FILE")]
    pub stream: PathBuf,
    /// Store to write
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Go on with this batch, counted from 0 (after an interruption, and if nobody wrote the store since)
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub from_batch: u64,
}
