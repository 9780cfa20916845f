//! What went wrong, and what to do about it.

use std::{io, path::Path};

use anyhow::anyhow;
use hyper::StatusCode;
use serde_json::Value;
use store::OpenError;

use crate::cli::{settings::UsageError, text::escape};

/// Nobody listens, or not to us.
pub(super) fn no_recorder(socket: &Path, error: &io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "is `tacho record` running? (`--store DIR` reads a store that nobody writes, `--url` another API)"
        }
        io::ErrorKind::PermissionDenied => {
            "what was recorded is for root, and for the group of the socket if it has one: try with sudo"
        }
        _ => "is that the recorder's socket?",
    };
    anyhow!("no recorder answers at {}: {error}; {advice}", escape(&socket.display().to_string()))
}

/// The store cannot be opened: by its own words, and where they are the system's, with advice.
pub(super) fn no_store(dir: &Path, error: OpenError) -> anyhow::Error {
    let cause =
        std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| error.source())
            .find_map(|error| error.downcast_ref::<io::Error>())
            .map(io::Error::kind);
    let dir = escape(&dir.display().to_string()).into_owned();
    let error = anyhow::Error::new(error);
    match cause {
        Some(io::ErrorKind::PermissionDenied) => error.context(format!(
            "you may not read {dir}: what was recorded is for root (try with sudo, or copy the store and give it to yourself)"
        )),
        Some(io::ErrorKind::NotFound) => error.context(format!("there is no store at {dir}")),
        _ => error,
    }
}

/// The API's error as an error of ours; a refused parameter is wrong usage.
pub(super) fn refusal(path: &str, status: StatusCode, body: &[u8]) -> anyhow::Error {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &document["error"];
    let message = escape(error["message"].as_str().unwrap_or("no message"));
    match status {
        StatusCode::BAD_REQUEST => UsageError::Refused(match error["parameter"].as_str() {
            Some(parameter) if !message.contains(parameter) => format!("--{}: {message}", escape(parameter)),
            _ => message.into_owned(),
        })
        .into(),
        StatusCode::UNAUTHORIZED => {
            anyhow!(
                "{message}; the token is in the file `token` of the recorder's data directory: name that file (or a copy) with --token-file, or put the token into TACHO_TOKEN"
            )
        }
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => anyhow!("{message}"),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            anyhow!("{message} ({path}); it was asked several times: try again later")
        }
        _ => anyhow!("{path}: {status}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_parameter_is_wrong_usage() {
        let body = br#"{"error": {"code": "bad_value", "message": "no number", "parameter": "pid"}}"#;
        let error = refusal("/events", StatusCode::BAD_REQUEST, body);
        assert!(error.is::<UsageError>());
        assert_eq!(error.to_string(), "--pid: no number");
        assert!(!refusal("/events", StatusCode::INTERNAL_SERVER_ERROR, b"x").is::<UsageError>());
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let nobody = |kind: io::ErrorKind| no_recorder(Path::new("/s"), &kind.into()).to_string();
        assert!(nobody(io::ErrorKind::NotFound).contains("tacho record"));
        assert!(nobody(io::ErrorKind::PermissionDenied).contains("sudo"));
        let error = refusal("/events", StatusCode::UNAUTHORIZED, b"{}").to_string();
        assert!(error.contains("--token-file") && error.contains("TACHO_TOKEN"), "{error}");
    }
}
