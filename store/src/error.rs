//! What can go wrong, an enum per operation.

use std::io;
use std::path::PathBuf;

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Somebody writes it.
    #[error(
        "{} is being recorded into by process {pid}: ask that recorder by its socket, stop it, or copy the closed segments and read the copy",
        .path.display()
    )]
    Locked {
        /// The store.
        path: PathBuf,
        /// The writer, 0 if unknown.
        pid: u32,
    },
    /// Written by a newer release.
    #[error(
        "{} has format version {found}, this release knows up to {supported}: use the release that wrote it, or a newer one",
        .path.display()
    )]
    Newer {
        /// Version found.
        found: u32,
        /// Newest version known here.
        supported: u32,
        /// The file.
        path: PathBuf,
    },
    /// There is no store.
    #[error("{} is no store: it has no segments", .path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A batch was not committed. Nothing of it is visible; the same batch may be tried again later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// No space left.
    #[error("no space left for {}: free some, or lower --max-size", .path.display())]
    Full {
        /// The segment.
        path: PathBuf,
    },
    /// The operating system or the segment's file refused.
    #[error("writing {}: {message}", .path.display())]
    Io {
        /// The segment.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The batch cannot be stored as it is.
    #[error("the batch cannot be stored: {0}")]
    Invalid(&'static str),
}

/// A question could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Too much was asked for at once.
    #[error("{what} is limited to {limit}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// `descendants` needs `pid` or `process`.
    #[error("descendants needs a pid or a process")]
    DescendantsOfNothing,
}

/// A store could not be checked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}
