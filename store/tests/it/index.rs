//! Indexes and filters: what they leave out is not there, and when they are damaged everything is looked at.

use std::collections::{HashMap, HashSet};

use event::ProcessKey;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use store::{Filter, Options, Order, PathPattern, Query, Store, Writer};

use crate::model::Model;
use crate::scenario::{Host, PATHS, dir};

/// A store of several blocks, some final, in one segment; the model that answers like it.
fn made(dir: &std::path::Path, batches: &[usize], pack: bool) -> (Model, Vec<ProcessKey>, Option<Writer>) {
    let options = Options { boot: 7, pack, ..Options::default() };
    let mut writer = Writer::open(dir, options.clone()).unwrap();
    let (mut host, mut model) = (Host::new(21), Model::default());
    for steps in batches {
        (0..*steps).for_each(|_| host.step());
        let batch = host.take();
        writer.append(&batch).unwrap();
        model.append(&batch);
    }
    let mut processes: Vec<_> = model.contexts.values().map(|context| context.process).collect();
    processes.dedup();
    if !pack {
        return (model, processes, Some(writer));
    }
    writer.close().unwrap();
    let writer = Writer::open(dir, options).unwrap();
    writer.settle();
    writer.close().unwrap();
    (model, processes, None)
}

fn filters(model: &Model, processes: &[ProcessKey]) -> Vec<Filter> {
    let mut filters = Vec::new();
    let globs = [
        "/home/**",
        "/home/u/*.c",
        "**/a.c",
        "/etc/**/passwd",
        "/usr/bin/m*",
        "/no/where/**",
        "**/none",
        "/*",
    ];
    for path in PATHS[..9].iter().chain(&globs).chain(&["/home/u", "/nowhere", "/usr/bin/", "/tmp/x/y"]) {
        let paths = vec![PathPattern::parse(path).unwrap()];
        filters.push(Filter { paths: paths.clone(), ..Filter::default() });
        filters.push(Filter { paths, pids: vec![3], ..Filter::default() });
    }
    for pid in [1, 4, 9, 10, 4_000_000] {
        filters.push(Filter { pids: vec![pid], ..Filter::default() });
        filters.push(Filter { pids: vec![pid, 2], processes: vec![processes[0]], ..Filter::default() });
    }
    for at in [0, 1, processes.len() / 3, processes.len() - 1] {
        let key = processes[at];
        for descendants in [false, true] {
            filters.push(Filter { processes: vec![key], descendants, ..Filter::default() });
        }
        let other = ProcessKey { start: key.start + 1, ..key };
        filters.push(Filter { processes: vec![other], descendants: true, ..Filter::default() });
    }
    for share in [0, 3, 7, 9] {
        let since = Some(model.events[model.events.len() * share / 10].1.time);
        let until = since.map(|since| since + 500);
        filters.push(Filter { since, until, ..Filter::default() });
        filters.push(Filter { since, comms: vec!["cc".to_owned()], ..Filter::default() });
        filters.push(Filter {
            until,
            exes: vec![PathPattern::parse("/usr/bin/c*").unwrap()],
            ..Filter::default()
        });
    }
    filters
}

fn ids(store: &Store, filter: &Filter, order: Order) -> Vec<u64> {
    let query = Query { filter: filter.clone(), order, limit: 30, after: None };
    let page = store.events(&query).unwrap();
    let mut ids: Vec<_> = page.events.iter().map(|found| found.id).collect();
    if page.next.is_some() {
        let page = store.events(&Query { after: page.next, ..query }).unwrap();
        ids.extend(page.events.iter().map(|found| found.id));
    }
    ids
}

/// The model walks up from each context, which takes it long; each filter is asked once of each of its contexts.
fn expected(model: &Model, filter: &Filter, order: Order) -> Vec<u64> {
    let plain = Filter {
        pids: vec![],
        ppids: vec![],
        processes: vec![],
        comms: vec![],
        exes: vec![],
        descendants: false,
        ..filter.clone()
    };
    let creators: HashMap<ProcessKey, Option<ProcessKey>> =
        model.contexts.values().map(|context| (context.process, context.creator)).collect();
    let descends = |key: ProcessKey| {
        let root = |key: &ProcessKey| filter.pids.contains(&key.pid) || filter.processes.contains(key);
        std::iter::successors(Some(key), |key| creators.get(key).copied().flatten()).any(|key| root(&key))
    };
    // The model is slow at descendants.
    let own = Filter { descendants: false, ..filter.clone() };
    let fit: HashSet<u64> = (model.contexts.values())
        .filter(|context| {
            if filter.descendants { descends(context.process) } else { model.context_fits(&own, context) }
        })
        .map(|context| context.id)
        .collect();
    let mut ids: Vec<u64> = (model.events.iter())
        .filter(|(_, event)| fit.contains(&event.context) && model.fits(&plain, event))
        .map(|(id, _)| *id)
        .collect();
    if order == Order::Desc {
        ids.reverse();
    }
    ids.truncate(60);
    ids
}

type Answers = Vec<(Filter, Order, Vec<u64>)>;

fn answers(model: &Model, processes: &[ProcessKey]) -> Answers {
    let asked = filters(model, processes)
        .into_iter()
        .flat_map(|filter| [(filter.clone(), Order::Asc), (filter, Order::Desc)]);
    asked.map(|(filter, order)| (filter.clone(), order, expected(model, &filter, order))).collect()
}

fn compare(store: &Store, answers: &Answers) {
    for (filter, order, expected) in answers {
        assert_eq!(ids(store, filter, *order), *expected, "{filter:?} {order:?}");
    }
}

#[test]
fn final_blocks_and_others_answer_as_the_model_does() {
    let dir = dir();
    let (model, processes, writer) = made(dir.path(), &[9300, 700, 60], false);
    let writer = writer.unwrap();
    let answers = answers(&model, &processes);
    compare(&writer.reader(), &answers);
    drop(writer);
    compare(&Store::open(dir.path()).unwrap(), &answers);
}

#[test]
fn packed_blocks_answer_as_the_model_does() {
    let dir = dir();
    let (model, processes, _) = made(dir.path(), &[900, 2000, 700, 60, 300, 20], true);
    compare(&Store::open(dir.path()).unwrap(), &answers(&model, &processes));
}

const PIECES: [TableDefinition<&[u8; 10], &[u8]>; 2] =
    [TableDefinition::new("index"), TableDefinition::new("filters")];

#[test]
fn a_damaged_index_loses_no_event() {
    let dir = dir();
    let (model, processes, _) = made(dir.path(), &[300, 50, 20, 9], true);
    let file = dir.path().join("segments/000000000001.redb");
    let whole = std::fs::read(&file).unwrap();
    let answers = answers(&model, &processes);
    // What is done to each row's value; `None` removes the row.
    type Change = fn(Vec<u8>) -> Option<Vec<u8>>;
    let changes: [Change; 4] = [
        |mut value| {
            let middle = value.len() / 2;
            value[middle] ^= 4;
            Some(value)
        },
        |value| Some(value[..value.len() - 1].to_vec()),
        |_| Some(Vec::new()),
        |_| None,
    ];
    for change in changes {
        for table in PIECES {
            let rows = {
                let database = Database::open(&file).unwrap();
                let read = database.begin_read().unwrap();
                read.open_table(table)
                    .unwrap()
                    .iter()
                    .unwrap()
                    .map(|row| *row.unwrap().0.value())
                    .collect::<Vec<_>>()
            };
            for row in rows {
                let database = Database::open(&file).unwrap();
                let write = database.begin_write().unwrap();
                {
                    let mut table = write.open_table(table).unwrap();
                    let value = table.remove(&row).unwrap().unwrap().value().to_vec();
                    if let Some(value) = change(value) {
                        table.insert(&row, value.as_slice()).unwrap();
                    }
                }
                write.commit().unwrap();
                drop(database);
                let store = Store::open(dir.path()).unwrap();
                compare(&store, &answers);
                let paths: Vec<_> = model.paths().into_iter().collect();
                assert_eq!(store.paths("", 10_000, None).unwrap(), paths);
                drop(store);
                std::fs::write(&file, &whole).unwrap();
            }
        }
    }
}
