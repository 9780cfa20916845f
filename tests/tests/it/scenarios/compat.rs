//! 32-bit calls: each leaves just the event that the native call leaves, but for the mark.

use serde_json::Value;

use super::harness::{Scenario, run};

#[test]
fn calls_through_the_32_bit_table_leave_the_events_of_the_native_ones() {
    let Some(scenario) = run("compat", include_str!("compat.py"), false) else { return };
    assert_eq!(scenario.notes["same"], serde_json::json!([]), "the calls' own results");
    let (native, compat) = (part(&scenario, "native"), part(&scenario, "compat"));
    let mut wrong = Vec::new();
    let mut marked = 0;
    for (native, compat) in native.iter().zip(&compat) {
        marked += usize::from(compat["tacho"]["compat"] == true);
        let (native, compat) = (comparable(native), comparable(compat));
        if native != compat {
            wrong.push(format!("native {native:#}\n32-bit {compat:#}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(native.len(), compat.len());
    assert!(native.iter().all(|event| event["tacho"]["compat"].is_null()));
    // Of the calls that are made, some are of kinds that are left out by default.
    let calls = usize::try_from(scenario.notes["calls"].as_u64().unwrap()).unwrap();
    assert!(marked > 80 && marked <= calls, "{marked} of {calls}");
}

/// The events between a mode's markers.
fn part<'a>(scenario: &'a Scenario, mode: &str) -> Vec<&'a Value> {
    let is = |event: &&Value, name: &str| event["file"]["path"] == name && event["evt"]["name"] == "rmdir";
    let (begin, end) = (format!("/tacho-{mode}"), format!("/tacho-{mode}-ends"));
    let after = scenario.events.iter().skip_while(|event| !is(event, &begin)).skip(1);
    let until = after.take_while(|event| !is(event, &end));
    // What a process uses for the first time it uses natively here.
    until.filter(|event| event["evt"]["name"] != "syscalls").collect()
}

/// An event without what differs between two calls of the same: times, numbers, and whether a look afterwards came in
/// time.
fn comparable(event: &Value) -> Value {
    const LOOKED_UP: [&str; 10] = [
        "mode",
        "uid",
        "gid",
        "user",
        "group",
        "filesystem",
        "mount_id",
        "mount_path",
        "mount_source",
        "path_resolution_error",
    ];
    let mut event = without(event);
    if event["tacho"]["file"]["facts"] != "kernel" {
        let named = matches!(event["evt"]["name"].as_str(), Some("link" | "rename"));
        if let Some(file) = event["file"].as_object_mut() {
            file.retain(|name, _| !LOOKED_UP.contains(&&**name));
            if let Some(destination) = file.get_mut("destination").and_then(Value::as_object_mut) {
                destination.retain(|name, _| {
                    !(if named {
                        &LOOKED_UP[..]
                    } else {
                        &["uid", "gid", "user", "group", "path_resolution_error"]
                    })
                    .contains(&&**name)
                });
            }
        }
        if let Some(extra) = event["tacho"].as_object_mut() {
            extra.retain(|name, _| name != "file" && name != "destination");
        }
    }
    event
}

fn without(event: &Value) -> Value {
    match event {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| {
                !matches!(
                    &***name,
                    "id" | "context"
                        | "date"
                        | "inode"
                        | "modification_time"
                        | "change_time"
                        | "compat"
                        | "process"
                        | "target"
                        | "usr"
                )
            })
            .map(|(name, value)| (name.clone(), without(value)))
            .collect(),
        Value::Array(values) => values.iter().map(without).collect(),
        Value::String(text) if text == "compat" => "native".into(),
        Value::String(text) => text.replace("/compat", "/native").into(),
        other => other.clone(),
    }
}
