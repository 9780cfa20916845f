//! `tacho tree`: the process tree, drawn.

mod draw;
mod line;

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde_json::Value;

use super::{args::TreeFlags, client::Client, config::Config, gaps, style::Style, text::escape, when};

/// Prints the tree.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &TreeFlags, file: &Config) -> Result<()> {
    let zone = flags.zone.zone();
    let mut parameters = flags.filters.parameters(zone)?;
    if let Some(at) = &flags.at {
        parameters.push(("at", when::asked("at", at, zone)?));
    }
    parameters.extend(flags.limit.iter().map(|limit| ("limit", limit.to_string())));
    parameters.extend(flags.cursor.iter().map(|cursor| ("cursor", cursor.clone())));
    let document = Client::open(&flags.source, file)?.get("/tree", &parameters)?;

    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        draw::draw(&mut out, Style::of_stdout(), zone, &document)?;
    }
    out.flush()?;
    let mut told = io::stderr().lock();
    // A closed standard error is nobody's failure.
    let _ = if document["roots"].as_array().is_none_or(Vec::is_empty) {
        writeln!(told, "tacho: no such process")
    } else if let Some(next) = document["next"].as_str() {
        writeln!(
            told,
            "tacho: there are more processes than these: the same with --cursor {} shows them, and --pid, --at or a span fewer",
            escape(next)
        )
    } else if let Some(limit) = document["cut"]["processes"].as_u64() {
        writeln!(told, "tacho: only {limit} processes are shown; name a --pid, --at or a span for others")
    } else {
        Ok(())
    };
    drop(told);
    let gaps = document["gaps"].as_array().map_or(&[][..], Vec::as_slice);
    gaps::warn(document["complete"] == Value::Bool(false) && !gaps.is_empty(), gaps, zone);
    Ok(())
}
