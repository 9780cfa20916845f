//! Blocks by themselves: bytes of each column, encoding in both forms, decoding, filtered scans. `TACHO_STREAM=FILE` runs
//! it over a recorded stream.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event::{Event, Kind};
use store::measure::{Block, Clock};

/// Level of zstd of packed blocks.
const LEVEL: i32 = 19;

/// Prints bytes an event, column by column.
fn report(events: &[&Event], size: usize, level: Option<i32>) {
    let mut sums: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    let (mut total, mut clock) = (0, Clock::default());
    for events in events.chunks(size) {
        let block = level.map_or_else(|| Block::open(events, &mut clock), |_| Block::of(events, level));
        total += block.bytes();
        for (name, unpacked, stored) in block.columns() {
            let sum = sums.entry(name).or_default();
            sum.0 += unpacked;
            sum.1 += stored;
        }
    }
    let count = events.len() as f64;
    println!("blocks of {size} events, {level:?}: {:.3} bytes an event", total as f64 / count);
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, (_, stored))| std::cmp::Reverse(*stored));
    for (name, (unpacked, stored)) in sums.into_iter().filter(|(_, (_, stored))| *stored > events.len() / 200)
    {
        println!("  {name:24} {:8.3} of {:8.3}", stored as f64 / count, unpacked as f64 / count);
    }
}

fn blocks(criterion: &mut Criterion) {
    let (batches, source) = benches::stream().unwrap();
    let events: Vec<&Event> = batches.iter().flat_map(|batch| &batch.events).collect();
    println!("stream: {source}, {} events", events.len());
    report(&events, store::BLOCK_EVENTS, None);
    report(&events, store::BLOCK_EVENTS, Some(LEVEL));
    report(&events, store::PACKED_BLOCK_EVENTS, Some(LEVEL));

    let open: Vec<&[&Event]> = events.chunks(store::BLOCK_EVENTS).take(8).collect();
    let count: usize = open.iter().map(|events| events.len()).sum();
    let mut group = criterion.benchmark_group("block");
    group.sample_size(10).throughput(Throughput::Elements(count as u64));
    group.bench_function("encode, open form", |bencher| {
        let mut clock = Clock::default();
        bencher.iter(|| open.iter().map(|events| Block::open(events, &mut clock).bytes()).sum::<usize>());
    });
    let prefix = events.iter().rev().find_map(|event| event.file.as_ref()).map_or("/", |file| &file.path);
    let prefix = prefix.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let packed: Vec<&[&Event]> = events.chunks(store::PACKED_BLOCK_EVENTS).take(1).collect();
    for (form, blocks, level) in [("open", &open, None), ("packed", &packed, Some(LEVEL))] {
        let blocks: Vec<Block> = blocks.iter().map(|events| Block::of(events, level)).collect();
        let count: usize = blocks.iter().map(|block| block.decode().unwrap() / 4).sum();
        group.throughput(Throughput::Elements(count as u64));
        let mut bench = |name: &str, work: &dyn Fn(&Block)| {
            group.bench_function(format!("{name}, {form} form"), |bencher| {
                bencher.iter(|| blocks.iter().for_each(work));
            });
        };
        bench("scan by kind", &|block| {
            black_box(block.count(Kind::Unlink).unwrap());
        });
        bench("scan by path", &|block| {
            black_box(block.count_below(prefix).unwrap());
        });
        bench("decode columns", &|block| {
            black_box(block.decode().unwrap());
        });
        bench("decode events", &|block| {
            black_box(block.events().unwrap());
        });
    }
    group.finish();
}

criterion_group!(all, blocks);
criterion_main!(all);
