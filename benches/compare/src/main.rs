//! The same recorded stream into Tachograph's store, SQLite, fjall and plain NDJSON in zstd, on one machine in one run;
//! prints a table. `cargo run --release -- [--events N] [--no-ndjson] STREAM...`; with `--sizes`, whole streams into the
//! store and their first N (N,N...) events into NDJSON in zstd, a line each. (benches/streams.sh records streams.)

mod engine;
mod lsm;
mod ndjson;
mod questions;
mod sizes;
mod sqlite;
mod table;
mod tachograph;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use store::Batch;
use store::stream::StreamReader;

use engine::{Engine, Figures, cpu};
use questions::Questions;

/// Events of a stream that are used, unless `--events` says otherwise: as many as `zstd -19` packs in minutes.
const EVENTS: usize = 200_000;

fn main() -> Result<()> {
    let (mut events, mut text, mut sizes, mut streams) = (vec![EVENTS], true, false, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--events" {
            let list = words.next().context("--events needs a number")?;
            events = list.split(',').map(str::parse).collect::<Result<_, _>>()?;
            events.sort_unstable();
        } else if word == "--no-ndjson" {
            text = false;
        } else if word == "--sizes" {
            sizes = true;
        } else {
            streams.push(word);
        }
    }
    if streams.is_empty() {
        bail!("usage: cargo run --release -- [--events N] [--no-ndjson] [--sizes] STREAM...");
    }
    if sizes {
        sizes::head();
    }
    for stream in &streams {
        let stream = Path::new(stream);
        if sizes {
            sizes::lines(stream, if text { &events } else { &[] })?;
        } else {
            compare(stream, events.last().copied().unwrap_or(EVENTS), text)?;
        }
    }
    Ok(())
}

/// The first batches of a stream, until there are enough events.
fn batches(stream: &Path, events: usize) -> Result<impl Iterator<Item = Result<Batch>>> {
    let file = File::open(stream).with_context(|| stream.display().to_string())?;
    let mut count = 0;
    Ok(StreamReader::new(file)?.map(|batch| Ok(batch?)).take_while(move |batch| {
        let more = count < events;
        count += batch.as_ref().map_or(0, |batch: &Batch| batch.events.len());
        more
    }))
}

fn compare(stream: &Path, events: usize, text: bool) -> Result<()> {
    let batches = batches(stream, events)?.collect::<Result<Vec<_>>>()?;
    let questions = Questions::of(&batches);
    let count: usize = batches.iter().map(|batch| batch.events.len()).sum();
    println!("\n{}: {count} events in {} batches", stream.display(), batches.len());
    let dir = tempfile::tempdir()?;
    let place = |name: &str| -> Result<std::path::PathBuf> {
        let place = dir.path().join(name);
        std::fs::create_dir(&place)?;
        Ok(place)
    };
    let mut rows = Vec::new();
    let mut ours = tachograph::Tachograph::new(&place("tachograph")?)?;
    rows.push(measure("Tachograph", &mut ours, &batches, &questions)?);
    rows.push(measure("SQLite", &mut sqlite::Sqlite::new(&place("sqlite")?)?, &batches, &questions)?);
    rows.push(measure("fjall", &mut lsm::Lsm::new(&place("fjall")?)?, &batches, &questions)?);
    if text {
        rows.push(ndjson::measure(&place("ndjson")?, ours.store()?, &questions)?);
    }
    table::print(&rows);
    Ok(())
}

fn measure(
    name: &'static str,
    engine: &mut dyn Engine,
    batches: &[Batch],
    questions: &Questions,
) -> Result<Figures> {
    let count: usize = batches.iter().map(|batch| batch.events.len()).sum();
    let (begun, used) = (std::time::Instant::now(), cpu());
    let mut worst = Duration::ZERO;
    for batch in batches {
        let commit = std::time::Instant::now();
        engine.append(batch)?;
        worst = worst.max(commit.elapsed());
    }
    let (wall, used) = (begun.elapsed(), cpu() - used);
    let open = engine.bytes()?;
    engine.close()?;
    let closed = engine.bytes()?;
    let mut figures = Figures::new(name, count, wall, used, worst, open, closed);
    for question in questions.all() {
        // Once to warm up, then to measure.
        engine.ask(question)?;
        let begun = std::time::Instant::now();
        let found = engine.ask(question)?;
        figures.answered(question, begun.elapsed(), found);
    }
    let begun = std::time::Instant::now();
    let found = engine.scan()?;
    figures.scanned(begun.elapsed(), found);
    Ok(figures)
}
