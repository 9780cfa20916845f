//! Whatever is appended, however it is cut into commits, segments and runs: the store answers as the model does.

use std::time::Duration;

use event::{Category, Context, Kind, Outcome, ProcessKey};
use proptest::prelude::*;
use store::{
    Budget, Filter, Lineage, Options, Order, PathPattern, ProcessQuery, Query, SegmentState, Store, Writer,
    verify,
};

use crate::model::Model;
use crate::scenario::{Host, PATHS, Random, dir};

pub fn options(random: &mut Random) -> Options {
    Options {
        segment_age: if random.below(2) == 0 { Duration::ZERO } else { Duration::from_secs(9999) },
        boot: 7,
        pack: random.below(2) == 0,
        ..Options::default()
    }
}

pub fn filter(random: &mut Random, host: &Host) -> Filter {
    let mut filter = Filter::default();
    for _ in 0..random.below(3) {
        match random.below(17) {
            0 => filter.pids = vec![1 + random.below(9) as u32, 1 + random.below(9) as u32],
            1 => {
                filter.pids = vec![1 + random.below(9) as u32];
                filter.descendants = true;
            }
            2 => filter.ppids = vec![1 + random.below(9) as u32],
            3 => filter.tids = vec![1 + random.below(9) as u32],
            4 | 5 => {
                let exact = *random.pick(&PATHS[..9]);
                let pattern = *random.pick(&[
                    exact,
                    "/home/**",
                    "/home/u/*.c",
                    "**/a.c",
                    "/usr/bin/*",
                    "/etc/**/passwd",
                ]);
                filter.paths = vec![PathPattern::parse(pattern).unwrap()];
            }
            6 => filter.kinds = vec![*random.pick(&Kind::ALL), Kind::Open],
            7 => filter.categories = vec![*random.pick(&Category::ALL)],
            8 => filter.outcomes = vec![*random.pick(&Outcome::ALL)],
            9 => filter.uids = vec![random.below(3) as u32 * 500],
            10 => filter.comms = vec!["cc".to_owned()],
            11 => filter.exes = vec![PathPattern::parse("/usr/bin/m*").unwrap()],
            12 => filter.containers = vec!["c0ffee".to_owned()],
            14 => filter.ids = (0..9).map(|_| 1 + random.below(200)).collect(),
            15 => {
                let start = random.below(host.now as u64) * 10;
                filter.parents = (1..9).map(|pid| ProcessKey { boot: 7, start, pid }).collect();
                filter.parents.extend(host.somebody());
            }
            13 => filter.ports = vec![80, 81 + random.below(2) as u16],
            _ => {
                filter.since = Some(host.now - random.below(1 + host.now as u64 - 1_000_000) as i64);
                filter.until = Some(host.now - random.below(1 + host.now as u64 - 1_000_000) as i64);
            }
        }
    }
    filter
}

/// A lineage goes back to where there is no more.
pub fn complete(context: &Context, lineage: &Lineage) {
    let mut next = context.lineage;
    for ancestor in lineage.ancestors() {
        assert_eq!(Some(ancestor.context.id), next);
        next = ancestor.context.lineage;
    }
    assert_eq!(next, None);
    assert!(!lineage.truncated());
}

pub fn compare(store: &Store, model: &Model, random: &mut Random, host: &Host) {
    for _ in 0..20 {
        let order = if random.below(2) == 0 { Order::Asc } else { Order::Desc };
        let mut query =
            Query { filter: filter(random, host), order, limit: 1 + random.below(40) as usize, after: None };
        for _ in 0..4 {
            // As many threads as it likes, or always several.
            let budget = match random.below(2) {
                0 => Budget::unlimited(),
                _ => Budget::unlimited().with_threads(1 + random.below(4) as usize),
            };
            let page = store.events_within(&query, &budget).unwrap();
            let (expected, next) = model.events(&query);
            let found: Vec<_> = page.events.iter().map(|found| (found.id, found.event.clone())).collect();
            assert_eq!(found, expected, "{query:?}");
            assert_eq!(page.next, next, "{query:?}");
            for found in &page.events {
                let context = &model.contexts[&found.event.context];
                assert_eq!(found.context, *context);
                assert_eq!(
                    found.lineage.image().map(|image| image.executable.path.clone()),
                    model.exe(context)
                );
                complete(context, &found.lineage);
                let other = found.event.detail.other().map(|id| &model.contexts[&id]);
                assert_eq!(found.other.as_ref().map(|other| &other.context), other);
                if let Some(other) = &found.other {
                    complete(&other.context, &other.lineage);
                }
            }
            let Some(next) = next else { break };
            query.after = Some(next);
        }
    }
    let paths: Vec<_> = model.paths().into_iter().collect();
    assert_eq!(store.paths("", 1000, None).unwrap(), paths);
    let first: Vec<_> = paths.iter().filter(|(path, _)| path.starts_with("/home")).take(2).cloned().collect();
    assert_eq!(store.paths("/home", 2, None).unwrap(), first);
    for _ in 0..5 {
        let mut filter = filter(random, host);
        (filter.since, filter.until) = (None, None);
        let at =
            (random.below(2) == 0).then(|| host.now - random.below(1 + host.now as u64 - 1_000_000) as i64);
        // Of an earlier boot nobody lives on, but when such a process ended is not known.
        let known = |key: &ProcessKey| at.is_none() || key.boot == host.boot || model.exits.contains_key(key);
        let mut expected = model.processes(&filter, at);
        expected.retain(known);
        let mut query = ProcessQuery { filter, at, limit: 3, after: None };
        let blocks = *random.pick(&[0, u64::MAX]);
        let mut found = Vec::new();
        loop {
            let page = store.processes_within(&query, &Budget::of_blocks(blocks)).unwrap();
            assert!(page.processes.len() <= 3);
            found.extend(page.processes.into_iter().filter(|process| known(&process.key)));
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(found.iter().map(|process| process.key).collect::<Vec<_>>(), expected, "{query:?}");
        for process in found {
            assert_eq!(process.exit, model.exits.get(&process.key).copied());
            let contexts: Vec<_> =
                model.contexts.values().filter(|c| c.process == process.key).cloned().collect();
            assert_eq!(process.contexts, contexts);
        }
    }
    assert_eq!(store.stats().events, model.events.len() as u64);
}

fn run(seed: u64) {
    let dir = dir();
    let mut random = Random(seed);
    let mut host = Host::new(seed);
    let mut model = Model::default();
    let mut writer = Writer::open(dir.path(), options(&mut random)).unwrap();
    for _ in 0..=random.below(25) {
        for _ in 0..random.below(60) {
            host.step();
        }
        let batch = host.take();
        assert_eq!(writer.next_event_id(), model.behind.max(1));
        writer.append(&batch).unwrap();
        model.append(&batch);
        match random.below(8) {
            0 => {
                if random.below(2) == 0 {
                    writer.close().unwrap();
                } else {
                    drop(writer);
                }
                if random.below(2) == 0 {
                    compare(&Store::open(dir.path()).unwrap(), &model, &mut random, &host);
                }
                writer = Writer::open(dir.path(), options(&mut random)).unwrap();
                assert_eq!(writer.next_context_id(), host.next_context);
            }
            1 => compare(&writer.reader(), &model, &mut random, &host),
            2 => writer.settle(),
            3 => {
                let segments = writer.reader().stats().segments;
                let place = random.below(1 + segments.len() as u64) as usize;
                if let Some(segment) = segments.get(place).filter(|one| one.state != SegmentState::Open) {
                    writer.thin(segment.number);
                    writer.settle();
                    let after = writer.reader().stats().segments;
                    if after[place].state == SegmentState::Thinned {
                        model.thin(segment.ids[0]..segment.ids[1]);
                    }
                }
            }
            _ => {}
        }
    }
    compare(&writer.reader(), &model, &mut random, &host);
    writer.close().unwrap();
    let store = Store::open(dir.path()).unwrap();
    compare(&store, &model, &mut random, &host);
    assert!(store.gaps(None, None, &[]).len() <= model.gaps);
    let report = verify(dir.path(), &mut |_| {}).unwrap();
    assert!(report.whole, "{report:?}");
    assert_eq!(report.events, model.events.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_store_answers_as_the_model_does(seed in any::<u64>()) {
        run(seed);
    }
}

/// A signal to a process that ended before the writer's last start: the segment that carries it over for the signal's
/// sake must tell its end too.
#[test]
fn who_is_named_again_after_a_restart_is_not_alive_again() {
    run(7_162_217_132_303_523_177);
}
