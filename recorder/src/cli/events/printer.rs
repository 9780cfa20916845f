//! Events in the form that was asked for.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use serde_json::{Value, json, value::RawValue};

use super::{Summary, csv, row::Row, table::Table};
use crate::cli::{args::Output, style::Style, zone::Zone};

/// Writes events to standard output, or whatever it is given.
pub(super) struct Printer<W> {
    out: W,
    output: Output,
    table: Table,
    /// Something was written.
    begun: bool,
    /// Events have been written: in a document, the next one needs a comma.
    any: bool,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, output: Output, style: Style, zone: Zone) -> Self {
        Self { out, output, table: Table::new(style, zone), begun: false, any: false }
    }

    /// What stands before the first event. Nothing is written before the API has accepted the question.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.output {
            Output::Json => self.out.write_all(b"{\"events\":["),
            Output::Csv => csv::head(&mut self.out),
            Output::Table | Output::Ndjson => Ok(()),
        }
    }

    /// Writes events. JSON goes out as it came in, byte for byte.
    pub(super) fn events(&mut self, events: &[Box<RawValue>]) -> Result<()> {
        self.begin()?;
        match self.output {
            Output::Table => {
                let rows = events.iter().map(|event| Ok(Row::of(&read(event.get())?)));
                self.table.rows(&mut self.out, &rows.collect::<Result<Vec<_>>>()?)?;
            }
            Output::Csv => {
                for event in events {
                    csv::record(&mut self.out, &read(event.get())?)?;
                }
            }
            Output::Json => {
                for event in events {
                    let comma = if std::mem::replace(&mut self.any, true) { ",\n" } else { "\n" };
                    write!(self.out, "{comma}{}", event.get())?;
                }
            }
            Output::Ndjson => {
                for event in events {
                    writeln!(self.out, "{}", event.get())?;
                }
            }
        }
        Ok(())
    }

    /// Writes a gap where it was told: into a table; elsewhere on standard error.
    pub(super) fn gap(&mut self, gap: &Value, zone: Zone) -> Result<()> {
        if self.output == Output::Table {
            self.table.gap(&mut self.out, gap)?;
        } else {
            self.flush()?;
            let _ = writeln!(io::stderr(), "tacho: gap: {}", crate::cli::gaps::line(gap, zone));
        }
        Ok(())
    }

    /// What stands after the last event.
    pub(super) fn end(&mut self, summary: &Summary) -> Result<()> {
        self.begin()?;
        if self.output == Output::Json {
            let Summary { next, incomplete, gaps, left_out, followed, skipped, .. } = summary;
            let mut rest =
                json!({ "next": next, "complete": !incomplete, "gaps": gaps, "left_out": left_out });
            if *skipped > 0 {
                rest["skipped"] = (*skipped).into();
            }
            if let Some(followed) = followed {
                rest["followed"] = followed.clone();
            }
            // One object out of two: the second goes on where the first is open.
            writeln!(self.out, "\n],{}", rest.to_string().trim_start_matches('{'))?;
        }
        self.flush()
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

fn read(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("an event is no JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_several_pages_is_one_document() {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, Output::Json, Style::default(), Zone::Utc);
        let event = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        printer.events(&[event("{\"b\": 1, \"a\":2}")]).unwrap();
        printer.events(&[event("{}")]).unwrap();
        printer.end(&Summary { next: Some("x".into()), incomplete: true, ..Summary::default() }).unwrap();
        let document: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["events"].as_array().unwrap().len(), 2);
        assert_eq!((document["next"].as_str(), document["complete"].as_bool()), (Some("x"), Some(false)));
        assert!(String::from_utf8(out).unwrap().contains("{\"b\": 1, \"a\":2}"));
    }

    #[test]
    fn nothing_at_all_is_an_empty_document() {
        let mut out = Vec::new();
        Printer::new(&mut out, Output::Json, Style::default(), Zone::Utc).end(&Summary::default()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["events"], json!([]));
    }
}
