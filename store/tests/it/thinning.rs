//! Segments of which only the lifecycle of processes is left.

use event::{Class, GapReason};
use store::{Options, SegmentState, Store, Writer, verify};

use crate::model::Model;
use crate::property::compare;
use crate::retention::{self, CAP, bytes, noisy};
use crate::scenario::{Host, Random, dir};

/// Some segments with all kinds of events.
fn filled(writer: &mut Writer, host: &mut Host, model: &mut Model, segments: usize) {
    for _ in 0..segments {
        (0..400).for_each(|_| host.step());
        let batch = host.take();
        writer.append(&batch).unwrap();
        model.append(&batch);
    }
}

fn options() -> Options {
    Options { boot: 7, segment_age: std::time::Duration::ZERO, ..Options::default() }
}

/// What gaps of a class say that was removed.
fn lost(store: &Store, class: Class) -> u64 {
    let gaps = store.gaps(None, None, &[]);
    let of_class = |gap: &&event::Gap| gap.class == class && gap.reason == GapReason::Evicted;
    gaps.iter().filter(of_class).map(|gap| gap.lost.unwrap()).sum()
}

#[test]
fn a_thinned_segment_has_its_lifecycle_under_the_old_ids_and_tells_what_it_lost() {
    let dir = dir();
    let (mut host, mut model, mut random) = (Host::new(5), Model::default(), Random(9));
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    filled(&mut writer, &mut host, &mut model, 4);
    let whole = model.clone();
    for number in [2, 1] {
        writer.thin(number);
        writer.settle();
        let segments = writer.reader().stats().segments;
        let segment = segments.iter().find(|segment| segment.number == number).unwrap();
        assert_eq!(segment.state, SegmentState::Thinned);
        model.thin(segment.ids[0]..segment.ids[1]);
        compare(&writer.reader(), &model, &mut random, &host);
    }
    let check = |store: &Store| {
        for class in [Class::File, Class::Network, Class::Kernel] {
            let of = |model: &Model| {
                model.events.iter().filter(|(_, event)| event.kind.class() == class).count() as u64
            };
            assert!(of(&whole) > of(&model));
            assert_eq!(lost(store, class), of(&whole) - of(&model), "{class:?}");
        }
        assert_eq!((lost(store, Class::Process), lost(store, Class::All)), (0, 0));
        let process = store.gaps(None, None, &[Class::Process]);
        assert!(process.iter().all(|gap| gap.reason != GapReason::Evicted), "{process:?}");
    };
    check(&writer.reader());
    assert_eq!(writer.reader().stats().retention.unwrap().thinned, 2);
    writer.close().unwrap();
    let store = Store::open(dir.path()).unwrap();
    check(&store);
    compare(&store, &model, &mut random, &host);
    let report = verify(dir.path(), &mut |_| {}).unwrap();
    assert!(report.whole, "{report:?}");
    // Ids go on where they were, whatever was thinned.
    let writer = Writer::open(dir.path(), options()).unwrap();
    assert_eq!(writer.next_event_id(), model.behind);
    writer.close().unwrap();
    let last = 1 + store.stats().segments.last().unwrap().number;
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    (last..last + 2).for_each(|number| writer.thin(number - 1));
    writer.settle();
    filled(&mut writer, &mut host, &mut model, 1);
    assert_eq!(writer.next_event_id(), model.behind);
}

#[test]
fn when_room_gets_short_the_oldest_are_thinned_and_the_cap_holds() {
    let dir = dir();
    let (mut host, mut noise) = (Host::new(3), 0);
    let options = Options { keep_lifecycle: Some(512 << 10), pack: true, ..retention::options() };
    let mut writer = Writer::open(dir.path(), options).unwrap();
    let reader = writer.reader();
    let mut most = 0;
    while reader.stats().retention.unwrap().thinned < 4 || reader.stats().segments[0].number < 2 {
        writer.append(&noisy(&mut host, 500, &mut noise)).unwrap();
        assert!(bytes(dir.path()) <= CAP, "{} bytes", bytes(dir.path()));
        // Else this test is faster than the background, and segments would be removed whole.
        writer.settle();
        let stats = reader.stats();
        most = most.max(stats.segments.iter().filter(|one| one.state == SegmentState::Thinned).count());
        let whole = stats.segments.iter().position(|one| one.state != SegmentState::Thinned);
        let place = whole.unwrap_or(stats.segments.len());
        assert!(
            stats.segments[place..].iter().all(|one| one.state != SegmentState::Thinned),
            "thinned ones are the oldest: {stats:?}"
        );
        // What is over the budget goes with the next append.
        assert!(stats.thinned_bytes <= 768 << 10, "{stats:?}");
    }
    assert!(most > 1, "{most}");
    let stats = reader.stats();
    let lost: u64 = [Class::All, Class::File, Class::Network, Class::Kernel]
        .into_iter()
        .map(|class| lost(&reader, class))
        .sum();
    assert_eq!(stats.events + lost, writer.next_event_id() - 1);
    writer.close().unwrap();
    assert!(verify(dir.path(), &mut |_| {}).unwrap().whole);
}

#[test]
fn a_pinned_segment_is_not_thinned() {
    let dir = dir();
    let (mut host, mut model) = (Host::new(5), Model::default());
    let mut writer = Writer::open(dir.path(), options()).unwrap();
    filled(&mut writer, &mut host, &mut model, 3);
    writer.settle();
    let segment = writer.reader().stats().segments[0].clone();
    writer.reader().pin("a", segment.first.unwrap(), segment.first.unwrap() + 1, i64::MAX).unwrap();
    writer.thin(1);
    writer.settle();
    assert_eq!(writer.reader().stats().segments[0].state, SegmentState::Packed);
    writer.reader().unpin("a").unwrap();
    writer.thin(1);
    writer.settle();
    assert_eq!(writer.reader().stats().segments[0].state, SegmentState::Thinned);
}
