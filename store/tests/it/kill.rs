//! A writer that is killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use store::{Options, Query, Store, Writer, verify};

use crate::scenario::{Host, Random};

const VARIABLE: &str = "TACHO_TEST_STORE";

fn options() -> Options {
    Options { boot: 7, segment_age: Duration::from_millis(40), ..Options::default() }
}

/// What the killed process does; nothing in an ordinary run.
#[test]
fn writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(VARIABLE) else { return };
    let mut writer = Writer::open(dir.as_ref(), options()).unwrap();
    let mut host = Host::new(writer.next_event_id());
    host.next_context = writer.next_context_id();
    host.take();
    loop {
        (0..200).for_each(|_| host.step());
        let mut batch = host.take();
        batch.contexts.retain(|context| context.id >= writer.next_context_id());
        writer.append(&batch).unwrap();
        println!("committed {}", writer.next_event_id() - 1);
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn what_was_committed_survives_kill_nine() {
    let dir = crate::scenario::dir();
    let mut random = Random(11);
    for _ in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::writes_until_it_is_killed", "--nocapture"])
            .env(VARIABLE, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let committed =
            |line: String| line.split("committed ").nth(1).and_then(|n| n.trim().parse::<u64>().ok());
        let wait = 1 + random.below(30) as usize;
        let mut last = lines.by_ref().filter_map(committed).nth(wait).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        last = lines.filter_map(committed).last().unwrap_or(last);
        let store = Store::open(dir.path()).unwrap();
        assert!(store.stats().events >= last, "{} of {last}", store.stats().events);
        let newest =
            store.events(&Query { limit: 1, order: store::Order::Desc, ..Query::default() }).unwrap();
        assert_eq!(newest.events[0].id, store.stats().events);
        let report = verify(dir.path(), &mut |_| {}).unwrap();
        assert!(report.whole, "{report:?}");
    }
}
