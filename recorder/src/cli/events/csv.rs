//! Events as comma-separated values (RFC 4180), for spreadsheets and timeline tools.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use serde_json::Value;

use super::row::Row;
use crate::cli::text::escape;

const HEAD: &str = "time,name,category,outcome,errno,pid,ppid,tid,user,uid,comm,executable,container,what,event_id,process_id";

pub(super) fn head(out: &mut impl Write) -> io::Result<()> {
    write!(out, "{HEAD}\r\n")
}

/// A record of an event of `full`.
pub(super) fn record(out: &mut impl Write, event: &Value) -> io::Result<()> {
    let row = Row::of(event);
    let (evt, process, tacho) = (&event["evt"], &event["process"], &event["tacho"]);
    let cells = [
        text(&event["date"]),
        text(&evt["name"]),
        text(&evt["category"]),
        text(&evt["outcome"]),
        text(&tacho["errno"]),
        text(&process["pid"]),
        text(&process["ppid"]),
        text(&process["tid"]),
        Cow::Owned(row.user),
        text(&process["credentials"]["uid"]),
        Cow::Owned(row.comm),
        text(&process["executable"]["path"]),
        text(&process["container"]["id"]),
        Cow::Owned(row.what),
        text(&tacho["id"]),
        text(&tacho["process_id"]),
    ];
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        out.write_all(quoted(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => escape(text),
        Value::Null => Cow::Borrowed(""),
        other => Cow::Owned(other.to_string()),
    }
}

/// Quoted where it must be. What a spreadsheet would take for a formula gets an apostrophe before it.
fn quoted(cell: &str) -> Cow<'_, str> {
    let formula = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
    if !formula && !cell.contains([',', '"', '\r', '\n', '\'']) && cell.trim() == cell {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (cell, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+2", "\"'=1+2\""),
            ("@x", "\"'@x\""),
            ("-7", "-7"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }

    #[test]
    fn a_record_has_as_many_cells_as_the_head() {
        let event = json!({"date": "2026-01-02T03:04:05Z", "evt": {"name": "unlink"}, "file": {"path": "/a\n\u{1b}"},
            "tacho": {"id": 7, "process_id": "x"}});
        let mut out = Vec::new();
        record(&mut out, &event).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches(',').count(), HEAD.matches(',').count(), "{text}");
        assert!(text.ends_with("/a\\n\\x1b,7,x\r\n"), "{text:?}");
    }
}
