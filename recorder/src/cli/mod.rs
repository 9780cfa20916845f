//! The command line.

pub mod age;
pub mod args;
pub mod audit;
pub mod client;
pub mod completions;
pub mod config;
pub mod doctor;
pub mod events;
pub mod gaps;
pub mod key;
pub mod migrate;
pub mod paths;
pub mod pin;
pub mod process;
pub mod program;
pub mod progress;
pub mod replay;
pub mod schema;
pub mod settings;
pub mod size;
pub mod span;
pub mod stats;
pub mod style;
pub mod text;
pub mod timeline;
pub mod token;
pub mod trace;
pub mod tree;
pub mod verify;
pub mod what;
pub mod when;
pub mod zone;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    thread,
};

use anyhow::{Context as _, Result, anyhow};
use clap::Parser as _;

use args::{Cli, Verb};
use config::{Config, ConfigError};
use settings::UsageError;

/// Stack for deep documents, bytes (of address space; only what is used becomes memory).
const STACK: usize = 256 << 20;
/// Done.
const DONE: u8 = 0;
/// Failed.
const FAILED: u8 = 1;
/// Wrong usage (clap exits with the same).
const USAGE: u8 = 2;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    style::choose(cli.color);
    log();
    match run(cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(DONE),
        Err(error) => {
            // Standard error may be gone as well; there is nobody left to tell.
            let _ = writeln!(io::stderr(), "tacho: {error:#}");
            ExitCode::from(if is_usage(&error) { USAGE } else { FAILED })
        }
    }
}

/// What the recorder says of itself goes to standard error; `TACHO_LOG` chooses what (`debug`, `recorder=trace`).
fn log() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
        .with_env_var("TACHO_LOG")
        .from_env_lossy();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // The journal has times of its own, and colours are for terminals.
    if io::stderr().is_terminal() {
        log.with_target(false).init();
    } else {
        log.without_time().with_ansi(false).with_target(false).init();
    }
}

/// Documents of the API nest as deep as the process tree, and reading and dropping them recurses.
fn on_deep_stack(verb: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    thread::scope(|scope| {
        let verb = thread::Builder::new()
            .name("tacho".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, verb)
            .context("cannot start a thread")?;
        verb.join()
            .unwrap_or_else(|_| Err(anyhow!("stopped by a defect; what is above may help to report it")))
    })
}

fn run(cli: Cli) -> Result<u8> {
    let file = Config::load(cli.config.as_deref())?;
    match cli.verb {
        Verb::Record(flags) => crate::record::run(&flags.resolve(&file)?),
        Verb::Serve(flags) => crate::serve::run(&flags.resolve(&file)?).map(|()| DONE),
        Verb::Events(flags) => events::run(&flags, &file).map(|()| DONE),
        Verb::Tree(flags) => on_deep_stack(|| tree::run(&flags, &file)).map(|()| DONE),
        Verb::Process(flags) => process::run(&flags, &file).map(|()| DONE),
        Verb::Timeline(flags) => timeline::run(&flags, &file).map(|()| DONE),
        Verb::Trace(flags) => trace::run(&flags, &file).map(|()| DONE),
        Verb::Paths(flags) => paths::run(&flags, &file).map(|()| DONE),
        Verb::Completions(flags) => completions::completions(&flags).map(|()| DONE),
        Verb::Man(flags) => completions::man(&flags).map(|()| DONE),
        Verb::Audit(flags) => audit::run(&flags, &file).map(|()| DONE),
        Verb::Pin(flags) => pin::pin(&flags, &file).map(|()| DONE),
        Verb::Unpin(flags) => pin::unpin(&flags, &file).map(|()| DONE),
        Verb::Stats(flags) => stats::run(&flags, &file).map(|()| DONE),
        Verb::Verify(flags) => verify::run(flags, &file).map(|whole| if whole { DONE } else { FAILED }),
        Verb::Migrate(flags) => migrate::run(flags, &file).map(|done| if done { DONE } else { FAILED }),
        Verb::Key(flags) => key::run(&flags).map(|()| DONE),
        Verb::Token(flags) => token::run(&flags, &file).map(|()| DONE),
        Verb::Schema(flags) => schema::run(&flags).map(|()| DONE),
        Verb::Doctor(flags) => doctor::run(&flags).map(|ready| if ready { DONE } else { FAILED }),
        Verb::Replay(flags) => replay::run(&flags).map(|whole| if whole { DONE } else { FAILED }),
    }
}

/// Whoever read our output (`| head`) has read enough: that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<UsageError>() || error.is::<ConfigError>()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_after_two_dashes_are_the_command() {
        let cli =
            Cli::try_parse_from(["tacho", "record", "--max-size", "24MiB", "--no-auth", "--", "ls", "-l"])
                .unwrap();
        let Verb::Record(flags) = cli.verb else { panic!("not record") };
        assert_eq!(flags.command, ["ls", "-l"]);
        assert_eq!(flags.no_auth, Some(true));
    }

    #[test]
    fn relative_times_may_begin_with_a_dash() {
        let cli = Cli::try_parse_from(["tacho", "events", "--since", "-15m", "--pid", "1,2"]).unwrap();
        let Verb::Events(flags) = cli.verb else { panic!("not events") };
        assert_eq!(
            flags.filters.parameters(zone::Zone::Utc).unwrap(),
            [("pid", "1,2".to_owned()), ("since", "-15m".to_owned())]
        );
    }
}
