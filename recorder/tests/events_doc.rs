//! docs/EVENTS.md: the tables between its markers are made here, of the tables that the recorder works by and of the
//! golden files. `REGENERATE_DOCS=1 cargo test -p recorder --test events_doc` writes them anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use event::Kind;
use recorder::catalog::{HOOKS, calls, hooks};
use serde_json::Value;

const BEGIN: &str = "<!-- made by recorder/tests/events_doc.rs -->\n";
const END: &str = "<!-- end -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Members that golden files have, by kind, in the order of `full`.
fn members() -> BTreeMap<Kind, BTreeSet<String>> {
    let mut members: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for entry in fs::read_dir(root().join("store/event/tests/it/golden/full")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut found = BTreeSet::new();
        let mut kind = None;
        // One member a line; those of the process stand deeper.
        for line in text.lines().filter(|line| line.starts_with('"')) {
            let (name, value) = line.trim_end_matches(',').split_once(": ").unwrap();
            let Ok(value) = serde_json::from_str::<Value>(value) else { continue };
            match name.trim_matches('"') {
                "evt" => kind = Kind::from_name(value["name"].as_str().unwrap()),
                "agent" | "title" | "date" | "usr" | "container" | "dd" => {}
                "tacho" => walk("tacho.detail", &value["detail"], &mut found),
                name => walk(name, &value, &mut found),
            }
        }
        members.entry(kind.unwrap()).or_default().extend(found);
    }
    members
}

/// Paths of what an object holds; the process that an event is about is told as a whole.
fn walk(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !matches!(path, "signal.target" | "ptrace.tracee") => {
            for (name, value) in members {
                walk(&format!("{path}.{name}"), value, found);
            }
        }
        Value::Null => {}
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// `file.a`, `file.b` as `file` (a, b).
fn grouped(paths: &BTreeSet<String>) -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
        let (group, member) = path.rsplit_once('.').unwrap_or(("", path));
        groups.entry(group).or_default().push(member);
    }
    let group = |(group, members): (&&str, &Vec<&str>)| match *group {
        "" => members.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        group => format!("`{group}`: {}", members.join(", ")),
    };
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}

fn tables() -> String {
    let mut text = String::from("| name | category | gap class | seen by | calls |\n|---|---|---|---|---|\n");
    for kind in Kind::ALL {
        let calls: Vec<_> = hooks(kind).flat_map(|hook| calls(hook, kind)).collect();
        let hooks: Vec<_> = hooks(kind).map(|hook| hook.name).collect();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            kind.name(),
            kind.category().name(),
            kind.class().name(),
            hooks.join(", "),
            calls.join(", ")
        )
        .unwrap();
    }
    text += "\nWhat they fill beside `evt`, `process` and the rest that every event has. Not every member is known each time.\n\n";
    text += "| name | members |\n|---|---|\n";
    for (kind, members) in members() {
        writeln!(text, "| {} | {} |", kind.name(), grouped(&members)).unwrap();
    }
    text += "\nWhat a kernel must have, and what is left out on one that has it not (`tacho doctor` tells of the one it runs on):\n\n";
    text += "| hook | needs | without it |\n|---|---|---|\n";
    for hook in HOOKS {
        let without = if hook.without.is_empty() { "nothing is recorded" } else { hook.without };
        writeln!(text, "| {} | {} | {without} |", hook.name, hook.needs).unwrap();
    }
    text
}

#[test]
fn the_tables_of_events_md_are_those_that_the_recorder_works_by() {
    let path = root().join("docs/EVENTS.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("{} lacks {BEGIN}", path.display()));
    let (made, after) = rest.split_once(END).unwrap();
    let tables = tables();
    if std::env::var_os("REGENERATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{tables}{END}{after}")).unwrap();
    } else {
        assert_eq!(made, tables, "run REGENERATE_DOCS=1 cargo test -p recorder --test events_doc");
    }
}
