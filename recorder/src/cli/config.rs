//! `/etc/tachograph/tachograph.toml`: the lowest layer of the settings, below `TACHO_*` and the flags.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{age::Age, size::Size};
use crate::filter::Rule;

/// Where the file is when nobody names another.
pub const PATH: &str = "/etc/tachograph/tachograph.toml";
/// A configuration file larger than this is refused.
const MAX_BYTES: u64 = 1 << 20;

/// The file's keys. Unknown ones are errors, so that a misspelt setting is never silently without effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Data directory.
    pub store: Option<PathBuf>,
    /// Address of the HTTP API.
    pub listen: Option<SocketAddr>,
    /// Path of the Unix socket.
    pub socket: Option<PathBuf>,
    /// Group that may use the socket.
    pub socket_group: Option<String>,
    /// Serve without a token.
    pub no_auth: Option<bool>,
    /// Cap on the data directory.
    pub max_size: Option<Size>,
    /// Size at which a segment is closed.
    pub segment_size: Option<Size>,
    /// Age at which segments are removed.
    pub max_age: Option<Age>,
    /// Left free on the file system.
    pub min_free: Option<Size>,
    /// What pins may keep.
    pub pin_max_size: Option<Size>,
    /// What thinned segments may have.
    pub keep_lifecycle: Option<Size>,
    /// Key that signs closed segments.
    pub signing_key: Option<PathBuf>,
    /// Bytes of executables read a second.
    pub hash_rate: Option<Size>,
    /// Largest executable that is hashed.
    pub hash_max_file: Option<Size>,
    /// Record without the default filters.
    pub everything: Option<bool>,
    /// Rules of what is left out, instead of the default ones.
    pub leave_out: Option<Vec<Rule>>,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not readable.
    #[error("cannot read the configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Too long to be one.
    #[error("the configuration {path} is larger than {MAX_BYTES} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// No TOML, an unknown key or a bad value.
    #[error("the configuration {path} is wrong: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What and where.
        source: Box<toml::de::Error>,
    },
}

impl Config {
    /// Reads `named`, or the default file if there is one.
    ///
    /// # Errors
    /// If a named file is missing, or any is unreadable or wrong.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new(PATH));
        let read = |source| ConfigError::Read { path: path.to_owned(), source };
        match fs::metadata(path) {
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(read(error)),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(ConfigError::TooLarge { path: path.to_owned() });
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(path).map_err(read)?;
        toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let config: Config = toml::from_str(
            "store = '/data'\nlisten = '[::1]:80'\nsocket = '/s'\nsocket_group = 'adm'\nno_auth = true\nmax_size = '1GiB'\n\
             segment_size = 1048576\nmax_age = '30d'\nmin_free = '1G'\npin_max_size = 7\nkeep_lifecycle = 0\nsigning_key = '/k'\nhash_rate = '1MB'\nhash_max_file = 7\neverything = false\nleave_out = ['splice', 'open path=/srv']\n",
        )
        .unwrap();
        assert_eq!(config.max_size, Some(Size(1 << 30)));
        assert_eq!(config.max_age, Some("30d".parse().unwrap()));
        assert_eq!((config.min_free, config.pin_max_size), (Some(Size(1 << 30)), Some(Size(7))));
        assert_eq!(config.keep_lifecycle, Some(Size(0)));
        assert_eq!(config.signing_key, Some("/k".into()));
        assert_eq!(config.segment_size, Some(Size(1 << 20)));
        assert_eq!((config.hash_rate, config.hash_max_file), (Some(Size(1_000_000)), Some(Size(7))));
        assert_eq!(config.socket_group.as_deref(), Some("adm"));
        assert_eq!(config.listen, Some("[::1]:80".parse().unwrap()));
    }

    #[test]
    fn a_misspelt_key_is_an_error_that_names_it() {
        let error = toml::from_str::<Config>("maxsize = 1").unwrap_err();
        assert!(error.to_string().contains("maxsize"), "{error}");
    }

    #[test]
    fn a_named_file_must_exist() {
        let error = Config::load(Some(Path::new("/nonexistent/tachograph.toml"))).unwrap_err();
        assert!(matches!(error, ConfigError::Read { .. }));
    }
}
