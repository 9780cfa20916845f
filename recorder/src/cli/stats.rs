//! `tacho stats`: the numbers of the API, for people.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde_json::Value;

use super::{
    args::StatsFlags,
    client::Client,
    config::Config,
    size::Size,
    style::{Style, sgr},
    text::escape,
    zone::moment,
};

/// Rows of a list that are shown.
const ROWS: usize = 20;

/// Prints the numbers.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &StatsFlags, file: &Config) -> Result<()> {
    let document = Client::open(&flags.source, file)?.get("/stats", &Vec::new())?;
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        section(&mut out, Style::of_stdout(), &document, 0)?;
    }
    out.flush()?;
    Ok(())
}

/// Writes an object as `key  value` lines; objects within are indented, lists of objects become tables. The keys
/// are the API's, so that what is read here can be looked up there.
fn section(out: &mut impl Write, style: Style, document: &Value, indent: usize) -> Result<()> {
    let Some(members) = document.as_object() else { return Ok(()) };
    let width = members.keys().map(|key| key.chars().count()).max().unwrap_or(0);
    for (key, value) in members {
        let label = format!("{:indent$}{:<width$}", "", escape(&key.replace('_', " ")));
        match value {
            Value::Object(inner) if inner.is_empty() => {}
            Value::Object(_) if indent < 8 => {
                writeln!(out, "{}", style.paint(sgr::BOLD, label.trim_end()))?;
                section(out, style, value, indent + 2)?;
            }
            Value::Array(rows) if rows.iter().any(Value::is_object) => {
                writeln!(out, "{} ({})", style.paint(sgr::BOLD, label.trim_end()), rows.len())?;
                table(out, rows, indent + 2)?;
            }
            _ => writeln!(out, "{label}  {}", shown(key, value))?,
        }
    }
    Ok(())
}

/// The newest rows of a list of objects, a column per key.
fn table(out: &mut impl Write, rows: &[Value], indent: usize) -> Result<()> {
    let hidden = rows.len().saturating_sub(ROWS);
    let rows = &rows[hidden..];
    let mut keys: Vec<&String> = Vec::new();
    for key in rows.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| keys.iter().map(|key| shown(key, &row[key.as_str()])).collect()).collect();
    let widths: Vec<usize> = keys
        .iter()
        .enumerate()
        .map(|(column, key)| {
            cells
                .iter()
                .map(|row| row[column].chars().count())
                .chain([key.chars().count()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<_> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{:indent$}{}", "", padded.join("  ").trim_end())
    };
    writeln!(out, "{}", line(keys.iter().map(|key| escape(&key.replace('_', " ")).into_owned()).collect()))?;
    if hidden > 0 {
        writeln!(out, "{:indent$}({hidden} older ones: --json shows all)", "")?;
    }
    for row in cells {
        writeln!(out, "{}", line(row))?;
    }
    Ok(())
}

/// A value as a person reads it: bytes with units, times without letters, big numbers with groups.
fn shown(key: &str, value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text)
            if text.len() > 19 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T') =>
        {
            moment(text)
        }
        Value::String(text) => escape(text).into_owned(),
        Value::Number(number) => match number.as_u64() {
            Some(bytes) if is_bytes(key) => Size(bytes).to_string(),
            Some(number) => grouped(number),
            None => number.as_f64().map_or_else(|| number.to_string(), |number| format!("{number:.1}")),
        },
        Value::Array(values) => values.iter().map(|value| shown(key, value)).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn is_bytes(key: &str) -> bool {
    key == "size" || key == "bytes" || key.ends_with("_bytes") || key.ends_with("_size")
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_get_groups_units_and_dates() {
        assert_eq!(shown("events", &json!(1_234_567)), "1,234,567");
        assert_eq!(shown("total_bytes", &json!(2048)), "2.0 KiB");
        assert_eq!(shown("days_left", &json!(12.345)), "12.3");
        assert_eq!(shown("oldest", &json!("2026-01-02T03:04:05.5Z")), "2026-01-02 03:04:05.500");
        assert_eq!(shown("days_left", &Value::Null), "-");
    }

    #[test]
    fn lists_of_objects_become_tables_with_their_end_shown() {
        let rows: Vec<_> =
            (0..30).map(|number| json!({"file": format!("{number}.seg"), "bytes": 1})).collect();
        let mut out = Vec::new();
        section(&mut out, Style::default(), &json!({"segments": rows}), 0).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("segments (30)\n"), "{text}");
        assert!(
            text.contains("10 older ones") && text.contains("29.seg") && !text.contains(" 9.seg"),
            "{text}"
        );
    }
}
