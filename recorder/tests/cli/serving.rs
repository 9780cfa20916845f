//! `serve` as a process: what it has given up, and what it still does.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use redb::{Database, ReadableTable as _, TableDefinition};

use crate::world::{World, both, opens, tacho};

/// A server of a world, killed at the end.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(world: &World) -> Self {
        let mut command = world.verb("serve");
        let mut child = command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let (_, rest) = line.split_once("http://")?;
            Some(format!("http://{}", rest.split('/').next().unwrap()))
        });
        // What it says later is nobody's, but must have a place to go.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.unwrap() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn no_thread_of_a_server_keeps_a_capability_or_can_get_one() {
    let world = World::new();
    let server = Server::start(&world);
    // It answers, so all its threads are there.
    let output = tacho().args(["events", "-n", "1", "--url", &server.url]).output().unwrap();
    assert!(both(&output).contains("token"), "{}", both(&output));
    let tasks = fs::read_dir(format!("/proc/{}/task", server.child.id())).unwrap();
    let mut count = 0;
    for task in tasks {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        for sets in ["CapEff:", "CapPrm:", "CapInh:", "CapBnd:", "CapAmb:"] {
            // The bounding set of one without privileges is what it was given.
            if sets == "CapBnd:" && !rustix::process::geteuid().is_root() {
                continue;
            }
            assert_eq!(u64::from_str_radix(&field(sets), 16), Ok(0), "{sets}");
        }
        assert_eq!(field("NoNewPrivs:"), "1");
        count += 1;
    }
    assert!(count > 2, "{count} threads");
}

#[test]
fn a_new_token_counts_at_once_and_who_asked_is_logged() {
    let world = World::new();
    let server = Server::start(&world);
    let said = |args: &[&str]| {
        let output = tacho().args(args).arg("--store").arg(world.dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let ask = |token: &str| {
        let mut command = tacho();
        command.args(["events", "-n", "1", "--url", &server.url]).env("TACHO_TOKEN", token);
        command.output().unwrap().status.success()
    };
    let old = said(&["token"]);
    assert!(ask(&old));
    let new = said(&["token", "--rotate"]);
    assert_ne!(old, new);
    assert!(!ask(&old) && ask(&new));
    let log = fs::read_to_string(world.dir.path().join("audit.log")).unwrap();
    let by: Vec<_> = log
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["by"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(by, ["token", "nobody", "token"], "{log}");
    assert!(!log.contains(&old) && !log.contains(&new));
}

/// Flips a bit in the middle of a segment's last block.
fn damage(file: &Path) {
    const BLOCKS: TableDefinition<&[u8; 10], &[u8]> = TableDefinition::new("blocks");
    let database = Database::open(file).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut table = write.open_table(BLOCKS).unwrap();
        let (key, mut value) =
            table.last().unwrap().map(|(key, value)| (*key.value(), value.value().to_vec())).unwrap();
        let middle = value.len() / 2;
        value[middle] ^= 1;
        table.insert(&key, value.as_slice()).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn a_bad_block_is_named_and_a_server_goes_on_without_it_and_marks_the_gap() {
    let world = World::new();
    for files in [300, 30] {
        world.append(&|id| opens(id, files));
    }
    let events = |text: &[u8]| text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let whole = events(world.said("events", ["--all", "-o", "ndjson"]).as_bytes());
    damage(&world.dir.path().join("segments/000000000002.redb"));
    let verified = world.verb("verify").output().unwrap();
    assert_eq!(verified.status.code(), Some(1));
    let told = both(&verified);
    assert!(told.contains("bad block: events ") && told.contains("NOT whole"), "{told}");
    let server = Server::start(&world);
    let token = world.said("token", [""; 0]);
    // It goes on after it has met it.
    for _ in 0..2 {
        let mut command = tacho();
        command.args(["events", "--all", "-o", "ndjson", "--url", &server.url]);
        let output = command.env("TACHO_TOKEN", token.trim()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert_eq!(events(&output.stdout), whole - 300);
        assert!(told.contains("not complete") && told.contains("damaged"), "{told}");
    }
}
