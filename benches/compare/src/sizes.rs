//! Bytes an event of whole streams, closed and with all indexes and process tables; and of their first events, beside the
//! same ones as NDJSON of schema v5 in `zstd -19 --long=27`. Nothing of the text is written to the disk.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use crate::engine::Engine as _;
use crate::tachograph::Tachograph;
use crate::{batches, ndjson, table};

/// Counts what is written to it.
#[derive(Debug, Default)]
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The head of the table.
pub fn head() {
    println!(
        "| stream | events | contexts | open B | closed B | first events | closed B | text B | zstd B | closed / zstd |"
    );
    println!("|{}", "---|".repeat(10));
}

/// A closed store of a stream's first events.
struct Closed {
    store: Tachograph,
    _dir: TempDir,
    events: u64,
    contexts: u64,
    open: f64,
    closed: f64,
}

#[expect(clippy::cast_precision_loss, reason = "figures for a table")]
fn each(bytes: u64, events: u64) -> f64 {
    bytes as f64 / events.max(1) as f64
}

impl Closed {
    fn of(stream: &Path, limit: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut store = Tachograph::new(dir.path())?;
        let (mut events, mut contexts) = (0, 0);
        for batch in batches(stream, limit)? {
            let batch = batch?;
            events += batch.events.len() as u64;
            contexts += batch.contexts.len() as u64;
            store.append(&batch)?;
        }
        let open = each(table::directory_bytes(dir.path())?, events);
        store.close()?;
        let closed = each(table::directory_bytes(dir.path())?, events);
        Ok(Self { store, _dir: dir, events, contexts, open, closed })
    }
}

/// The stream's lines of the table; for each of some numbers of its first events, ascending, these as text.
pub fn lines(stream: &Path, first: &[usize]) -> Result<()> {
    let name = stream.file_stem().unwrap_or_default().display();
    let whole = Closed::of(stream, usize::MAX)?;
    let Closed { events, contexts, open, closed, .. } = whole;
    let begin = format!("| {name} | {events} | {contexts} | {open:.2} | {closed:.2} |");
    let mut parts: Vec<Closed> = Vec::new();
    for limit in first.iter().filter(|limit| **limit as u64 <= events) {
        parts.push(Closed::of(stream, *limit)?);
    }
    if first.iter().any(|limit| *limit as u64 > events) {
        parts.push(whole);
    }
    let Some(last) = parts.last() else {
        println!("{begin}{}", " |".repeat(5));
        return Ok(());
    };
    let marks: Vec<u64> = parts.iter().map(|part| part.events).collect();
    let mut parts = parts.iter();
    ndjson::write(last.store.store()?, Counter::default(), &marks, |text, packed| {
        if let Some(Closed { events, closed, .. }) = parts.next() {
            let (text, packed) = (each(text, *events), each(packed.0, *events));
            println!("{begin} {events} | {closed:.2} | {text:.0} | {packed:.2} | {:.3} |", closed / packed);
        }
    })?;
    anyhow::ensure!(parts.next().is_none(), "not all events were rendered");
    Ok(())
}
