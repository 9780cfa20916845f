//! What answers hold. Every object is closed (no members but those told), so that a member that is missing here shows in
//! the contract test; only what the recorder and the store count is open, for they learn to count more.

use event::schema::{Version, document};
use event::{Class, ExitCause, Source};
use serde_json::{Map, Value, json};

use super::causes;
use crate::error::Code;

const CLASSES: [Class; 5] = [Class::Process, Class::File, Class::Network, Class::Kernel, Class::All];
const SOURCES: [Source; 5] =
    [Source::Event, Source::Snapshot, Source::Fallback, Source::Placeholder, Source::Unknown];

/// All components.
pub(super) fn all() -> Value {
    let mut all = events();
    let mut put = |name: &str, schema: Value| all.insert(name.to_owned(), schema);
    put("Error", error());
    put("Gap", gap());
    put("LeftOut", left_out());
    put("EventPage", causes::events(page("events", &reference("AnyEvent"))));
    put("ProcessPage", page("processes", &reference("RecordedProcess")));
    put("PathPage", page("paths", &reference("PathCount")));
    put("PathCount", object(&[("path", text()), ("count", count())], &[]));
    put("RecordedProcess", process());
    put("RecordedImage", image());
    put("Exit", exit());
    put("ProcessLife", causes::life(&process()));
    put("Trace", causes::trace());
    put("TraceNode", causes::node());
    put("TraceEdge", causes::edge());
    put("Tree", tree());
    put("TreeNode", node());
    put("Timeline", timeline());
    put("Bucket", bucket());
    put("Stats", stats());
    put("NewPin", new_pin());
    put("Pin", pin());
    put("RemovedPin", object(&[("name", text()), ("since", date()), ("until", date())], &[]));
    put(
        "PinList",
        object(
            &[("pins", list(&reference("Pin"))), ("bytes", count()), ("max_bytes", or_null(&count()))],
            &[],
        ),
    );
    all.into()
}

/// The event schema, its definitions as components of their own; and the other forms that can be asked for.
fn events() -> Map<String, Value> {
    let mut components = Map::new();
    let mut newest = document(Version::V5);
    let definitions = newest.as_object_mut().and_then(|newest| {
        newest.shift_remove("$id");
        newest.shift_remove("$defs")
    });
    components.insert("Event".to_owned(), newest);
    if let Some(Value::Object(definitions)) = definitions {
        components.extend(definitions);
    }
    components.values_mut().for_each(hoist);
    components.insert(
        "AnyEvent".to_owned(),
        json!({
            "description": "As `schema` asked: v5 is the default",
            "anyOf": [reference("Event"), reference("FullEvent"), reference("OldEvent")],
        }),
    );
    components.insert(
        "FullEvent".to_owned(),
        json!({
            "description": "`schema=full`: as Event, and `tacho` with what it has no room for",
            "type": "object",
            "properties": { "tacho": {
                "type": "object",
                "properties": { "id": { "type": "integer", "minimum": 1 }, "process_id": text() },
                "required": ["id", "process_id"],
            } },
            "required": ["tacho"],
        }),
    );
    components.insert(
        "OldEvent".to_owned(),
        json!({ "description": "`schema=v1` to `v4`: /schema/{version} has it", "type": "object" }),
    );
    components
}

/// Definitions of a document as components of this one.
fn hoist(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get_mut("$ref") {
                *to = to.replace("#/$defs/", "#/components/schemas/");
            }
            members.values_mut().for_each(hoist);
        }
        Value::Array(elements) => elements.iter_mut().for_each(hoist),
        _ => {}
    }
}

/// A closed object; these members are there in any case, and those may be.
pub(super) fn object(members: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let properties: Map<_, _> =
        members.iter().chain(optional).map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

pub(super) fn reference(component: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{component}") })
}

pub(super) fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

pub(super) fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn date() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn words(words: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// `next` of a page.
fn cursor() -> Value {
    json!({ "description": "`cursor` of the next page; null at the end", "type": ["string", "null"] })
}

pub(super) fn complete() -> Value {
    json!({ "description": "False if something that the answer could have held is known to be missing", "type": "boolean" })
}

fn page(name: &str, of: &Value) -> Value {
    object(
        &[
            (name, list(of)),
            ("next", cursor()),
            ("complete", complete()),
            ("gaps", list(&reference("Gap"))),
            ("left_out", list(&reference("LeftOut"))),
        ],
        &[],
    )
}

fn error() -> Value {
    let inner = object(
        &[("code", words(Code::ALL.map(Code::name))), ("message", text()), ("parameter", or_null(&text()))],
        &[],
    );
    object(&[("error", inner)], &[])
}

fn gap() -> Value {
    object(
        &[
            ("from", date()),
            ("to", date()),
            ("class", words(CLASSES.map(Class::name))),
            ("lost", or_null(&count())),
            (
                "reason",
                json!({ "description": "Why, such as ring_full, not_recording, evicted", "type": "string" }),
            ),
        ],
        &[],
    )
}

fn process() -> Value {
    let known_by_context = [
        ("comm", text()),
        ("uid", count()),
        ("user", text()),
        ("gid", count()),
        ("group", text()),
        ("tty", text()),
        ("cgroup", text()),
        ("container", or_null(&text())),
        ("kernel_thread", flag()),
    ];
    object(
        &[
            ("id", text()),
            ("pid", count()),
            ("ppid", count()),
            ("parent_id", or_null(&text())),
            ("parent", words(["recorded", "unknown", "none"])),
            ("start", or_null(&date())),
            ("images", list(&reference("RecordedImage"))),
            ("exit", or_null(&reference("Exit"))),
            ("source", words(SOURCES.map(Source::name))),
        ],
        &known_by_context,
    )
}

fn image() -> Value {
    object(
        &[
            ("exec_time", or_null(&date())),
            ("comm", text()),
            ("uid", count()),
            ("user", text()),
            ("executable", reference("File")),
            ("interpreter", or_null(&reference("File"))),
            ("argv0", text()),
            ("args", list(&text())),
            ("args_truncated", flag()),
        ],
        &[("envs", list(&text())), ("envs_truncated", flag())],
    )
}

fn left_out() -> Value {
    let rules =
        json!({ "description": "As the configuration writes them", "type": "array", "items": text() });
    object(&[("from", date()), ("to", date()), ("rules", rules)], &[])
}

fn exit() -> Value {
    let causes = [ExitCause::Exited, ExitCause::CoreDumped, ExitCause::Signaled].map(ExitCause::name);
    object(&[("time", date()), ("cause", or_null(&words(causes))), ("code", or_null(&count()))], &[])
}

fn tree() -> Value {
    let cut = object(&[("processes", count()), ("reason", text())], &[]);
    object(
        &[
            ("roots", list(&reference("TreeNode"))),
            ("next", cursor()),
            ("complete", complete()),
            ("gaps", list(&reference("Gap"))),
            ("left_out", list(&reference("LeftOut"))),
        ],
        &[("cut", cut)],
    )
}

fn node() -> Value {
    let cut = object(&[("processes", count()), ("url", text())], &[]);
    object(
        &[("process", reference("RecordedProcess")), ("children", list(&reference("TreeNode")))],
        &[
            ("above", words(["none", "unknown", "outside"])),
            ("came", or_null(&flag())),
            ("went", flag()),
            ("cut", cut),
        ],
    )
}

fn timeline() -> Value {
    object(
        &[
            ("buckets", list(&reference("Bucket"))),
            ("since", date()),
            ("until", date()),
            ("by", text()),
            ("values", list(&text())),
            ("total", count()),
            ("complete", complete()),
            ("gaps", list(&reference("Gap"))),
            ("left_out", list(&reference("LeftOut"))),
        ],
        &[
            ("rest", object(&[("name", text()), ("values", count())], &[])),
            ("cut", object(&[("reason", text())], &[])),
        ],
    )
}

fn bucket() -> Value {
    let counts = json!({ "type": "object", "additionalProperties": count() });
    object(&[("from", date()), ("to", date()), ("counts", counts)], &[])
}

fn stats() -> Value {
    let segment = json!({
        "type": "object",
        "properties": {
            "number": count(), "file": text(), "bytes": count(), "events": count(), "first": or_null(&date()),
            "last": or_null(&date()), "format": count(), "pinned": flag(),
            "state": words(["open", "closed", "packed", "thinned", "damaged"]),
        },
        "required": ["number", "file", "bytes", "events", "first", "last", "format", "pinned", "state"],
    });
    let store = json!({
        "type": "object",
        "properties": {
            "segments": list(&segment), "bytes": count(), "events": count(),
            "by_kind": { "type": "object", "additionalProperties": count() },
            "bytes_per_event": { "type": ["number", "null"] }, "oldest": or_null(&date()),
            "newest": or_null(&date()), "days": { "type": ["number", "null"] }, "max_size": or_null(&count()),
            "pinned_bytes": count(), "pin_max_bytes": or_null(&count()), "gaps": count(),
        },
        "required": ["segments", "bytes", "events", "by_kind", "bytes_per_event", "oldest", "newest", "days",
            "max_size", "pinned_bytes", "pin_max_bytes", "gaps"],
    });
    object(
        &[
            ("version", text()),
            ("role", words(["recording", "serving"])),
            ("store", store),
            ("recorder", json!({ "description": "Null where nobody records", "type": ["object", "null"] })),
        ],
        &[],
    )
}

fn new_pin() -> Value {
    object(&[("since", text())], &[("until", text()), ("name", text())])
}

fn pin() -> Value {
    object(
        &[
            ("name", text()),
            ("since", date()),
            ("until", date()),
            ("created", date()),
            ("segments", count()),
            ("events", count()),
            ("bytes", count()),
        ],
        &[],
    )
}
