//! What a stream tells as columns of the whole of it, for compressors from elsewhere: `benches/bound.sh` runs this over a
//! recorded stream and packs what it writes. `TACHO_STREAM=FILE TACHO_BOUND=DIR`.
//!
//! Everything that the store keeps could be made again from these files, by a decoder that reads all of them first. There
//! are no blocks, no indexes and no tables, and nothing is told twice; so their packed bytes are what a store might take
//! that can only be read as a whole. Where it is not clear which form is small, several are written, of which each decoder
//! would need one:
//! - `NAME~FORM`: a column in one of its forms; `NAME~FORM~bits` goes with it, and cannot be packed.
//! - `SORT=WAY/`: columns that together tell one sort of thing in one of some ways.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

mod columns;
mod events;
mod facts;
mod files;
mod rest;

use std::collections::HashMap;
use std::path::Path;

use event::{Context, Event};

use columns::Out;
use events::Shapes;
use files::Files;

/// What columns are made of.
pub struct Stream<'a> {
    /// In the order of recording.
    events: Vec<&'a Event>,
    contexts: HashMap<u64, &'a Context>,
}

fn main() {
    let Some(dir) = std::env::var_os("TACHO_BOUND") else {
        println!("TACHO_BOUND names a directory for columns; benches/bound.sh makes one");
        return;
    };
    let (batches, source) = benches::stream().unwrap();
    let stream = Stream {
        events: batches.iter().flat_map(|batch| &batch.events).collect(),
        contexts: batches
            .iter()
            .flat_map(|batch| &batch.contexts)
            .map(|context| (context.id, &**context))
            .collect(),
    };
    let out = Out::new(Path::new(&dir)).unwrap();
    let shapes = Shapes::of(&stream);
    events::write(&stream, &shapes, &out).unwrap();
    let files = Files::of(&stream, &shapes);
    files.write(&stream, &shapes, &out).unwrap();
    facts::write(&files, &out).unwrap();
    rest::write(&stream, &batches, &out).unwrap();
    println!("bound: {source} {} {} {}", stream.events.len(), files.states.len(), files.paths.len());
}
