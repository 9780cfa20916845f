//! What is told beside events: contexts, ends of processes, gaps, provenance.

use std::collections::HashMap;
use std::io;

use event::{Context, Kind, ProcessKey};
use serde::Serialize;
use store::Batch;

use crate::Stream;
use crate::columns::{Out, put, zigzag};

pub fn write(stream: &Stream<'_>, batches: &[Batch], out: &Out) -> io::Result<()> {
    let contexts: Vec<&Context> =
        batches.iter().flat_map(|batch| &batch.contexts).map(|context| &**context).collect();
    let columns = store::measure::context_bytes(&contexts);
    if columns.is_empty() && !contexts.is_empty() {
        return Err(io::Error::other("contexts could not be told"));
    }
    for (name, bytes) in columns {
        let name: String = name.chars().filter(|char| *char == ' ' || char.is_ascii_alphanumeric()).collect();
        out.bytes(&format!("contexts-{}", name.replace(' ', "-")), "store", &bytes)?;
    }
    exits(stream, &contexts, batches, out)?;
    out.bytes("gaps", "msgpack", &joined(batches.iter().flat_map(|batch| &batch.gaps)))?;
    let provenance = batches.iter().flat_map(|batch| &batch.provenance).map(|found| &**found);
    out.bytes("provenance", "msgpack", &joined(provenance))
}

fn joined<T: Serialize>(all: impl Iterator<Item = T>) -> Vec<u8> {
    let mut out = Vec::new();
    for one in all {
        put(&mut out, &rmp_serde::to_vec(&one).unwrap_or_default());
    }
    out
}

/// By the latest context of the process, and its exit event.
fn exits(stream: &Stream<'_>, contexts: &[&Context], batches: &[Batch], out: &Out) -> io::Result<()> {
    let latest: HashMap<ProcessKey, u64> =
        contexts.iter().map(|context| (context.process, context.id)).collect();
    let ends = stream.events.iter().filter(|event| event.kind == Kind::Exit);
    let events: HashMap<u64, i64> = ends.map(|event| (event.context, event.time)).collect();
    let (mut whos, mut times, mut statuses, mut last) = (Vec::new(), Vec::new(), Vec::new(), 0_u64);
    for exit in batches.iter().flat_map(|batch| &batch.exits) {
        let id = latest.get(&exit.process).copied().unwrap_or(0);
        whos.push(zigzag(id.wrapping_sub(last).cast_signed()));
        times.push(zigzag(exit.time.wrapping_sub(events.get(&id).copied().unwrap_or(0))));
        statuses.push(exit.status.map_or(0, |status| u64::from(status) + 1));
        last = id;
    }
    out.numbers("exits-whos", "steps", &whos)?;
    out.numbers("exits-times", "steps", &times)?;
    out.numbers("exits-statuses", "whole", &statuses)
}
