//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use event::Nanos;

/// Now. A clock set before 1970 or after 2262 reads as the nearest of these.
pub(crate) fn now() -> Nanos {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| Nanos::try_from(since.as_nanos()).unwrap_or(Nanos::MAX))
}
