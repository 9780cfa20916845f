//! Times as people read them, in UTC or in the local zone.

use chrono::{DateTime, FixedOffset, Local};

use super::text::escape;

/// In which zone times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// As the API has them.
    #[default]
    Utc,
    /// Of this machine, or of `TZ`. Each time then has its offset, since the offset of a zone changes twice a year, and an
    /// hour comes twice.
    Local,
}

impl Zone {
    /// For heads of columns.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "local",
        }
    }

    /// `2026-01-02T03:04:05.678901234Z` as `2026-01-02 03:04:05.678`, with the offset if it is not UTC.
    #[must_use]
    pub fn moment(self, date: &str) -> String {
        self.format(date, "%Y-%m-%d %H:%M:%S%.3f")
    }

    /// As [`Self::moment`], without the part of a second.
    #[must_use]
    pub fn second(self, date: &str) -> String {
        self.format(date, "%Y-%m-%d %H:%M:%S")
    }

    /// The day and the zone, and the time of that day.
    #[must_use]
    pub fn day_and_time(self, date: &str) -> (String, String) {
        let Some(time) = self.read(date) else { return (String::new(), escape(date).into_owned()) };
        let zone = if self == Self::Utc { "UTC".to_owned() } else { time.format("%:z").to_string() };
        (format!("{} {zone}", time.format("%Y-%m-%d")), time.format("%H:%M:%S%.3f").to_string())
    }

    fn format(self, date: &str, form: &str) -> String {
        // Whatever an API says: it is shown.
        let Some(time) = self.read(date) else { return escape(date).into_owned() };
        let offset = if self == Self::Utc { "" } else { "%:z" };
        time.format(&format!("{form}{offset}")).to_string()
    }

    fn read(self, date: &str) -> Option<DateTime<FixedOffset>> {
        let time = DateTime::parse_from_rfc3339(date).ok()?;
        Some(match self {
            Self::Utc => time.to_utc().fixed_offset(),
            Self::Local => time.with_timezone(&Local).fixed_offset(),
        })
    }
}

/// A time of the API in UTC, as [`Zone::moment`].
#[must_use]
pub fn moment(date: &str) -> String {
    Zone::Utc.moment(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_need_no_letters() {
        assert_eq!(moment("2026-01-02T03:04:05.678901234Z"), "2026-01-02 03:04:05.678");
        assert_eq!(moment("2026-01-02T03:04:05Z"), "2026-01-02 03:04:05.000");
        assert_eq!(Zone::Utc.second("2026-01-02T04:04:05.9+01:00"), "2026-01-02 03:04:05");
        assert_eq!(
            Zone::Utc.day_and_time("2026-01-02T03:04:05.6Z"),
            ("2026-01-02 UTC".into(), "03:04:05.600".into())
        );
    }

    #[test]
    fn local_times_carry_their_offset() {
        let time = Zone::Local.moment("2026-01-02T03:04:05Z");
        let back = DateTime::parse_from_str(&time, "%Y-%m-%d %H:%M:%S%.f%:z").unwrap();
        assert_eq!(back.timestamp(), 1_767_323_045, "{time}");
    }

    #[test]
    fn what_is_no_time_is_shown_and_steers_nothing() {
        assert_eq!(moment("soon\u{1b}[2J"), "soon\\x1b[2J");
        assert_eq!(Zone::Local.day_and_time("?"), (String::new(), "?".into()));
    }
}
