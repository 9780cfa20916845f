//! What every read verb has: where to read, which events, and how times and colours are shown.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::words;
use crate::cli::{client::Parameters, settings::UsageError, when, zone::Zone};

/// Where a read verb reads.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceFlags {
    /// Socket of the running recorder [default: /run/tachograph/tachograph.sock]
    #[arg(long, value_name = "PATH", env = "TACHO_SOCKET", hide_env_values = true, value_hint = clap::ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// Read this store directly (also a copied one)
    // No variable: TACHO_STORE says where to record, and the recorder that holds it is read by its socket.
    #[arg(long, value_name = "DIR", conflicts_with = "url", value_hint = clap::ValueHint::DirPath)]
    pub store: Option<PathBuf>,
    /// Read another API, such as <http://127.0.0.1:7878>
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub url: Option<String>,
    /// File with the bearer token of --url; or the token itself in `TACHO_TOKEN`. Everybody sees what stands on a command
    /// line, so it is not taken there
    #[arg(long, value_name = "FILE", env = "TACHO_TOKEN_FILE", hide_env_values = true, value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
}

/// How times are shown.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Display")]
pub struct ZoneFlags {
    /// Times in UTC (the default)
    #[arg(long, conflicts_with = "local")]
    pub utc: bool,
    /// Times in the local zone (or that of TZ), each with its offset; `HH:MM` in --since and the like is local as well
    #[arg(long)]
    pub local: bool,
}

impl ZoneFlags {
    /// The zone that was chosen.
    #[must_use]
    pub const fn zone(self) -> Zone {
        if self.local { Zone::Local } else { Zone::Utc }
    }
}

/// The filters of the API under their HTTP names. Closed lists of words are checked here; all else the API judges.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters (repeat or a,b = or; different ones = and)")]
pub struct FilterFlags {
    /// Event by its number (`tacho.id` in schema full)
    #[arg(long, value_name = "N")]
    pub id: Vec<String>,
    /// Process id in the initial namespace
    #[arg(long, value_name = "N")]
    pub pid: Vec<String>,
    /// Parent's process id
    #[arg(long, value_name = "N")]
    pub ppid: Vec<String>,
    /// Thread id
    #[arg(long, value_name = "N")]
    pub tid: Vec<String>,
    /// Process by its id in the API (one execution, never reused)
    #[arg(long, value_name = "ID")]
    pub process: Vec<String>,
    /// With --pid or --process: the whole subtree
    #[arg(long)]
    pub descendants: bool,
    /// File path, exact or with `*` (within a component) and `**` (across)
    #[arg(long, value_hint = clap::ValueHint::AnyPath)]
    pub path: Vec<String>,
    /// With --path: also by the names that the file had before and after
    #[arg(long, requires = "path")]
    pub follow: bool,
    /// Kind of event: exec, open, ... (--help lists them)
    #[arg(long, value_name = "KIND", value_parser = words::names(), value_delimiter = ',', ignore_case = true,
        action = ArgAction::Append, hide_possible_values = true)]
    pub name: Vec<String>,
    /// Category of events
    #[arg(long, value_parser = words::categories(), value_delimiter = ',', ignore_case = true, action = ArgAction::Append)]
    pub category: Vec<String>,
    /// What became of it; Refused is for want of permission
    #[arg(long, value_parser = words::outcomes(), value_delimiter = ',', ignore_case = true, action = ArgAction::Append)]
    pub outcome: Vec<String>,
    /// User name
    #[arg(long, value_name = "NAME", value_hint = clap::ValueHint::Username)]
    pub user: Vec<String>,
    /// User id
    #[arg(long, value_name = "N")]
    pub uid: Vec<String>,
    /// Task name
    #[arg(long, value_name = "NAME")]
    pub comm: Vec<String>,
    /// Executable's path, like --path
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub exe: Vec<String>,
    /// Container id
    #[arg(long, value_name = "ID")]
    pub container: Vec<String>,
    /// Address of a connection
    #[arg(long, value_name = "ADDR")]
    pub ip: Vec<String>,
    /// Port of a connection
    #[arg(long, value_name = "N")]
    pub port: Vec<String>,
    /// From then on: 2h (or -2h, '2h ago'), HH:MM[:SS] of today, RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Before then
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
}

impl FilterFlags {
    /// As query parameters.
    ///
    /// # Errors
    /// If a time is none.
    pub fn parameters(&self, zone: Zone) -> Result<Parameters, UsageError> {
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
        if self.follow {
            out.push(("follow", "true".to_owned()));
        }
        for (name, time) in [("since", &self.since), ("until", &self.until)] {
            if let Some(time) = time {
                out.push((name, when::asked(name, time, zone)?));
            }
        }
        Ok(out)
    }
}
