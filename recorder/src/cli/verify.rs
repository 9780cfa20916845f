//! `tacho verify`.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use anyhow::Result;

use super::{
    args::VerifyFlags,
    config::Config,
    settings::store_of,
    text::{Style, escape, sgr},
};

/// Checks a store and prints what was found; returns whether it is whole.
///
/// # Errors
/// If the store cannot be read at all, or standard output not written.
pub fn run(flags: VerifyFlags, file: &Config) -> Result<bool> {
    let dir = store_of(flags.store, file);
    let watched = io::stderr().is_terminal();
    let report = store::verify(&dir, &mut |progress| {
        if watched {
            let _ = write!(io::stderr(), "\r{} of {} segments", progress.done, progress.segments);
        }
    })?;
    if watched {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        let style = Style::of_stdout();
        for segment in &report.segments {
            let (colour, word) = match &segment.problem {
                None => (sgr::GREEN, "whole".to_owned()),
                Some(problem) => (sgr::RED, escape(problem).into_owned()),
            };
            let from = segment.first_bad_block.map(|id| format!(", from event {id} on")).unwrap_or_default();
            writeln!(
                out,
                "{}  {} blocks, {} events: {}{from}",
                escape(&segment.file),
                segment.blocks,
                segment.events,
                style.paint(colour, &word)
            )?;
        }
        let verdict = if report.whole { "whole" } else { "NOT whole" };
        writeln!(
            out,
            "{}: {} segments, {} events: {verdict}",
            dir.display(),
            report.segments.len(),
            report.events
        )?;
    }
    out.flush()?;
    Ok(report.whole)
}
