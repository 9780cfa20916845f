//! `tacho serve`.

use anyhow::Result;

use crate::cli::settings::ServeArgs;

/// Serves a store until SIGTERM.
///
/// # Errors
/// If the store cannot be opened or an address cannot be listened on.
pub fn run(_args: &ServeArgs) -> Result<()> {
    anyhow::bail!("serving is not there yet")
}
