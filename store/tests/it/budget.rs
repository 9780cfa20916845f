//! Questions on a budget: cut anywhere, the parts together are the whole answer.

use store::{Budget, Options, Order, Query, Store, Writer};

use crate::property::filter;
use crate::scenario::{Host, Random, dir};

/// The whole answer in parts of so many blocks, and how many parts that took.
fn in_parts(store: &Store, query: &Query, blocks: u64) -> (Vec<u64>, usize) {
    let mut query = query.clone();
    let (mut ids, mut parts) = (Vec::new(), 0);
    loop {
        let page = store.events_within(&query, &Budget::of_blocks(blocks)).unwrap();
        parts += 1;
        ids.extend(page.events.iter().map(|found| found.id));
        let Some(next) = page.next else { return (ids, parts) };
        let went_on = query.after.is_none_or(|after| match query.order {
            Order::Asc => next > after,
            Order::Desc => next < after,
        });
        assert!(went_on, "{query:?} stays at {next}");
        query.after = Some(next);
    }
}

#[test]
fn an_answer_in_parts_is_the_answer() {
    let dir = dir();
    let options =
        Options { segment_age: std::time::Duration::from_micros(40), boot: 7, ..Options::default() };
    let mut writer = Writer::open(dir.path(), options).unwrap();
    let (mut host, mut random) = (Host::new(5), Random(5));
    for _ in 0..24 {
        (0..100).for_each(|_| host.step());
        writer.append(&host.take()).unwrap();
    }
    writer.settle();
    let store = writer.reader();
    assert!(store.stats().segments.len() > 3, "{:?}", store.stats().segments);
    let mut cut = 0;
    for _ in 0..25 {
        let order = *random.pick(&[Order::Asc, Order::Desc]);
        let filter = filter(&mut random, &host);
        let query = Query { filter, order, limit: 1 + random.below(500) as usize, after: None };
        let (whole, pages) = in_parts(&store, &query, u64::MAX);
        for blocks in [0, 1, 3] {
            let (ids, parts) = in_parts(&store, &query, blocks);
            assert_eq!(ids, whole, "{query:?} in parts of {blocks}");
            cut += usize::from(parts > pages);
        }
    }
    assert!(cut > 10, "only {cut} answers were cut");
}
