//! `tacho key`.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use anyhow::Result;
use store::SegmentSigner;

use super::args::KeyFlags;

/// Makes a signing key, or reads one, and prints its public half.
///
/// # Errors
/// If the key cannot be made or read, or standard output not written.
pub fn run(flags: &KeyFlags) -> Result<()> {
    let signer = match (&flags.new, &flags.public) {
        (Some(path), _) => SegmentSigner::create(path)?,
        (None, Some(path)) => SegmentSigner::load(path)?,
        // The command line asks for one of them.
        (None, None) => return Ok(()),
    };
    let mut out = io::stdout().lock();
    write!(out, "{}", signer.public_key().to_pem())?;
    out.flush()?;
    Ok(())
}

/// The signer of a setting.
///
/// # Errors
/// If the key cannot be used.
pub fn signer(path: Option<&Path>) -> Result<Option<Arc<SegmentSigner>>> {
    Ok(path.map(SegmentSigner::load).transpose()?.map(Arc::new))
}
