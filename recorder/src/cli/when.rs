//! Times of the command line: those of the API, a bare `2h`, and clock times of the zone that is shown.

use chrono::{Local, NaiveTime, SecondsFormat, TimeZone as _};
use query_api::time::{FORMS, parse};

use super::{settings::UsageError, zone::Zone};

/// What is asked of the API for a time that was typed.
///
/// # Errors
/// If it is none: the message has the forms.
pub fn asked(flag: &str, text: &str, zone: Zone) -> Result<String, UsageError> {
    // The moment does not matter: only the form is judged here.
    let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0);
    let text = text.trim();
    if zone == Zone::Local
        && let Some(time) = clock(text)
    {
        return local(time).ok_or_else(|| {
            UsageError::Refused(format!("--{flag} {text:?}: the local clock never showed, or showed twice, this time today; write it as RFC 3339"))
        });
    }
    if parse(text, now).is_ok() {
        return Ok(text.to_owned());
    }
    let span = format!("-{text}");
    if text.starts_with(|first: char| first.is_ascii_digit()) && parse(&span, now).is_ok() {
        return Ok(span);
    }
    match parse(text, now) {
        Err(error @ query_api::time::TimeError::Range) => {
            Err(UsageError::Refused(format!("--{flag} {text:?}: {error}")))
        }
        _ => Err(UsageError::Refused(format!(
            "--{flag} {text:?} is no time; write 2h (that long ago), or {FORMS}"
        ))),
    }
}

/// `HH:MM[:SS]`, as strict as the API is.
fn clock(text: &str) -> Option<NaiveTime> {
    let form = match text.len() {
        5 => "%H:%M",
        8 => "%H:%M:%S",
        _ => return None,
    };
    parse(text, 0).ok()?;
    NaiveTime::parse_from_str(text, form).ok()
}

fn local(time: NaiveTime) -> Option<String> {
    let today = Local::now().date_naive();
    let moment = Local.from_local_datetime(&today.and_time(time)).single()?;
    Some(moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_takes_goes_through_as_it_is() {
        for text in ["-15m", "2h ago", "now", "03:12", "2026-01-02T03:04:05Z"] {
            assert_eq!(asked("since", text, Zone::Utc).unwrap(), text);
        }
    }

    #[test]
    fn a_bare_span_is_that_long_ago() {
        assert_eq!(asked("since", "2h", Zone::Utc).unwrap(), "-2h");
        assert_eq!(asked("since", " 1h30m ", Zone::Local).unwrap(), "-1h30m");
    }

    #[test]
    fn clock_times_are_of_the_zone_that_is_shown() {
        let text = asked("since", "12:00", Zone::Local).unwrap();
        let time = chrono::DateTime::parse_from_rfc3339(&text).unwrap();
        assert_eq!(time.with_timezone(&Local).time(), NaiveTime::from_hms_opt(12, 0, 0).unwrap());
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        for text in ["", "yesterday", "2 h", "2026-01-02", "--2h", "99:99"] {
            let error = asked("since", text, Zone::Utc).unwrap_err().to_string();
            assert!(error.contains("--since") && error.contains("RFC 3339"), "{error}");
        }
        let error = asked("until", "9999-01-01T00:00:00Z", Zone::Utc).unwrap_err().to_string();
        assert!(error.contains("out of range"), "{error}");
    }
}
