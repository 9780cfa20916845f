//! `tacho replay`.

use std::{
    fs::File,
    io::{self, Write as _},
    iter,
    time::Instant,
};

use anyhow::{Context as _, Result};
use store::{Options, Writer, stream::StreamReader};

use super::args::ReplayFlags;
use crate::renumber::renumber;

/// Writes a saved stream into a store as fast as the store takes it, and says how fast that was.
///
/// # Errors
/// If the stream cannot be read or the store not written.
pub fn run(flags: &ReplayFlags) -> Result<()> {
    let reading = || format!("cannot read the stream {}", flags.stream.display());
    let mut reader = File::open(&flags.stream).and_then(StreamReader::new).with_context(reading)?;
    // A recorder's first batch begins with the processes that it found: they tell the boot and the first number.
    let first = reader.next().transpose().with_context(reading)?.unwrap_or_default();
    let head = first.contexts.first();
    let (boot, from) = head.map_or((0, 1), |context| (context.process.boot, context.id));
    let options = Options { boot, ..Options::default() };
    let mut writer = Writer::open(&flags.store, options)
        .with_context(|| format!("cannot open the store {}", flags.store.display()))?;
    let to = writer.next_context_id();
    let begun = Instant::now();
    let (mut events, mut batches) = (0_u64, 0_u64);
    for batch in iter::once(Ok(first)).chain(reader) {
        let batch = renumber(batch.with_context(reading)?, from, to);
        events += writer.append(&batch).context("the store refuses a batch")?.events;
        batches += 1;
    }
    writer.close().context("the store cannot be closed")?;
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = events as f64 / seconds.max(1e-9);
    writeln!(io::stdout(), "{events} events in {batches} batches, {seconds:.3} s, {rate:.0} events/s")?;
    Ok(())
}
