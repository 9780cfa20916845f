//! Bytes an event of a whole stream, closed and with all indexes and process tables, beside the same events as NDJSON of
//! schema v5 in `zstd -19 --long=27`. Nothing of the text is written to the disk.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::engine::{Engine as _, cpu};
use crate::{batches, ndjson, table, tachograph};

/// Counts what is written to it.
#[derive(Debug, Default)]
pub struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The heads of the columns.
pub fn head() {
    println!("| stream | events | contexts | open B | closed B | text B | zstd -19 --long=27 B | closed / zstd |");
    println!("|---|---|---|---|---|---|---|---|");
}

/// A line of the table: of a stream's first `events`.
#[expect(clippy::cast_precision_loss, reason = "figures for a table")]
pub fn line(stream: &Path, events: usize) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut ours = tachograph::Tachograph::new(dir.path())?;
    let (mut count, mut contexts) = (0, 0);
    for batch in batches(stream, events)? {
        let batch = batch?;
        count += batch.events.len();
        contexts += batch.contexts.len();
        ours.append(&batch)?;
    }
    let open = table::directory_bytes(dir.path())?;
    ours.close()?;
    let closed = table::directory_bytes(dir.path())?;
    let (begun, used) = (Instant::now(), cpu());
    let (text, rendered, counter) = ndjson::write(ours.store()?, Counter::default())?;
    let each = |bytes: u64| bytes as f64 / count.max(1) as f64;
    println!(
        "| {} | {rendered} | {contexts} | {:.2} | {:.2} | {:.0} | {:.2} | {:.2} |",
        stream.file_stem().unwrap_or_default().display(),
        each(open),
        each(closed),
        each(text),
        each(counter.0),
        closed as f64 / counter.0 as f64,
    );
    eprintln!("{}: rendered and packed in {:.0?}, {:.0?} of CPU", stream.display(), begun.elapsed(), cpu() - used);
    Ok(())
}
