//! The table of figures, each beside its ratio to Tachograph's.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::engine::Figures;
use crate::questions::Sort;

/// Bytes that all files below a directory take on the disk. Not their lengths: redb doubles the file of a growing
/// database, and what it has not written to yet takes no room.
pub fn directory_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { directory_bytes(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}

fn milliseconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64() * 1e3)
}

/// One line: what, and of each engine the figure and how many times Tachograph's it is.
fn row(what: &str, rows: &[Figures], figure: impl Fn(&Figures) -> Option<f64>) {
    let ours = rows.first().and_then(&figure);
    let cells = rows.iter().map(|row| match (figure(row), ours) {
        (Some(value), Some(ours)) if ours > 0.0 => {
            let digits = if value < 10.0 { 3 } else { usize::from(value < 1000.0) };
            format!("{value:.digits$} ({:.2}x)", value / ours)
        }
        (Some(value), _) => format!("{value:.2}"),
        (None, _) => "-".to_owned(),
    });
    println!("| {what} | {} |", cells.collect::<Vec<_>>().join(" | "));
}

pub fn print(rows: &[Figures]) {
    println!("| | {} |", rows.iter().map(|row| row.name).collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(rows.len()));
    row("ingest, events/s", rows, |figures| Some(figures.ingest));
    row("ingest, events/s of processor time", rows, |figures| Some(figures.ingest_cpu));
    row("worst commit, ms", rows, |figures| {
        Some(figures.worst_commit)
            .filter(|worst| !worst.is_zero())
            .and_then(|worst| milliseconds(Some(worst)))
    });
    row("bytes an event, open (NDJSON: text)", rows, |figures| Some(figures.open));
    row("bytes an event, closed", rows, |figures| Some(figures.closed));
    for (name, sort) in [("pid", Sort::Pid), ("path", Sort::Path), ("path prefix", Sort::Prefix)] {
        for percent in [50, 99] {
            row(&format!("newest 100 by {name}, p{percent}, ms"), rows, |figures| {
                milliseconds(figures.percentile(sort, percent))
            });
        }
    }
    row("full scan, events/s", rows, |figures| Some(figures.scan));
    let found: Vec<String> = rows.iter().map(|row| row.found.to_string()).collect();
    println!("found: {} (ripgrep counts lines)", found.join(", "));
}
