//! An event as a line of a table.

use std::{borrow::Cow, io::Write};

use anyhow::Result;
use serde_json::Value;

use super::{
    text::{Style, argument, escape, fit, sgr},
    what::what,
};

/// Task names are 15 bytes at most (`TASK_COMM_LEN`).
const COMM: usize = 15;
/// Room for the names of kinds; the one that is longer moves its line.
const NAME: usize = 12;

/// Writes the head of the table.
///
/// # Errors
/// If it cannot be written.
pub fn head(out: &mut impl Write, style: Style) -> Result<()> {
    let head = format!(
        "{:<23} {:>7} {:<COMM$} {:<NAME$} {:<8} {}",
        "TIME (UTC)", "PID", "COMM", "NAME", "OUTCOME", "WHAT"
    );
    writeln!(out, "{}", style.paint(sgr::BOLD, &head))?;
    Ok(())
}

/// Writes a line for an event of `v5` or `full`.
///
/// # Errors
/// If it cannot be written.
pub fn event(out: &mut impl Write, style: Style, event: &Value) -> Result<()> {
    let time = moment(event["date"].as_str().unwrap_or(""));
    let pid = event["process"]["pid"].as_u64().map_or_else(|| "?".to_owned(), |pid| pid.to_string());
    let comm = escape(event["process"]["comm"].as_str().unwrap_or("?"));
    let name = escape(event["evt"]["name"].as_str().unwrap_or("?"));
    let outcome = escape(event["tacho"]["errno"].as_str().or(event["evt"]["outcome"].as_str()).unwrap_or(""));
    let colour = match event["evt"]["outcome"].as_str() {
        Some("Refused") => sgr::RED,
        Some("Error") => sgr::YELLOW,
        _ => sgr::DIM,
    };
    let comm = fit(&comm, COMM);
    let front = format!("{time:<23} {pid:>7} {comm:<COMM$} {name:<NAME$} ");
    let outcome = format!("{outcome:<8}");
    let what = what(event);
    let used = front.chars().count() + outcome.chars().count() + 1;
    let what = match style.columns {
        Some(columns) => fit(&what, columns.saturating_sub(used).max(16)),
        None => Cow::Borrowed(what.as_str()),
    };
    writeln!(out, "{front}{} {what}", style.paint(colour, &outcome))?;
    Ok(())
}

/// `2026-01-02T03:04:05.678901234Z` as `2026-01-02 03:04:05.678`.
#[must_use]
pub fn moment(date: &str) -> String {
    let date = escape(date.trim_end_matches('Z'));
    let Some((day, time)) = date.split_once('T') else { return date.into_owned() };
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    format!("{day} {seconds}.{millis}")
}

/// A command line: the first argument, then the others, quoted where a shell would need it.
#[must_use]
pub fn command_line(program: &Value) -> String {
    // The arguments of a script begin with the script: before them goes what ran it.
    let interpreter = program["interpreter"]["path"].as_str();
    let path = interpreter.or_else(|| program["executable"]["path"].as_str());
    let mut line = match (path, program["argv0"].as_str()) {
        // What ran matters more than what it called itself.
        (Some(path), _) if !path.is_empty() => argument(path).into_owned(),
        (_, Some(argv0)) => argument(argv0).into_owned(),
        _ => "(unknown program)".to_owned(),
    };
    for part in program["args"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        line.push(' ');
        line.push_str(&argument(part));
    }
    if program["args_truncated"] == Value::Bool(true) {
        line.push_str(" ...");
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(event: &Value, columns: Option<usize>) -> String {
        let mut out = Vec::new();
        super::event(&mut out, Style { colour: false, columns }, event).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_open_shows_time_process_outcome_and_path() {
        let event = json!({"date": "2026-01-02T03:04:05.6Z", "evt": {"name": "open", "outcome": "Refused"},
            "process": {"pid": 7, "comm": "cat"}, "file": {"path": "/etc/shadow", "flags": ["O_RDONLY"]},
            "tacho": {"errno": "EACCES"}});
        assert_eq!(
            line(&event, None),
            "2026-01-02 03:04:05.600       7 cat             open         EACCES   /etc/shadow  O_RDONLY\n"
        );
        assert_eq!(line(&event, Some(88)).trim_end().chars().count(), 88);
    }

    #[test]
    fn a_path_cannot_steer_the_terminal() {
        let event = json!({"evt": {"name": "unlink"}, "file": {"path": "/tmp/\u{1b}[2J\n"}});
        let line = line(&event, None);
        assert!(line.contains("/tmp/\\x1b[2J\\n"), "{line}");
    }

    #[test]
    fn an_event_of_an_unexpected_shape_is_still_a_line() {
        for event in [json!({}), json!(null), json!({"evt": {"name": 3}, "process": [], "file": "x"})] {
            assert!(line(&event, Some(80)).ends_with('\n'));
        }
    }
}
