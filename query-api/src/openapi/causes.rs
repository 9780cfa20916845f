//! What `/processes/{id}` and `/trace` answer, and what `/events` tells besides its events.

use serde_json::{Value, json};

use super::schemas::{complete, count, date, flag, list, object, or_null, reference, text, words};
use crate::trace::{Direction, Relation};

/// A process with its life: a process as it is listed, and more.
pub(super) fn life(process: &Value) -> Value {
    let credentials = json!({ "type": "object" });
    let state = object(
        &[("since", date()), ("by", text()), ("comm", text()), ("ppid", count())],
        &[("cgroup", text()), ("credentials", credentials), ("changed", list(&text()))],
    );
    let parent = object(&[("since", date()), ("ppid", count()), ("id", or_null(&text()))], &[]);
    let more = [
        ("states", list(&state)),
        ("states_left_out", count()),
        ("parents", list(&parent)),
        ("orphaned", or_null(&date())),
        ("children", object(&[("count", count()), ("url", text())], &[])),
        ("complete", complete()),
        ("gaps", list(&reference("Gap"))),
        ("left_out", list(&reference("LeftOut"))),
    ];
    let mut life = process.clone();
    for (name, schema) in more {
        life["properties"][name] = schema;
        if let Some(required) = life["required"].as_array_mut() {
            required.push(name.into());
        }
    }
    life
}

/// A page of events: with what was removed before it, and the names that were followed.
pub(super) fn events(mut page: Value) -> Value {
    let name = object(
        &[("path", text()), ("from", or_null(&date())), ("to", or_null(&date())), ("event", count())],
        &[],
    );
    page["properties"]["skipped"] = count();
    page["properties"]["followed"] = object(&[("names", list(&name)), ("whole", flag())], &[]);
    page
}

/// A causal graph.
pub(super) fn trace() -> Value {
    let bounds = words(["depth", "fanout", "nodes", "work"]);
    let cut = object(
        &[
            ("node", text()),
            ("bound", bounds),
            ("relation", or_null(&words(Relation::ALL.map(Relation::name)))),
            ("left_out", or_null(&count())),
        ],
        &[],
    );
    object(
        &[
            ("direction", words(Direction::ALL.map(Direction::name))),
            ("since", or_null(&date())),
            ("until", or_null(&date())),
            ("start", list(&text())),
            ("nodes", list(&reference("TraceNode"))),
            ("edges", list(&reference("TraceEdge"))),
            ("cut", list(&cut)),
            ("complete", complete()),
            ("gaps", list(&reference("Gap"))),
            ("left_out", list(&reference("LeftOut"))),
        ],
        &[],
    )
}

/// A process, a file or an address.
pub(super) fn node() -> Value {
    let process = object(
        &[("id", text()), ("pid", count()), ("recorded", flag())],
        &[
            ("ppid", count()),
            ("parent_id", or_null(&text())),
            ("parent", words(["recorded", "unknown", "none"])),
            ("start", date()),
            ("comm", text()),
            ("uid", count()),
            ("user", text()),
            ("container", or_null(&text())),
            ("executable", or_null(&text())),
            ("args", list(&text())),
            ("exit", or_null(&reference("Exit"))),
            ("source", text()),
        ],
    );
    object(
        &[("id", text()), ("kind", words(["process", "file", "endpoint"])), ("depth", count())],
        &[("process", process), ("path", text()), ("ip", text()), ("port", count())],
    )
}

/// What one did with another: `from`, `relation`, `to`.
pub(super) fn edge() -> Value {
    object(
        &[
            ("from", text()),
            ("to", text()),
            ("relation", words(Relation::ALL.map(Relation::name))),
            ("how", list(&text())),
            ("first", or_null(&date())),
            ("last", or_null(&date())),
            ("count", count()),
            ("events", list(&count())),
        ],
        &[],
    )
}
