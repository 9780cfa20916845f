//! Times as people write them. The one parser of the API and the command line.

use chrono::{DateTime, NaiveTime};
use event::Nanos;

const SECOND: Nanos = 1_000_000_000;
const DAY: Nanos = 86_400 * SECOND;

/// The forms that [`parse`] takes, for help texts.
pub const FORMS: &str = "2026-01-02T03:04:05Z (RFC 3339), -15m or 2h ago (units ms, s, m, h, d, w; also 1h30m), now, HH:MM[:SS] (today in UTC)";

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not one of the forms.
    #[error("not a time; write it as {FORMS}")]
    Form,
    /// Outside of what 64 bits of nanoseconds hold.
    #[error("out of range: times from 1677 to 2262 are known")]
    Range,
}

/// The time that a text means at the moment `now`. A clock time without a date is of `now`'s day in UTC, as all
/// times of the API are.
///
/// # Errors
/// If it is written in no known form, or does not fit.
pub fn parse(text: &str, now: Nanos) -> Result<Nanos, TimeError> {
    if text == "now" {
        return Ok(now);
    }
    if let Some(span) = text.strip_prefix('-').or_else(|| text.strip_suffix(" ago")) {
        return now.checked_sub(duration(span)?).ok_or(TimeError::Range);
    }
    if let Some(clock) = clock(text) {
        return (now - now.rem_euclid(DAY)).checked_add(clock).ok_or(TimeError::Range);
    }
    // An offset's plus that went through a query string unescaped has become a space.
    let restored = match text.char_indices().rev().nth(5) {
        Some((at, ' ')) if text.contains('T') => format!("{}+{}", &text[..at], &text[at + 1..]),
        _ => text.to_owned(),
    };
    let time = DateTime::parse_from_rfc3339(&restored).map_err(|_| TimeError::Form)?;
    time.timestamp_nanos_opt().ok_or(TimeError::Range)
}

/// `HH:MM` or `HH:MM:SS` since midnight.
fn clock(text: &str) -> Option<Nanos> {
    let shape = |text: &str| text.bytes().enumerate().all(|(at, byte)| (at % 3 == 2) == (byte == b':'));
    if !matches!(text.len(), 5 | 8) || !shape(text) {
        return None;
    }
    let format = if text.len() == 5 { "%H:%M" } else { "%H:%M:%S" };
    let time = NaiveTime::parse_from_str(text, format).ok()?;
    Some((time - NaiveTime::MIN).num_seconds() * SECOND)
}

/// `15m`, `1h30m`: numbers with units, largest first or not.
fn duration(text: &str) -> Result<Nanos, TimeError> {
    let mut rest = text;
    let mut sum: Nanos = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let unit = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "ms" => SECOND / 1000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "d" => DAY,
            "w" => 7 * DAY,
            _ => return Err(TimeError::Form),
        };
        if number.is_empty() {
            return Err(TimeError::Form);
        }
        // All that is left to fail is a number that is too large.
        let number: Nanos = number.parse().map_err(|_| TimeError::Range)?;
        sum = number.checked_mul(scale).and_then(|part| sum.checked_add(part)).ok_or(TimeError::Range)?;
        rest = tail;
    }
    if text.is_empty() { Err(TimeError::Form) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use super::{DAY, SECOND, TimeError, parse};

    /// 2026-01-02T03:04:05Z.
    const NOW: i64 = 1_767_323_045 * SECOND;

    #[test]
    fn relative_times_count_from_now() {
        assert_eq!(parse("now", NOW), Ok(NOW));
        assert_eq!(parse("-15m", NOW), Ok(NOW - 900 * SECOND));
        assert_eq!(parse("2h ago", NOW), Ok(NOW - 7200 * SECOND));
        assert_eq!(parse("-1h30m", NOW), Ok(NOW - 5400 * SECOND));
        assert_eq!(parse("-250ms", NOW), Ok(NOW - SECOND / 4));
        assert_eq!(parse("1w ago", NOW), Ok(NOW - 7 * DAY));
    }

    #[test]
    fn clock_times_are_of_today_in_utc() {
        assert_eq!(parse("00:00", NOW), Ok(1_767_312_000 * SECOND));
        assert_eq!(parse("23:59:59", NOW), Ok(1_767_312_000 * SECOND + DAY - SECOND));
    }

    #[test]
    fn rfc_3339_is_taken_with_any_offset_and_a_lost_plus() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.000Z",
            "2026-01-02T04:04:05+01:00",
            "2026-01-02T04:04:05 01:00",
            "2026-01-02t03:04:05z",
        ] {
            assert_eq!(parse(text, NOW), Ok(NOW), "{text}");
        }
        assert_eq!(parse("2026-01-02T03:04:05.000000007Z", NOW), Ok(NOW + 7));
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        for text in [
            "",
            "-",
            "ago",
            " ago",
            "15m",
            "-15",
            "-m",
            "-15q",
            "yesterday",
            "2026-01-02",
            "24:00",
            "3:04",
            "03:4",
            "03:04:5",
            "03-04",
            "-1h 30m",
            "1767323045",
            "2026-13-01T00:00:00Z",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
            "+1:00",
            "--5m",
            "T 12345",
        ] {
            assert_eq!(parse(text, NOW), Err(TimeError::Form), "{text:?}");
        }
        assert!(TimeError::Form.to_string().contains("RFC 3339"));
        for text in ["-99999999999999999999s", "-400w1000000w", "9999-01-01T00:00:00Z"] {
            assert_eq!(parse(text, NOW), Err(TimeError::Range), "{text:?}");
        }
        assert_eq!(parse("-1s", i64::MIN), Err(TimeError::Range));
    }
}
