//! `tacho events`: pages of the API, newest last, as a table or as JSON.

use std::io::{self, BufWriter, Write};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{
    args::{EventsFlags, Output},
    client::{Client, Parameters},
    config::Config,
    gaps, row,
    text::Style,
};

/// Events asked for at once.
const PAGE: u64 = 1_000;
/// Counted from the newest end, events are held in memory until the oldest of them is known.
const MAX_NEWEST: u64 = 1_000_000;

/// What the pages said besides events.
#[derive(Default)]
struct Summary {
    next: Value,
    incomplete: bool,
    gaps: Vec<Value>,
}

/// Prints events.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &EventsFlags, file: &Config) -> Result<()> {
    let client = Client::open(&flags.source, file)?;
    let mut parameters = flags.filters.parameters();
    parameters.push(("order", flags.order.clone()));
    let schema = flags.schema.clone().or_else(|| (flags.output == Output::Table).then(|| "full".to_owned()));
    parameters.extend(schema.map(|schema| ("schema", schema)));

    let mut out = BufWriter::new(io::stdout().lock());
    let style = Style::of_stdout();
    let oldest_first = flags.order == "asc";
    let limit = if oldest_first { flags.limit } else { flags.limit.min(MAX_NEWEST) };
    let mut headless = flags.output == Output::Table;
    let mut held = Vec::new();
    let summary = pages(&client, &parameters, flags.cursor.clone(), limit, |events| {
        // Not before the API has accepted the question.
        if std::mem::take(&mut headless) {
            row::head(&mut out, style)?;
        }
        if oldest_first && flags.output != Output::Json {
            return events.iter().try_for_each(|event| print(&mut out, flags.output, style, event));
        }
        held.extend(events);
        Ok(())
    })?;
    if !oldest_first {
        held.reverse();
    }
    if flags.output == Output::Json {
        let document = json!({
            "events": held, "next": summary.next, "complete": !summary.incomplete, "gaps": summary.gaps,
        });
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        held.iter().try_for_each(|event| print(&mut out, flags.output, style, event))?;
    }
    out.flush()?;
    gaps::warn(summary.incomplete, &summary.gaps);
    Ok(())
}

fn print(out: &mut impl Write, output: Output, style: Style, event: &Value) -> Result<()> {
    if output == Output::Table {
        return row::event(out, style, event);
    }
    serde_json::to_writer(&mut *out, event).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn pages(
    client: &Client,
    parameters: &Parameters,
    mut cursor: Option<String>,
    limit: u64,
    mut each: impl FnMut(Vec<Value>) -> Result<()>,
) -> Result<Summary> {
    let mut left = limit;
    let mut summary = Summary::default();
    loop {
        let mut asked = parameters.clone();
        // The API judges a limit of 0 as it would anybody's.
        asked.push(("limit", left.min(PAGE).to_string()));
        asked.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.get("/events", &asked)?;
        let Value::Array(events) = page["events"].take() else {
            bail!("the answer to /events has no `events`");
        };
        left = left.saturating_sub(u64::try_from(events.len()).unwrap_or(u64::MAX));
        if page["complete"] == Value::Bool(false) {
            summary.incomplete = true;
        }
        if let Value::Array(more) = page["gaps"].take() {
            for gap in more {
                if !summary.gaps.contains(&gap) {
                    summary.gaps.push(gap);
                }
            }
        }
        each(events).context("cannot write the events")?;
        summary.next = page["next"].take();
        match summary.next.as_str() {
            Some(next) if left > 0 => cursor = Some(next.to_owned()),
            _ => return Ok(summary),
        }
    }
}
