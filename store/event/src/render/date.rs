//! Times as the schema writes them: RFC 3339 in UTC, nanoseconds with trailing zeros cut off.

use std::fmt;

use chrono::{DateTime, Datelike, Timelike};
use serde::{Serialize, Serializer};

use crate::Nanos;

/// A time, displayed and serialised as `2026-01-02T03:04:05.678Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub Nanos);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_nanos(self.0).naive_utc();
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let (mut fraction, mut width) = (time.nanosecond(), 9);
        if fraction > 0 {
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            write!(f, ".{fraction:0width$}")?;
        }
        f.write_str("Z")
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn trailing_zeros_of_the_fraction_are_cut() {
        assert_eq!(Date(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Date(1_700_000_000_000_000_000).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(Date(1_700_000_000_120_000_000).to_string(), "2023-11-14T22:13:20.12Z");
        assert_eq!(Date(1_700_000_000_000_000_001).to_string(), "2023-11-14T22:13:20.000000001Z");
        assert_eq!(Date(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn the_ends_of_time_are_written_too() {
        assert_eq!(Date(i64::MAX).to_string(), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(Date(i64::MIN).to_string(), "1677-09-21T00:12:43.145224192Z");
    }
}
