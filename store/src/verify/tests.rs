//! An index that leaves something out, in a segment whose hashes are right, is found.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event::{Context, Detail, Event, File, Kind, ProcessKey};
use redb::{Database, ReadableDatabase as _, ReadableTable as _};

use super::{Verification, verify, verify_with};
use crate::block::Zone;
use crate::index::{PATHS, PIDS, TREE};
use crate::segment::digest::digest;
use crate::segment::file::{self, facts};
use crate::segment::meta::Closed;
use crate::segment::tables::{FILTERS, INDEX, PieceKey, Pieces, ZONES, piece_key};
use crate::sign::Signed;
use crate::writer::tests::context as one_state;
use crate::{Batch, Options, Writer};

fn context(id: u64, pid: u32) -> Arc<Context> {
    Arc::new(Context { process: ProcessKey { boot: 7, start: 1, pid }, ..one_state(id) })
}

/// A segment with a block and more of events of two processes, of which the third is of context `who` and path `path`; its
/// file.
pub(crate) fn segment(dir: &Path, pack: bool, who: u64, pid: u32, path: &str) -> PathBuf {
    let options = Options { boot: 7, segment_age: Duration::ZERO, pack, ..Options::default() };
    let mut writer = Writer::open(dir, Options { pack: false, ..options.clone() }).unwrap();
    let event = |time: i64, context, path: &str| Event {
        time,
        kind: Kind::Open,
        context,
        tid: 1,
        retval: 3,
        flags: 0,
        file: Some(File { path: path.to_owned(), ..File::default() }),
        destination: None,
        detail: Detail::Open { flags: 0, mode: 0 },
    };
    let mut events = vec![event(1, 1, "/a"), event(2, 1, "/b"), event(3, who, path)];
    events.extend((4..20_000).map(|time| event(time, 1, "/a")));
    let contexts = vec![context(1, 100), context(2, pid)];
    writer.append(&Batch { contexts, events, ..Batch::default() }).unwrap();
    writer.close().unwrap();
    // Packed after the next start, if at all.
    let writer = Writer::open(dir, options).unwrap();
    writer.settle();
    writer.close().unwrap();
    dir.join("segments").join(file::name(1))
}

/// Puts the values of a table that have some numbers, of another file, in place of a file's own.
fn transplant(to: &Path, from: &Path, table: Pieces, numbers: &[u64]) {
    let (from, to) = (Database::open(from).unwrap(), Database::open(to).unwrap());
    let from = from.begin_read().unwrap().open_table(table).unwrap();
    let write = to.begin_write().unwrap();
    {
        let mut to = write.open_table(table).unwrap();
        for number in numbers {
            let (first, last) = (piece_key(*number, 0), piece_key(*number, u16::MAX));
            to.retain_in::<&PieceKey, _>(&first..=&last, |_, _| false).unwrap();
            for row in from.range::<&PieceKey>(&first..=&last).unwrap() {
                let (key, value) = row.unwrap();
                to.insert(key.value(), value.value()).unwrap();
            }
        }
    }
    write.commit().unwrap();
}

/// Closes a segment again, with the digest of what is in it now.
fn close_again(path: &Path) {
    let database = Database::open(path).unwrap();
    let (format, head, closed) = facts(&database).unwrap();
    let totals = closed.unwrap().totals;
    let read = database.begin_read().unwrap();
    let last = {
        let zones = read.open_table(ZONES).unwrap();
        let (key, value) = zones.last().unwrap().unwrap();
        Zone::decode(format, u64::from_be_bytes(*key.value()), value.value()).unwrap().hash
    };
    let digest = digest(format, &read, &head, &totals, &last).unwrap();
    let origin = file::origin(&read).unwrap();
    drop(read);
    let write = database.begin_write().unwrap();
    let signed = Signed { format, head: &head, digest: &digest, origin: origin.as_ref() };
    signed.close(&write, &Closed { totals, digest }, None).unwrap();
    write.commit().unwrap();
}

/// What the quick and the deep check say of a segment of which values of a table come from another one.
fn checked(pack: bool, like: (u64, u32, &str), table: Pieces, numbers: &[u64]) -> (bool, Option<String>) {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = segment(dir.path(), pack, 2, 200, "/c");
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole, "it was whole");
    transplant(&path, &segment(other.path(), pack, like.0, like.1, like.2), table, numbers);
    close_again(&path);
    let quick = Verification::default();
    let quick = verify_with(dir.path(), &quick, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let deep = verify(dir.path(), &mut |_| {}).unwrap();
    assert_eq!(deep.whole, deep.segments[0].problem.is_none());
    (quick.whole, deep.segments[0].problem.clone())
}

#[test]
fn an_index_that_leaves_out_a_path_is_found() {
    let (hashed, problem) = checked(true, (2, 200, "/b"), INDEX, &[PATHS, PATHS + 1]);
    assert!(hashed && problem.as_ref().is_some_and(|problem| problem.contains("paths")), "{problem:?}");
}

#[test]
fn an_index_that_leaves_out_a_process_is_found() {
    let (hashed, problem) = checked(true, (2, 100, "/c"), INDEX, &[PIDS, PIDS + 1]);
    assert!(hashed && problem.as_ref().is_some_and(|problem| problem.contains("processes")), "{problem:?}");
}

#[test]
fn an_index_that_leaves_out_a_process_s_blocks_is_found() {
    let (hashed, problem) = checked(true, (1, 200, "/c"), INDEX, &[TREE]);
    assert!(hashed && problem.as_ref().is_some_and(|problem| problem.contains("descendants")), "{problem:?}");
}

#[test]
fn a_filter_that_leaves_out_a_path_is_found() {
    let (hashed, problem) = checked(true, (2, 200, "/b"), FILTERS, &[0, 1]);
    assert!(hashed && problem.as_ref().is_some_and(|problem| problem.contains("filter")), "{problem:?}");
}

#[test]
fn a_block_s_filter_that_leaves_out_a_path_is_found() {
    let (hashed, problem) = checked(false, (2, 200, "/b"), FILTERS, &[0, 1]);
    assert!(hashed && problem.as_ref().is_some_and(|problem| problem.contains("filter")), "{problem:?}");
}
