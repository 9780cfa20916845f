//! `tacho replay`.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read, Write as _},
    iter,
    rc::Rc,
    sync::atomic::Ordering,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use store::{Batch, Options, Writer, stream::StreamReader};

use super::{
    args::ReplayFlags,
    progress::{Shown, interruption},
};
use crate::renumber::renumber;

/// A file that tells how far it was read.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.read.set(self.read.get().saturating_add(u64::try_from(read).unwrap_or(u64::MAX)));
        Ok(read)
    }
}

/// Writes a saved stream into a store as fast as the store takes it, and says how fast that was; returns whether that was
/// all of it, not interrupted.
///
/// # Errors
/// If the stream cannot be read or the store not written.
pub fn run(flags: &ReplayFlags) -> Result<bool> {
    let reading = || format!("cannot read the stream {}", flags.stream.display());
    let file = File::open(&flags.stream).with_context(reading)?;
    let (total, read) = (file.metadata().map_or(0, |metadata| metadata.len()), Rc::new(Cell::new(0)));
    let counted = Counted { file, read: Rc::clone(&read) };
    let mut reader = StreamReader::new(counted).with_context(reading)?;
    // A recorder's first batch begins with the processes that it found: they tell the boot and the first number.
    let first = reader.next().transpose().with_context(reading)?.unwrap_or_default();
    let head = first.contexts.first();
    let (boot, from) = head.map_or((0, 1), |context| (context.process.boot, context.id));
    let options = Options { boot, ..Options::default() };
    let mut writer = Writer::open(&flags.store, options)
        .with_context(|| format!("cannot open the store {}", flags.store.display()))?;
    let mut batches = iter::once(Ok(first)).chain(reader);
    let mut there = from;
    for _ in 0..flags.from_batch {
        let batch = batches.next().context("the stream has no such batch")?.with_context(reading)?;
        there = there.max(behind(&batch));
    }
    // The store goes on behind what it has of the stream already.
    let to = writer.next_context_id().checked_sub(there - from).filter(|to| *to > 0);
    ensure!(to.is_some(), "{} has less than the batches before --from-batch", flags.store.display());
    let to = to.unwrap_or(1);
    let (mut shown, interrupted) = (Shown::default(), interruption());
    let (begun, mut events, mut done) = (Instant::now(), 0_u64, 0_u64);
    let mut whole = true;
    for batch in batches {
        if interrupted.load(Ordering::Relaxed) {
            whole = false;
            break;
        }
        shown.at(read.get(), total, &format!("batch {}", flags.from_batch + done));
        let batch = renumber(batch.with_context(reading)?, from, to);
        events += writer.append(&batch).context("the store refuses a batch")?.events;
        done += 1;
    }
    shown.end();
    writer.close().context("the store cannot be closed")?;
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = events as f64 / seconds.max(1e-9);
    let mut out = io::stdout();
    writeln!(out, "{events} events in {done} batches, {seconds:.3} s, {rate:.0} events/s")?;
    if !whole {
        writeln!(out, "interrupted: go on with --from-batch {}", flags.from_batch + done)?;
    }
    Ok(whole)
}

/// First context id behind those of a batch.
fn behind(batch: &Batch) -> u64 {
    batch.contexts.last().map_or(0, |context| context.id.saturating_add(1))
}
