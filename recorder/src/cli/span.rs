//! Lengths of time, and moments as numbers.

use serde_json::Value;

/// Nanoseconds since 1970 of a time of the API.
#[must_use]
pub fn nanos(date: &Value) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(date.as_str()?).ok()?.timestamp_nanos_opt()
}

/// From one time of the API to another, if both are known.
#[must_use]
pub fn between(from: &Value, to: &Value) -> Option<String> {
    Some(duration(nanos(to)?.saturating_sub(nanos(from)?)))
}

/// A duration in the unit that suits it.
#[must_use]
pub fn duration(nanos: i64) -> String {
    let millis = nanos.max(0) / 1_000_000;
    let seconds = millis / 1000;
    match seconds {
        0 if millis == 0 => {
            format!("{:.1} ms", f64::from(i32::try_from(nanos.max(0) / 1000).unwrap_or(0)) / 1000.0)
        }
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{:01} s", millis % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_suit_their_length() {
        for (nanos, text) in [
            (1_500_000, "1 ms"),
            (400_000, "0.4 ms"),
            (1_250_000_000, "1.2 s"),
            (61_000_000_000, "1m01s"),
            (7_260_000_000_000, "2h01m"),
            (90_000_000_000_000, "1d01h"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }
}
