//! The other verbs that read, and what helps to type them.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{World, both, key, tacho};

#[test]
fn a_tree_tells_programs_users_ends_containers_and_what_is_unknown() {
    let world = World::new();
    let tree = world.said("tree", [""; 0]);
    let line =
        |of: &str| tree.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("{of}: {tree}"));
    assert!(line("70 /usr/bin/sh").contains("alice -> root"), "{tree}");
    assert!(line("70 /usr/bin/sh").contains("status 3 after 4.0 s"), "{tree}");
    assert!(line("was /usr/bin/sudo").contains("[setuid]  as alice  since 2026-01-02 03:04:06"), "{tree}");
    assert!(line(" 71 ").contains("killed by SIGKILL"), "{tree}");
    assert!(line("90 ").contains("container c0ffeec0ffee"), "{tree}");
    assert!(line("90 ").contains("parent 4 unknown"), "{tree}");
    assert!(line(" 60 /usr/bin/bash -i").contains("root -> alice"), "{tree}");
    assert!(!tree.contains('\u{1b}'), "{tree:?}");
    let at = world.said("tree", ["--at", "2026-01-02T03:04:09.5Z"]);
    assert!(!at.contains(" 71 ") && at.contains(" 70 "), "{at}");
    let sub = world.said("tree", ["--process", &key(70).to_string()]);
    assert!(sub.starts_with("70 ") && !sub.contains("sshd"), "{sub}");
}

#[test]
fn the_life_of_a_process_is_told_by_pid_and_by_id() {
    let world = World::new();
    let life = world.said("process", ["70"]);
    for part in [
        "70 /usr/bin/sh -c",
        "2026-01-02 03:04:10.000  status 3 after 4.0 s",
        "/usr/bin/sudo sh  [setuid]  as alice",
        "50 sshd > 60 bash",
        "71 ",
        "killed by SIGKILL",
        "open 2",
    ] {
        assert!(life.contains(part), "{part}: {life}");
    }
    assert_eq!(life, world.said("process", [key(70).to_string()]));
    let document: Value = serde_json::from_str(&world.said("process", ["70", "--json"])).unwrap();
    assert_eq!(document["pid"], 70);
    for (wrong, status) in [("4711", 1), ("x", 2)] {
        let output = world.verb("process").arg(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", both(&output));
    }
}

#[test]
fn a_timeline_has_a_line_per_bucket_and_paths_are_counted() {
    let world = World::with_gap();
    let span = ["--since", "2026-01-02T03:04:05Z", "--until", "2026-01-02T03:04:12Z"];
    let output = world.verb("timeline").args(span).args(["--buckets", "7"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.lines().count(), 1 + 7 + 1, "{text}");
    let last = text.lines().nth(7).unwrap();
    assert!(last.contains("2501") && last.ends_with('#'), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" !")).count(), 2, "{text}");
    assert!(both(&output).contains("7 lost, ring_full"), "{}", both(&output));

    let output = world.verb("paths").arg("/etc/").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "2 /etc/shadow", "{}", both(&output));
    let output = world.verb("paths").args(["--prefix", "/srv", "-n", "3"]).output().unwrap();
    assert!(both(&output).contains("there are more"), "{}", both(&output));
    assert_eq!(world.said("paths", ["/srv/pg/base", "--all"]).lines().count(), crate::world::OPENS);
}

#[test]
fn a_trace_tells_causes_with_evidence_and_names_what_it_left_out() {
    let world = World::new();
    let story = world.said("trace", ["--pid", "70"]);
    assert!(story.starts_with("70 /usr/bin/sh -c"), "{story}");
    for part in ["2026-01-02 03:04:06.000 started by 60 /usr/bin/bash -i", "ran /usr/bin/sudo", "#"] {
        assert!(story.contains(part), "{part}: {story}");
    }
    let forward = world.said("trace", ["--process", &key(60).to_string(), "--direction", "forward"]);
    assert!(forward.contains("started 70 ") && forward.contains("started 71 "), "{forward}");
    let output = world.verb("trace").args(["--pid", "71", "--depth", "1"]).output().unwrap();
    let text = both(&output);
    assert!(text.contains("  ...") && text.contains("not the whole story"), "{text}");
    for wrong in [
        &["--pid", "70", "--path", "/x"][..],
        &[],
        &["--ip", "192.0.2.7"],
        &["--pid", "x"],
        &["--path", "/e*"],
    ] {
        assert_eq!(world.verb("trace").args(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn help_is_a_table_of_contents_and_fits_a_terminal() {
    let output = tacho().arg("help").output().unwrap();
    let text = both(&output);
    assert!(text.lines().count() <= 40 && text.contains("Ask what happened:"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let events = both(&tacho().args(["events", "--help"]).output().unwrap());
    for part in ["Examples:", "--live", "incident.ndjson", "load_module", "RFC 3339", "v1 to v5"] {
        assert!(events.contains(part), "{part}: {events}");
    }
}

/// Whether a shell takes a script, if the shell is here.
fn checked(shell: &str, script: &str) {
    let child = Command::new(shell).args(["-n", "/dev/stdin"]).stdin(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{shell}");
}

#[test]
fn completions_know_the_closed_lists_of_words() {
    for shell in ["bash", "zsh", "fish"] {
        let output = tacho().args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        for word in ["load_module", "Refused", "network", "completions", "v5"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
        checked(shell, &text);
    }
    assert_eq!(tacho().args(["completions", "tcl"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn there_is_a_manual_page_for_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    let output = tacho().arg("man").arg(dir.path().join("man1")).output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
    let page = |name: &str| std::fs::read_to_string(dir.path().join("man1").join(name)).unwrap();
    assert!(page("tacho.1").contains("flight recorder"));
    assert!(page("tacho-events.1").contains("\\-\\-since"));
    for verb in ["record", "serve", "tree", "process", "timeline", "paths", "verify", "pin"] {
        assert!(page(&format!("tacho-{verb}.1")).starts_with(".ie"), "{verb}");
    }
    assert_eq!(both(&tacho().arg("man").output().unwrap()), page("tacho.1"));
}
