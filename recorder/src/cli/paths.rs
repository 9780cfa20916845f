//! `tacho paths`: recorded paths, with counts.

use std::io::{self, BufWriter, Write as _};

use anyhow::Result;
use serde_json::Value;

use super::{
    args::PathsFlags,
    client::Client,
    config::Config,
    style::{Style, sgr},
    text::{escape, fit},
};

/// Paths asked for at once.
const PAGE: u64 = 10_000;
/// Paths shown if nobody says how many.
const LIMIT: u64 = 100;

/// Prints paths.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &PathsFlags, file: &Config) -> Result<()> {
    let client = Client::open(&flags.source, file)?;
    let style = Style::of_stdout();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut left = if flags.all { u64::MAX } else { flags.limit.unwrap_or(LIMIT) };
    let (mut cursor, mut shown) = (flags.cursor.clone(), 0);
    let prefix = flags.beginning.as_ref().or(flags.prefix.as_ref());
    loop {
        let mut parameters = vec![("limit", left.min(PAGE).to_string())];
        parameters.extend(prefix.map(|prefix| ("prefix", prefix.clone())));
        parameters.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = client.get("/paths", &parameters)?;
        let paths = page["paths"].as_array().map_or(&[][..], Vec::as_slice);
        shown += paths.len();
        left = left.saturating_sub(u64::try_from(paths.len()).unwrap_or(u64::MAX));
        if flags.json {
            writeln!(out, "{page}")?;
        } else {
            for path in paths {
                let count = path["count"].as_u64().unwrap_or(0);
                let text = escape(path["path"].as_str().unwrap_or("?"));
                let text = style
                    .columns
                    .map_or_else(|| text.clone(), |columns| fit(&text, columns.saturating_sub(12)));
                writeln!(out, "{} {text}", style.paint(sgr::DIM, &format!("{count:>11}")))?;
            }
        }
        match (&page["next"], left) {
            (Value::String(next), 1..) => cursor = Some(next.clone()),
            (Value::String(_), 0) if !flags.json => {
                out.flush()?;
                let _ = writeln!(io::stderr(), "tacho: there are more: --limit N shows them, --all all");
                break;
            }
            _ => break,
        }
    }
    out.flush()?;
    if shown == 0 {
        let _ = writeln!(io::stderr(), "tacho: no such path");
    }
    Ok(())
}
