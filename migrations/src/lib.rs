//! Ordered changes of the store's on-disk format.
//!
//! Segments of all versions from [`OLDEST`] on are read as they are, by code that is frozen with its version (the store's
//! `block/version1.rs` and the old rule of `segment/digest.rs`). A writer begins new segments in the format [`CURRENT`], and
//! `tacho migrate` writes old ones anew. `fixtures/` has stores of each version as the code of its time wrote them, and what
//! that code answered.
#![forbid(unsafe_code)]

/// Format version that this release writes.
pub const CURRENT: u32 = 5;

/// Oldest format version that can be brought up to date.
pub const OLDEST: u32 = 1;

/// A change of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Version it starts from.
    pub from: u32,
    /// Version it ends at: always one more.
    pub to: u32,
    /// What it does, for the log.
    pub title: &'static str,
}

/// All of them, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        from: 1,
        to: 2,
        title: "event ids with holes between them, columns that are unpacked one by one",
    },
    Migration {
        from: 2,
        to: 3,
        title: "columns in pages, so that a few events are read without the whole block",
    },
    Migration { from: 3, to: 4, title: "times in steps of the clock that told them" },
    Migration { from: 4, to: 5, title: "paths that tell themselves where they end, and exits as columns" },
];

/// What has to be done to a segment; empty if it is up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In order.
    pub steps: &'static [Migration],
}

/// A format that this release does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("format version {found} is not known here (supported: {OLDEST} to {supported})")]
pub struct Newer {
    /// Version found.
    pub found: u32,
    /// Newest version known here.
    pub supported: u32,
}

/// What has to be done to a segment of the format version found.
///
/// # Errors
/// If the version is not known here: it comes from a newer release (or is 0, which never was one).
pub fn check(found: u32) -> Result<Plan, Newer> {
    if !(OLDEST..=CURRENT).contains(&found) {
        return Err(Newer { found, supported: CURRENT });
    }
    let first = MIGRATIONS.iter().position(|step| step.from == found).unwrap_or(MIGRATIONS.len());
    Ok(Plan { steps: &MIGRATIONS[first..] })
}

#[cfg(test)]
mod tests {
    use super::{CURRENT, MIGRATIONS, Newer, OLDEST, check};

    #[test]
    fn the_steps_lead_from_the_oldest_version_to_the_current_one() {
        let mut version = OLDEST;
        for step in MIGRATIONS {
            assert_eq!((step.from, step.to), (version, version + 1));
            version = step.to;
        }
        assert_eq!(version, CURRENT);
    }

    #[test]
    fn the_current_version_needs_nothing() {
        assert!(check(CURRENT).unwrap().steps.is_empty());
    }

    #[test]
    fn a_version_from_the_future_is_refused() {
        assert_eq!(check(CURRENT + 1), Err(Newer { found: CURRENT + 1, supported: CURRENT }));
        assert!(check(0).is_err());
    }
}
