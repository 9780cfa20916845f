//! What the verbs that serve are told to do: flag over variable over configuration file over default.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use store::Options;

use super::{
    args::{CapFlags, RecordFlags, ServeFlags},
    config::Config,
    size::Size,
};
use crate::{
    filter::{Filter, RuleError, compile},
    provenance,
};

/// Default data directory.
pub const STORE: &str = "/var/lib/tachograph";
/// Default Unix socket.
pub const SOCKET: &str = "/run/tachograph/tachograph.sock";
/// Default port of the HTTP API, on 127.0.0.1.
pub const PORT: u16 = 7878;
/// Default cap on the data directory.
pub const MAX_SIZE: Size = Size(4 << 30);
/// Default room that is left free on the file system.
pub const MIN_FREE: Size = Size(256 << 20);
/// Default size at which a segment is closed.
pub const SEGMENT_SIZE: Size = Size(64 << 20);

/// Default bytes of executables read a second.
pub const HASH_RATE: Size = Size(32 << 20);
/// Default size of the largest executable that is hashed.
pub const HASH_MAX_FILE: Size = Size(256 << 20);

/// Settings of `record` after all layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordArgs {
    /// Data directory.
    pub store: PathBuf,
    /// Address of the HTTP API; port 0 for any free one.
    pub listen: SocketAddr,
    /// Unix socket.
    pub socket: PathBuf,
    /// Group that may use the socket.
    pub socket_group: Option<String>,
    /// No token; `listen` is a loopback address then.
    pub no_auth: bool,
    /// Cap on the data directory, bytes.
    pub max_size: u64,
    /// Size at which a segment is closed, bytes.
    pub segment_size: u64,
    /// Age at which segments are removed.
    pub max_age: Option<Duration>,
    /// Left free on the file system, bytes.
    pub min_free: u64,
    /// What pins may keep, bytes.
    pub pin_max_size: Option<u64>,
    /// What thinned segments may have, bytes.
    pub keep_lifecycle: Option<u64>,
    /// Key that signs closed segments.
    pub signing_key: Option<PathBuf>,
    /// How much is read to find out hashes.
    pub hash: provenance::Settings,
    /// What is left out.
    pub filter: Filter,
    /// File for the decoded stream.
    pub save: Option<PathBuf>,
    /// Program to run, with its arguments; empty for none.
    pub command: Vec<OsString>,
}

/// Settings of `serve` after all layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeArgs {
    /// Store to serve.
    pub store: PathBuf,
    /// Address of the HTTP API; port 0 for any free one.
    pub listen: SocketAddr,
    /// Unix socket, if one is wanted.
    pub socket: Option<PathBuf>,
    /// Group that may use the socket.
    pub socket_group: Option<String>,
    /// No token; `listen` is a loopback address then.
    pub no_auth: bool,
}

/// A wrong command line or setting: exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// Without a token everybody on the network could read everything.
    #[error(
        "--no-auth is for loopback addresses only, and {0} is none: leave it out, or listen on 127.0.0.1 or [::1]"
    )]
    OpenToNetwork(SocketAddr),
    /// Sizes that cannot work together.
    #[error("--segment-size {segment} does not fit into --max-size {max}: at least two segments must")]
    SegmentTooLarge {
        /// Of a segment.
        segment: Size,
        /// Of the whole.
        max: Size,
    },
    /// More than half of the cap would not be for what is recorded.
    #[error("{flag} {share} is more than half of --max-size {max}")]
    ShareTooLarge {
        /// Which.
        flag: &'static str,
        /// What it asks for.
        share: Size,
        /// Of the whole.
        max: Size,
    },
    /// Rules that the probes cannot hold.
    #[error("the rules of --leave-out: {0}")]
    Rules(#[from] RuleError),
    /// A parameter that the API, or the verb itself, refused.
    #[error("{0}")]
    Refused(String),
}

fn listen(flag: Option<SocketAddr>, file: Option<SocketAddr>) -> SocketAddr {
    flag.or(file).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], PORT)))
}

fn guarded(no_auth: bool, address: SocketAddr) -> Result<bool, UsageError> {
    if no_auth && !address.ip().is_loopback() {
        return Err(UsageError::OpenToNetwork(address));
    }
    Ok(no_auth)
}

/// A part of the cap, bytes.
fn share(flag: &'static str, share: Option<Size>, max: Size) -> Result<Option<u64>, UsageError> {
    match share {
        Some(share) if share.0 > max.0 / 2 => Err(UsageError::ShareTooLarge { flag, share, max }),
        share => Ok(share.map(|share| share.0)),
    }
}

impl CapFlags {
    /// The caps on pins.
    ///
    /// # Errors
    /// If they contradict each other.
    pub fn options(&self, file: &Config) -> Result<Options, UsageError> {
        let max_size = self.max_size.or(file.max_size).unwrap_or(MAX_SIZE);
        let pins = share("--pin-max-size", self.pin_max_size.or(file.pin_max_size), max_size)?;
        Ok(Options { max_size: max_size.0, pin_max_size: pins, ..Options::default() })
    }
}

impl RecordFlags {
    /// `everything` wins over rules in the same layer or below; rules replace those of the layers below.
    fn filter(&self, file: &Config) -> Result<Filter, UsageError> {
        let rules = if self.everything == Some(true) {
            Some(Vec::new())
        } else if !self.leave_out.is_empty() {
            Some(self.leave_out.clone())
        } else if self.everything.or(file.everything) == Some(true) {
            Some(Vec::new())
        } else {
            file.leave_out.clone()
        };
        let filter = rules.map_or_else(Filter::defaults, |rules| Filter { rules });
        // What does not fit into the kernel's table is known before anything is loaded.
        compile(&filter)?;
        Ok(filter)
    }

    /// Flags and variables over the file over the defaults.
    ///
    /// # Errors
    /// If the settings contradict each other.
    pub fn resolve(self, file: &Config) -> Result<RecordArgs, UsageError> {
        let filter = self.filter(file)?;
        let listen = listen(self.listen, file.listen);
        let max_size = self.max_size.or(file.max_size).unwrap_or(MAX_SIZE);
        let named = self.segment_size.or(file.segment_size);
        // A small cap asks for small segments: one that nobody set gives way.
        let segment_size = named.unwrap_or_else(|| Size((max_size.0 / 8).min(SEGMENT_SIZE.0)));
        if segment_size.0 > max_size.0 / 2 {
            return Err(UsageError::SegmentTooLarge { segment: segment_size, max: max_size });
        }
        Ok(RecordArgs {
            store: self.store.or_else(|| file.store.clone()).unwrap_or_else(|| STORE.into()),
            socket: self.socket.or_else(|| file.socket.clone()).unwrap_or_else(|| SOCKET.into()),
            socket_group: self.socket_group.or_else(|| file.socket_group.clone()),
            no_auth: guarded(self.no_auth.or(file.no_auth).unwrap_or(false), listen)?,
            listen,
            max_size: max_size.0,
            segment_size: segment_size.0,
            max_age: self.max_age.or(file.max_age).map(|age| age.0),
            min_free: self.min_free.or(file.min_free).unwrap_or(MIN_FREE).0,
            pin_max_size: share("--pin-max-size", self.pin_max_size.or(file.pin_max_size), max_size)?,
            keep_lifecycle: share("--keep-lifecycle", self.keep_lifecycle.or(file.keep_lifecycle), max_size)?,
            signing_key: self.signing_key.or_else(|| file.signing_key.clone()),
            hash: provenance::Settings {
                rate: self.hash_rate.or(file.hash_rate).unwrap_or(HASH_RATE).0,
                max_file: self.hash_max_file.or(file.hash_max_file).unwrap_or(HASH_MAX_FILE).0,
            },
            filter,
            save: self.save,
            command: self.command,
        })
    }
}

impl ServeFlags {
    /// Flags and variables over the file over the defaults.
    ///
    /// # Errors
    /// If the settings contradict each other.
    pub fn resolve(self, file: &Config) -> Result<ServeArgs, UsageError> {
        let listen = listen(self.listen, file.listen);
        Ok(ServeArgs {
            store: self.store,
            socket: self.socket,
            socket_group: self.socket_group.or_else(|| file.socket_group.clone()),
            no_auth: guarded(self.no_auth.or(file.no_auth).unwrap_or(false), listen)?,
            listen,
        })
    }
}

/// The data directory of `verify`.
#[must_use]
pub fn store_of(flag: Option<PathBuf>, file: &Config) -> PathBuf {
    flag.or_else(|| file.store.clone()).unwrap_or_else(|| Path::new(STORE).to_owned())
}

/// The socket of the read verbs.
#[must_use]
pub fn socket_of(flag: Option<PathBuf>, file: &Config) -> PathBuf {
    flag.or_else(|| file.socket.clone()).unwrap_or_else(|| Path::new(SOCKET).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = Config { store: Some("/file".into()), max_size: Some(Size(1 << 30)), ..Config::default() };
        let flags = RecordFlags { store: Some("/flag".into()), ..RecordFlags::default() };
        let args = flags.resolve(&file).unwrap();
        assert_eq!(args.store, Path::new("/flag"));
        assert_eq!(args.max_size, 1 << 30);
        assert_eq!(args.segment_size, SEGMENT_SIZE.0);
        assert_eq!(args.socket, Path::new(SOCKET));
    }

    #[test]
    fn no_auth_is_refused_off_loopback_also_when_the_file_asks_for_it() {
        let file =
            Config { no_auth: Some(true), listen: Some("0.0.0.0:1".parse().unwrap()), ..Config::default() };
        assert!(matches!(RecordFlags::default().resolve(&file), Err(UsageError::OpenToNetwork(_))));
        let flags = RecordFlags { listen: Some("[::1]:1".parse().unwrap()), ..RecordFlags::default() };
        assert!(flags.resolve(&file).unwrap().no_auth);
    }

    #[test]
    fn rules_replace_those_of_the_layer_below_and_everything_has_none() {
        let rule = |text: &str| text.parse::<crate::filter::Rule>().unwrap();
        let file = Config { leave_out: Some(vec![rule("splice")]), ..Config::default() };
        let rules = |flags: RecordFlags, file: &Config| flags.resolve(file).unwrap().filter.rules;
        assert_eq!(rules(RecordFlags::default(), &Config::default()), Filter::defaults().rules);
        assert_eq!(rules(RecordFlags::default(), &file), [rule("splice")]);
        let flags = RecordFlags { leave_out: vec![rule("syscalls")], ..RecordFlags::default() };
        assert_eq!(rules(flags, &file), [rule("syscalls")]);
        let flags = RecordFlags { everything: Some(true), ..RecordFlags::default() };
        assert_eq!(rules(flags, &file), []);
        let empty = Config { leave_out: Some(vec![]), ..Config::default() };
        assert_eq!(rules(RecordFlags::default(), &empty), []);
    }

    #[test]
    fn what_is_set_aside_is_at_most_half_of_the_cap() {
        let flags = |pins| RecordFlags { pin_max_size: Some(Size(pins)), ..RecordFlags::default() };
        let file = Config { max_size: Some(Size(100 << 20)), ..Config::default() };
        assert_eq!(flags(50 << 20).resolve(&file).unwrap().pin_max_size, Some(50 << 20));
        let error = flags(51 << 20).resolve(&file).unwrap_err();
        assert!(error.to_string().contains("--pin-max-size 51.0 MiB"), "{error}");
        assert_eq!(CapFlags::default().options(&file).unwrap().pin_limit(), 25 << 20);
        let file = Config { keep_lifecycle: Some(Size(3 << 30)), ..Config::default() };
        assert!(matches!(RecordFlags::default().resolve(&file), Err(UsageError::ShareTooLarge { .. })));
    }

    #[test]
    fn a_small_cap_makes_small_segments() {
        let flags = RecordFlags { max_size: Some(Size(24 << 20)), ..RecordFlags::default() };
        assert_eq!(flags.resolve(&Config::default()).unwrap().segment_size, 3 << 20);
        let flags = RecordFlags {
            max_size: Some(Size(24 << 20)),
            segment_size: Some(Size(20 << 20)),
            ..RecordFlags::default()
        };
        assert!(matches!(flags.resolve(&Config::default()), Err(UsageError::SegmentTooLarge { .. })));
    }
}
