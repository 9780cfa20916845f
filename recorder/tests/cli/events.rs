//! `tacho events` into pipes and files.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use serde_json::Value;

use crate::world::{EVIL, OPENS, World, both, tacho};

/// All events of the incident.
const ALL: usize = 11 + OPENS;

#[test]
fn a_table_tells_who_did_what_and_what_became_of_it() {
    let world = World::new();
    let table = world.said("events", ["--pid", "60,70,71"]);
    let line =
        |of: &str| table.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("{of}: {table}"));
    assert!(line("EACCES").ends_with("/etc/shadow  O_RDONLY"), "{table}");
    assert!(line("EACCES").starts_with("2026-01-02 03:04:06.000"), "{table}");
    assert!(line("sudo sh").contains("alice>root"), "{table}");
    assert!(line("killed by SIGKILL").contains("71"), "{table}");
    assert!(table.lines().next().unwrap().starts_with("TIME (UTC)"), "{table}");
    assert!(table.lines().last().unwrap().contains("status 3"), "newest last: {table}");
}

#[test]
fn a_name_of_a_file_cannot_steer_a_terminal_in_any_form_of_output() {
    let world = World::new();
    for form in ["table", "csv", "json", "ndjson"] {
        for color in ["never", "always"] {
            let text = world.said("events", ["--pid", "70,71", "-o", form, "--color", color]);
            let ours = text.replace("\u{1b}[0m", "");
            let colours = |text: &str| {
                let rest = text.split("\u{1b}[").skip(1).all(|rest| {
                    let code: String = rest.chars().take_while(|c| *c != 'm').collect();
                    code.chars().all(|c| c.is_ascii_digit()) && !code.is_empty()
                });
                rest && !text.contains("\u{1b}]")
            };
            assert!(colours(&ours), "{form}: {ours:?}");
            assert!(
                !text.contains(['\u{7}', '\u{9b}', '\u{202e}']) || form.ends_with("json"),
                "{form}: {text:?}"
            );
            assert_eq!(text.contains('\u{1b}'), color == "always" && form == "table", "{form}");
        }
    }
    let lines = world.said("events", ["--path", "/tmp/**", "-o", "ndjson"]);
    let event: Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(event["file"]["path"], EVIL, "for programs it is what it was");
}

#[test]
fn a_file_is_followed_over_its_names() {
    let world = World::new();
    let output =
        world.verb("events").args(["--path", "/srv/pg/new", "--follow", "-o", "json"]).output().unwrap();
    assert!(both(&output).contains("also called /srv/pg/old, "), "{}", both(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["events"].as_array().unwrap().len(), 1);
    assert_eq!(document["followed"]["whole"], true);
    assert_eq!(world.verb("events").arg("--follow").output().unwrap().status.code(), Some(2));
}

#[test]
fn more_than_is_shown_is_said() {
    let world = World::new();
    let output = world.verb("events").args(["-n", "3"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
    assert!(String::from_utf8_lossy(&output.stderr).contains("older ones"), "{}", both(&output));
    let output = world.verb("events").args(["--pid", "12345"]).output().unwrap();
    assert!(output.status.success() && both(&output).contains("no event fits"), "{}", both(&output));
}

#[test]
fn all_goes_through_every_page_and_says_whether_that_was_all() {
    let world = World::new();
    for (form, lines) in [("ndjson", ALL), ("table", ALL + 1), ("csv", ALL + 1)] {
        let output = world.verb("events").args(["--all", "-o", form]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), lines, "{form}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told.lines().last().unwrap(), format!("tacho: complete: {ALL} events"));
    }
    let text = world.said("events", ["--all", "-o", "json", "--schema", "full"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let ids = document["events"].as_array().unwrap().iter().map(|event| event["tacho"]["id"].to_string());
    let ids: Vec<u64> = ids.map(|id| id.trim_matches('"').parse().unwrap()).collect();
    assert_eq!(ids.len(), ALL);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "oldest first, each once");
}

#[test]
fn what_is_missing_is_told_on_standard_error_with_count_and_reason() {
    let world = World::with_gap();
    for args in [&["--all"][..], &[]] {
        let output = world.verb("events").args(args).args(["-o", "ndjson"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("not complete") && told.contains("7 lost, ring_full"), "{told}");
        assert!(output.status.success());
    }
    let output = world.verb("events").args(["--name", "exec"]).output().unwrap();
    assert!(output.status.success());
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("ring_full"),
        "no exec is missing: {}",
        both(&output)
    );
}

/// Lets some connections through to an API, and then none until it is told otherwise.
fn door(socket: &std::path::Path, behind: &std::path::Path, connections: usize) {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).unwrap();
    let behind = behind.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().take(connections) {
            let (mut client, mut server) = (client.unwrap(), UnixStream::connect(&behind).unwrap());
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            let _ = std::io::copy(&mut server, &mut client);
            let _ = client.shutdown(std::net::Shutdown::Both);
        }
    });
}

#[test]
fn a_broken_off_export_goes_on_where_it_ended() {
    let world = World::new();
    let (api, socket) = (world.dir.path().join("api"), world.dir.path().join("door"));
    let mut server = world.verb("serve");
    server.arg("--socket").arg(&api).args(["--listen", "127.0.0.1:0", "--no-auth"]);
    let mut server = server.stderr(std::process::Stdio::null()).spawn().unwrap();
    while UnixStream::connect(&api).is_err() {
        assert!(server.try_wait().unwrap().is_none(), "the server ended");
        thread::yield_now();
    }
    let export = |more: &[&str]| {
        let mut command = tacho();
        command.args(["events", "--all", "-o", "ndjson"]).arg("--socket").arg(&socket).args(more);
        command.output().unwrap()
    };
    door(&socket, &api, 2);
    let first = export(&[]);
    assert_eq!(first.status.code(), Some(1), "{}", both(&first));
    let told = String::from_utf8(first.stderr).unwrap();
    let (_, rest) = told.split_once("--cursor ").unwrap_or_else(|| panic!("{told}"));
    let cursor = rest.split_whitespace().next().unwrap();
    door(&socket, &api, 1000);
    let second = export(&["--cursor", cursor]);
    assert!(second.status.success(), "{}", both(&second));
    let whole = [first.stdout, second.stdout].concat();
    assert_eq!(String::from_utf8(whole).unwrap(), world.said("events", ["--all", "-o", "ndjson"]));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn times_are_taken_as_they_are_shown() {
    let world = World::new();
    let mut command = world.verb("events");
    command.env("TZ", "Asia/Kolkata").args(["--local", "--pid", "50,60", "--name", "fork"]);
    let output = command.output().unwrap();
    assert!(both(&output).contains("2026-01-02 08:34:05.000+05:30"), "{}", both(&output));
    let count = |since: &str| {
        world.said("events", ["--since", since, "--pid", "60,70,71", "-o", "ndjson"]).lines().count()
    };
    assert_eq!(count("2026-01-02T08:34:09+05:30"), 2);
    assert_eq!(count("100w"), 10);
    assert_eq!(count("2h"), 0);
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let world = World::new();
    let mut child =
        world.verb("events").args(["--all"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    std::io::stdout().flush().unwrap();
}
