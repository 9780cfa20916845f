//! `tacho token`.

use std::io::{self, Write as _};

use anyhow::Result;

use super::{args::TokenFlags, config::Config, settings::store_of};
use crate::token;

/// Prints the token of a store, or puts a new one in its place: a running server lets in nobody with the old one from then
/// on.
///
/// # Errors
/// If the token cannot be read or written, or standard output not written.
pub fn run(flags: &TokenFlags, file: &Config) -> Result<()> {
    let dir = store_of(flags.store.clone(), file);
    let token = if flags.rotate { token::rotate(&dir)? } else { token::read_or_make(&dir)? };
    let mut out = io::stdout().lock();
    writeln!(out, "{token}")?;
    out.flush()?;
    Ok(())
}
