//! Flags of the verbs that serve.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::{
    cli::{age::Age, size::Size},
    filter::Rule,
};

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
    /// Group that may use the socket, by name or number: to read everything, and to pin [default: none]
    #[arg(long, value_name = "NAME", env = "TACHO_SOCKET_GROUP")]
    pub socket_group: Option<String>,
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
    /// Group that may use the socket, by name or number: to read everything, and to pin [default: none]
    #[arg(long, value_name = "NAME", env = "TACHO_SOCKET_GROUP")]
    pub socket_group: Option<String>,
    /// Serve without a token (loopback addresses only)
    #[arg(long, value_name = "BOOL", env = "TACHO_NO_AUTH", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_auth: Option<bool>,
}
