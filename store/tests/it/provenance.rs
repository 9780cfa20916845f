//! What is found out about executables after they ran.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event::{
    Context, Credentials, Detail, Event, File, FileFacts, FileIdentity, HashState, Image, ImageRef, Kind,
    Package, ProcessKey, Provenance, Source,
};
use store::{Batch, Options, ProcessQuery, Query, Store, Writer, verify};

use crate::scenario::dir;

const PROGRAM: FileIdentity = FileIdentity { inode: 70, mtime: 5, ctime: 6, mount: 0 };

fn options(segment_age: Duration) -> Options {
    Options { boot: 7, segment_age, pack: false, ..Options::default() }
}

fn learned(state: HashState) -> Arc<Provenance> {
    let done = state == HashState::Done;
    Arc::new(Provenance {
        file: PROGRAM,
        state,
        sha256: done.then_some([9; 32]),
        package: done.then(|| Package { name: "tool".to_owned(), version: "1:2-3".to_owned() }),
    })
}

/// An exec of the program by a new process, and its context.
fn exec(id: u64) -> Batch {
    let facts = FileFacts {
        inode: PROGRAM.inode,
        mtime: PROGRAM.mtime,
        ctime: PROGRAM.ctime,
        ..FileFacts::default()
    };
    let executable = File { path: "/usr/bin/tool".to_owned(), facts: Some(facts), ..File::default() };
    let context = Context {
        id,
        process: ProcessKey { boot: 7, start: id, pid: id as u32 },
        lineage: None,
        creator: None,
        ppid: 1,
        since: id as i64,
        fork_time: id as i64,
        exec_time: id as i64,
        comm: "tool".to_owned(),
        tty: String::new(),
        image: ImageRef::Own(Arc::new(Image { executable, ..Image::default() })),
        credentials: Credentials::default(),
        container: None,
        cgroup: String::new(),
        source: Source::Event,
        flags: 0,
    };
    Batch { contexts: vec![Arc::new(context)], events: vec![event(id)], ..Batch::default() }
}

fn event(context: u64) -> Event {
    Event {
        time: context as i64,
        kind: Kind::Exec,
        context,
        tid: 1,
        retval: 0,
        flags: 0,
        file: None,
        destination: None,
        detail: Detail::None,
    }
}

/// What readers are told of each event's executable.
fn told(store: &Store) -> Vec<Option<HashState>> {
    let page = store.events(&Query { limit: 1000, ..Query::default() }).unwrap();
    page.events
        .iter()
        .map(|found| found.lineage.image()?.executable.provenance.as_ref().map(|known| known.state))
        .collect()
}

fn alone(store: &Path, number: u64) -> Store {
    let copy = dir();
    let name = format!("{number:012}.redb");
    std::fs::copy(store.join("segments").join(&name), copy.path().join(&name)).unwrap();
    Store::open(&copy.path().join(name)).unwrap()
}

#[test]
fn what_is_found_out_later_is_told_of_the_event_before() {
    let dir = dir();
    let mut writer = Writer::open(dir.path(), options(Duration::from_hours(1))).unwrap();
    let reader = writer.reader();
    writer.append(&exec(1)).unwrap();
    assert_eq!(told(&reader), [None]);
    for state in [HashState::HashWasRateLimited, HashState::Done] {
        writer.append(&Batch { provenance: vec![learned(state)], ..Batch::default() }).unwrap();
        assert_eq!(told(&reader), [Some(state)]);
    }
    let processes =
        reader.processes(&ProcessQuery { limit: 10, ..ProcessQuery::default() }).unwrap().processes;
    assert_eq!(processes[0].images[0].image.executable.provenance, Some(learned(HashState::Done)));
}

#[test]
fn each_segment_tells_of_the_executables_of_its_own_and_carried_contexts() {
    let dir = dir();
    // Every append begins a segment.
    let mut writer = Writer::open(dir.path(), options(Duration::ZERO)).unwrap();
    let mut first = exec(1);
    first.provenance.push(learned(HashState::Done));
    writer.append(&first).unwrap();
    // An event of the living process, and a new process of a program that is known already.
    writer.append(&Batch { events: vec![event(1)], ..Batch::default() }).unwrap();
    writer.append(&exec(2)).unwrap();
    writer.close().unwrap();
    for number in 1..=3 {
        assert_eq!(told(&alone(dir.path(), number)), [Some(HashState::Done)], "segment {number}");
    }
    // After a restart too.
    let mut writer = Writer::open(dir.path(), options(Duration::ZERO)).unwrap();
    writer.append(&exec(3)).unwrap();
    writer.close().unwrap();
    assert_eq!(told(&alone(dir.path(), 4)), [Some(HashState::Done)]);
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
}

#[test]
fn a_segment_that_ended_before_is_completed_by_the_next() {
    let dir = dir();
    let mut writer = Writer::open(dir.path(), options(Duration::ZERO)).unwrap();
    writer.append(&exec(1)).unwrap();
    writer.append(&Batch { provenance: vec![learned(HashState::Done)], ..Batch::default() }).unwrap();
    writer.close().unwrap();
    assert_eq!(told(&Store::open(dir.path()).unwrap()), [Some(HashState::Done)]);
    assert_eq!(told(&alone(dir.path(), 1)), [None]);
}

#[test]
fn packing_keeps_it_and_verify_tells_a_change() {
    let dir = dir();
    let mut writer = Writer::open(dir.path(), Options { pack: true, ..options(Duration::ZERO) }).unwrap();
    let mut first = exec(1);
    first.provenance.push(learned(HashState::Done));
    writer.append(&first).unwrap();
    writer.append(&exec(2)).unwrap();
    writer.settle();
    writer.close().unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.stats().segments[0].state, store::SegmentState::Packed);
    assert_eq!(told(&store), [Some(HashState::Done); 2]);
    drop(store);
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
    forget(&dir.path().join("segments/000000000001.redb"));
    assert!(!verify(dir.path(), &mut |_| {}).unwrap().whole);
}

#[test]
fn a_segment_of_before_there_was_such_a_table_is_read() {
    let dir = dir();
    let mut writer = Writer::open(dir.path(), options(Duration::ZERO)).unwrap();
    writer.append(&exec(1)).unwrap();
    writer.close().unwrap();
    forget(&dir.path().join("segments/000000000001.redb"));
    assert_eq!(told(&Store::open(dir.path()).unwrap()), [None]);
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
    let mut writer = Writer::open(dir.path(), Options { pack: true, ..options(Duration::ZERO) }).unwrap();
    writer.append(&exec(2)).unwrap();
    writer.settle();
    writer.close().unwrap();
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
}

/// Takes the table out of a segment's file.
fn forget(file: &Path) {
    const TABLE: redb::TableDefinition<&[u8; 10], &[u8]> = redb::TableDefinition::new("provenance");
    let database = redb::Database::open(file).unwrap();
    let write = database.begin_write().unwrap();
    assert!(write.delete_table(TABLE).unwrap());
    write.commit().unwrap();
}
