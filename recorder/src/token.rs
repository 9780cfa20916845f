//! The API's token: made at first start, readable by its owner only.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use rustix::rand::{GetRandomFlags, getrandom};

/// Bytes of randomness.
const BYTES: usize = 32;

/// The token in `DIR/token`; made if there is none.
///
/// # Errors
/// If the file cannot be read or written, or holds no token.
pub fn read_or_make(dir: &Path) -> Result<String> {
    let path = dir.join("token");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let token = text.trim();
            if token.len() < BYTES || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                bail!("{} holds no token: remove it, and the next start makes a new one", path.display());
            }
            Ok(token.to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(error).with_context(|| format!("cannot read the token in {}", path.display())),
    }
}

/// Puts a new token in the place of the old one, in one step: who serves the store reads it again.
///
/// # Errors
/// If it cannot be written.
pub fn rotate(dir: &Path) -> Result<String> {
    let (path, new) = (dir.join("token"), dir.join("token.new"));
    // One that was left by a crash.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", new.display()));
        }
        _ => {}
    }
    let token = make(&new)?;
    fs::rename(&new, &path)
        .and_then(|()| fs::File::open(dir)?.sync_all())
        .with_context(|| format!("cannot put the new token in its place, {}", path.display()))?;
    Ok(token)
}

fn make(path: &Path) -> Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0; BYTES];
    let got = getrandom(&mut bytes, GetRandomFlags::empty()).context("the kernel gives no random bytes")?;
    anyhow::ensure!(got == BYTES, "the kernel gave {got} random bytes of {BYTES}");
    let token = bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make the token file {}", path.display()))?;
    writeln!(file, "{token}")
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_token_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = read_or_make(dir.path()).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(read_or_make(dir.path()).unwrap(), first);
        let mode = dir.path().join("token").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_new_token_takes_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let first = read_or_make(dir.path()).unwrap();
        fs::write(dir.path().join("token.new"), "left by a crash").unwrap();
        let second = rotate(dir.path()).unwrap();
        assert_ne!(first, second);
        assert_eq!(read_or_make(dir.path()).unwrap(), second);
        assert_eq!(dir.path().join("token").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!dir.path().join("token.new").exists());
    }

    #[test]
    fn an_empty_token_file_is_no_token() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("token"), "\n").unwrap();
        assert!(read_or_make(dir.path()).is_err());
    }
}
