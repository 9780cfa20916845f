//! `tacho completions` and `tacho man`: out of the definition of the command line itself.

use std::{
    fs,
    io::{self, BufWriter, Write as _},
};

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use super::args::{Cli, CompletionsFlags, ManFlags};

/// Prints what a shell completes the command line with.
///
/// # Errors
/// If standard output cannot be written.
pub fn completions(flags: &CompletionsFlags) -> Result<()> {
    // Written at once: the generator knows no failed writes.
    let mut text = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command(), "tacho", &mut text);
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    Ok(out.flush()?)
}

/// Writes a manual page for tacho and one for each verb into a directory, or prints the first.
///
/// # Errors
/// If a file or standard output cannot be written.
pub fn man(flags: &ManFlags) -> Result<()> {
    // `tacho help` needs no page.
    let command = Cli::command().disable_help_subcommand(true);
    let Some(dir) = &flags.dir else {
        let mut out = BufWriter::new(io::stdout().lock());
        clap_mangen::Man::new(command).render(&mut out)?;
        return Ok(out.flush()?);
    };
    fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(command, dir))
        .with_context(|| format!("cannot write manual pages into {}", dir.display()))
}
