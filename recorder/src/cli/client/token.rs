//! The token for `--url`: from a file or the environment, which others cannot read, unlike a command line.

use std::{env, fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, Result};

use crate::cli::settings::UsageError;

/// The variable that holds a token.
const VARIABLE: &str = "TACHO_TOKEN";
/// Bytes of a file that holds one; a longer one is none.
const MAX_BYTES: u64 = 4096;

/// The token in a file, or of the environment.
///
/// # Errors
/// If the file cannot be read, or there is no token in what was named.
pub(super) fn read(file: Option<&Path>) -> Result<Option<String>> {
    let Some(path) = file else {
        return match env::var(VARIABLE) {
            Ok(token) => checked(&token, VARIABLE).map(Some),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(no_token(VARIABLE)),
        };
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read the token in {}", path.display()))?;
    checked(&text, &path.display().to_string()).map(Some)
}

/// What can stand in a header.
fn checked(text: &str, place: &str) -> Result<String> {
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(no_token(place));
    }
    Ok(token.to_owned())
}

fn no_token(place: &str) -> anyhow::Error {
    UsageError::Refused(format!(
        "{place} holds no token: it is one word, as in the file `token` of a data directory"
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_word() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "abc123\n").unwrap();
        assert_eq!(read(Some(&file)).unwrap().unwrap(), "abc123");
        for wrong in ["", "\n", "two words", "a\r\nHost: x"] {
            std::fs::write(&file, wrong).unwrap();
            assert!(read(Some(&file)).unwrap_err().is::<UsageError>(), "{wrong:?}");
        }
        assert!(read(Some(&dir.path().join("none"))).is_err());
    }
}
