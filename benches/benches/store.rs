//! Ingest, block encoding, and queries by pid and path; `TACHO_STREAM=FILE` runs them over a recorded stream.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use store::{Batch, Filter, Options, Order, PathPattern, Query, Store, Writer};

fn write(dir: &Path, batches: &[Batch], pack: bool) {
    let options = Options { pack, ..Options::default() };
    let mut writer = Writer::open(dir, options).unwrap();
    for batch in batches {
        writer.append(batch).unwrap();
    }
    writer.close().unwrap();
}

/// Packs what was written, and tells what it costs.
fn packed(dir: &Path) -> Store {
    let begun = Instant::now();
    let writer = Writer::open(dir, Options::default()).unwrap();
    writer.settle();
    let stats = writer.reader().stats();
    drop(writer);
    println!(
        "closed store: {} events, {} bytes, {:.2} bytes/event, packed in {:.1?}",
        stats.events,
        stats.bytes,
        stats.bytes_per_event.unwrap_or_default(),
        begun.elapsed()
    );
    Store::open(dir).unwrap()
}

fn ingest(criterion: &mut Criterion) {
    let (batches, source) = benches::stream().unwrap();
    let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
    println!("stream: {source}, {events} events in {} batches", batches.len());
    let mut group = criterion.benchmark_group("store");
    group.sample_size(10).throughput(Throughput::Elements(events as u64));
    group.bench_function("ingest", |bencher| {
        bencher.iter_with_large_drop(|| {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), &batches, false);
            dir
        });
    });
    group.finish();

    let refs: Vec<_> = batches.iter().flat_map(|batch| &batch.events).take(store::BLOCK_EVENTS).collect();
    let mut group = criterion.benchmark_group("block");
    group.throughput(Throughput::Elements(refs.len() as u64));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| black_box(store::measure::Block::of(&refs, None).bytes()));
    });
    group.finish();
}

fn query(criterion: &mut Criterion) {
    let (batches, _) = benches::stream().unwrap();
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &batches, false);
    let middle = &batches[batches.len() / 2];
    let pid = middle.contexts.last().map_or(1, |context| context.process.pid);
    let path = middle.events.iter().rev().find_map(|event| event.file.as_ref()).unwrap().path.clone();
    let prefix = format!("{}/**", path.rsplit_once('/').map_or("", |(dir, _)| dir));
    let asked = |filter| Query { filter, order: Order::Desc, limit: 100, after: None };
    let paths =
        |text: &str| asked(Filter { paths: vec![PathPattern::parse(text).unwrap()], ..Filter::default() });
    let queries = [
        ("by pid", asked(Filter { pids: vec![pid], ..Filter::default() })),
        ("by path", paths(&path)),
        ("by path prefix", paths(&prefix)),
        ("by path that is not there", paths("/nowhere/at/all")),
        ("newest 100", asked(Filter::default())),
    ];
    for (form, store) in [("closed", Store::open(dir.path()).unwrap()), ("packed", packed(dir.path()))] {
        let mut group = criterion.benchmark_group(format!("query {form}"));
        group.sample_size(20);
        for (name, query) in &queries {
            group.bench_function(*name, |bencher| bencher.iter(|| black_box(store.events(query).unwrap())));
        }
        group.bench_function("by pid, store opened anew", |bencher| {
            bencher.iter(|| black_box(Store::open(dir.path()).unwrap().events(&queries[0].1).unwrap()));
        });
        group.finish();
    }
}

criterion_group!(all, ingest, query);
criterion_main!(all);
