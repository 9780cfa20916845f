//! `tacho schema`.

use std::io::{self, Write as _};

use anyhow::Result;
use event::schema::{Version, document};

use super::{args::SchemaFlags, settings::UsageError};

/// Prints a schema.
///
/// # Errors
/// If there is no such generation.
pub fn run(flags: &SchemaFlags) -> Result<()> {
    let Some(version) = Version::ALL.into_iter().find(|version| version.name() == flags.version) else {
        return Err(UsageError::Refused(format!("no such schema: {:?} (v1 to v5)", flags.version)).into());
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &document(version)).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
