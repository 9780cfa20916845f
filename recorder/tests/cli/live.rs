//! `tacho events -f`.

use std::{
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Stdio},
    sync::mpsc::{Receiver, channel},
};

use event::{Class, Detail, Gap, GapReason, Kind};
use query_api::{AppState, Listener, Role, app, bind_socket, serve};
use serde_json::Value;
use store::{Batch, Writer};
use tokio::{runtime::Runtime, sync::oneshot};

use crate::world::{SECOND, World, event, open, tacho};

/// A server of a store that is being written, as a recorder is one.
struct Server {
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    /// A message for each answer.
    answered: Receiver<()>,
}

impl Server {
    fn start(writer: &Writer, socket: &Path) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = {
            let _inside = runtime.enter();
            bind_socket(socket).unwrap()
        };
        let (answer, answered) = channel();
        let counted = move |response: axum::response::Response| {
            let _ = answer.send(());
            async { response }
        };
        let router = app(AppState::new(writer.reader(), Role::Recording))
            .layer(axum::middleware::map_response(counted));
        runtime.spawn(serve(vec![(Listener::Unix(listener), router)], async {
            let _ = stopped.await;
        }));
        Self { runtime, stop: Some(stop), answered }
    }

    fn wait_for_questions(&self, count: usize) {
        (0..count).for_each(|_| self.answered.recv().unwrap());
    }

    fn stop(mut self) {
        self.stop.take();
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(10));
    }
}

fn follow(socket: &Path, args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = tacho();
    command.args(["events", "-f"]).arg("--socket").arg(socket).args(args).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

fn unlink(writer: &mut Writer, seconds: i64, path: &str) {
    let event = event(seconds, Kind::Unlink, 5, Some(path), Detail::Unlink { flags: 0 });
    writer.append(&Batch { events: vec![event], ..Batch::default() }).unwrap();
}

#[test]
fn new_events_follow_the_newest_ones_without_hole_or_repetition_also_over_a_restart() {
    let world = World::new();
    let socket = world.dir.path().join("socket");
    let mut writer = open(world.dir.path());
    let server = Server::start(&writer, &socket);
    let (mut child, mut lines) = follow(&socket, &["--pid", "70", "-n", "2", "-o", "ndjson"]);
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["evt"]["name"], "open");
    let last = next();
    assert_eq!(last["evt"]["name"], "exit");
    assert!(last["tacho"].is_null(), "v5 by default");
    for number in 0..3 {
        unlink(&mut writer, 10, &format!("/a/{number}"));
        assert_eq!(next()["file"]["path"], format!("/a/{number}"));
    }
    server.stop();
    unlink(&mut writer, 11, "/while/away");
    let server = Server::start(&writer, &socket);
    assert_eq!(next()["file"]["path"], "/while/away");
    unlink(&mut writer, 12, "/again");
    assert_eq!(next()["file"]["path"], "/again");
    child.kill().unwrap();
    child.wait().unwrap();
    server.stop();
}

#[test]
fn what_came_while_away_is_told_also_if_nothing_was_before() {
    let world = World::new();
    let socket = world.dir.path().join("socket");
    let mut writer = open(world.dir.path());
    let server = Server::start(&writer, &socket);
    let (mut child, mut lines) = follow(&socket, &["--path", "/a/*,/b/*", "-o", "ndjson", "--schema", "v1"]);
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    // It has asked for the newest event when this one comes, and for nothing that fits.
    server.wait_for_questions(2);
    server.stop();
    unlink(&mut writer, 10, "/b/1");
    let server = Server::start(&writer, &socket);
    assert_eq!(next()["file"]["path"], "/b/1");
    child.kill().unwrap();
    child.wait().unwrap();
    server.stop();
}

#[test]
fn a_gap_is_told_in_line() {
    let world = World::new();
    let socket = world.dir.path().join("socket");
    let mut writer = open(world.dir.path());
    let server = Server::start(&writer, &socket);
    let (mut child, mut lines) = follow(&socket, &["--pid", "70", "-n", "1"]);
    let mut next = || lines.next().unwrap().unwrap();
    assert!(next().starts_with("TIME"));
    assert!(next().contains("status 3"));
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()).unwrap();
    let gap = Gap {
        from: now + 100 * SECOND,
        to: now + 101 * SECOND,
        class: Class::File,
        lost: Some(3),
        reason: GapReason::RingFull,
    };
    writer.append(&Batch { gaps: vec![gap], ..Batch::default() }).unwrap();
    let line = next();
    assert!(line.contains("-- gap: ") && line.contains("3 lost, ring_full"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    server.stop();
}
