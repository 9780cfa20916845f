//! A file system that is full, for real.

use std::path::Path;
use std::process::Command;

use store::{AppendError, Options, Order, Query, Store, Writer, verify};

use crate::retention::noisy;
use crate::scenario::Host;

/// A small file system of its own, gone with the test.
pub struct Small(tempfile::TempDir);

impl Small {
    /// `None` where it cannot be mounted.
    pub fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=0700");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tacho"]).arg(dir.path()).output();
        if done.is_ok_and(|done| done.status.success()) {
            return Some(Self(dir));
        }
        eprintln!("SKIPPED: mounting a small file system needs root");
        None
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn a_full_file_system_costs_what_did_not_fit_and_recording_goes_on_when_there_is_room() {
    let Some(small) = Small::mount("8m") else { return };
    let ballast = small.path().join("ballast");
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    let (mut host, mut noise) = (Host::new(3), 0);
    for round in 0..2 {
        let dir = small.path().join(format!("store{round}"));
        // Packing takes part: it has no room either.
        let options = Options { boot: 7, segment_size: 1 << 20, pack: round == 1, ..Options::default() };
        let mut writer = Writer::open(&dir, options.clone()).unwrap();
        let (mut acknowledged, mut refused) = (0, 0);
        while refused < 5 {
            let batch = noisy(&mut host, 300, &mut noise);
            match writer.append(&batch) {
                Ok(appended) => {
                    assert_eq!(refused, 0, "there is no room");
                    assert_eq!(appended.first_event, acknowledged + 1);
                    acknowledged += appended.events;
                }
                Err(AppendError::Full { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(acknowledged < 1_000_000, "it is never full");
        }
        assert!(acknowledged > 0);
        let newest = Query { limit: 1, order: Order::Desc, ..Query::default() };
        assert_eq!(writer.reader().events(&newest).unwrap().events[0].id, acknowledged);
        std::fs::remove_file(&ballast).unwrap();
        let appended = writer.append(&noisy(&mut host, 300, &mut noise)).unwrap();
        assert_eq!(appended.first_event, acknowledged + 1);
        acknowledged += appended.events;
        writer.close().unwrap();
        let store = Store::open(&dir).unwrap();
        assert_eq!(store.stats().events, acknowledged);
        let report = verify(&dir, &mut |_| {}).unwrap();
        assert!(report.whole && report.events == acknowledged, "{report:?}");
        drop(store);
        std::fs::remove_dir_all(&dir).unwrap();
        std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    }
}

#[test]
fn room_is_left_on_a_real_file_system() {
    let Some(small) = Small::mount("16m") else { return };
    let (mut host, mut noise) = (Host::new(3), 0);
    let options =
        Options { boot: 7, segment_size: 1 << 20, min_free: 1 << 30, pack: false, ..Options::default() };
    let mut writer = Writer::open(&small.path().join("store"), options).unwrap();
    // A tenth of it is what is left free at most; the file that is being written is not counted ahead.
    while writer.reader().stats().retention.unwrap().removed_for_free < 2 {
        writer.append(&noisy(&mut host, 300, &mut noise)).unwrap();
    }
    let gaps = writer.reader().gaps(None, None, &[]);
    let lost: u64 =
        gaps.iter().filter(|gap| gap.reason == event::GapReason::Evicted).filter_map(|g| g.lost).sum();
    assert_eq!(writer.reader().stats().events + lost, writer.next_event_id() - 1);
}
