//! What can be asked: methods, paths, answers.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{parameters, refusal_name};
use crate::limits::MAX_BODY;
use crate::params::Endpoint;

/// A method of a path.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    id: &'static str,
    summary: &'static str,
    endpoint: Endpoint,
    /// A placeholder of the path, and how its value is written.
    place: Option<(&'static str, Value)>,
    answer: Answer,
    /// Statuses besides those that every question may get.
    refusals: &'static [u16],
    /// Anybody may ask.
    public: bool,
    body: Option<&'static str>,
}

/// What comes back if all is well.
struct Answer {
    status: StatusCode,
    about: &'static str,
    /// Media types with what they hold.
    content: Vec<(&'static str, Value)>,
    headers: Value,
}

/// What any question may get; 414 and 429 come before it is looked at.
const COMMON: [u16; 6] = [400, 403, 404, 414, 429, 500];

impl Operation {
    fn get(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        endpoint: Endpoint,
        answer: Answer,
    ) -> Self {
        Self {
            method: "get",
            path,
            id,
            summary,
            endpoint,
            place: None,
            answer,
            refusals: &[],
            public: false,
            body: None,
        }
    }

    fn public(self) -> Self {
        Self { public: true, ..self }
    }

    fn with_place(self, name: &'static str, schema: Value) -> Self {
        Self { place: Some((name, schema)), ..self }
    }

    fn with_refusals(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }

    /// What OpenAPI has below the method.
    pub(super) fn document(&self) -> Value {
        let mut parameters = parameters::of(self.endpoint);
        if let Some((name, schema)) = &self.place {
            parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
        if self.path == "/events/stream" {
            parameters.push(last_event_id());
        }
        let mut responses = Map::new();
        responses.insert(self.answer.status.as_u16().to_string(), self.answer.document());
        let statuses =
            COMMON.iter().chain(self.refusals).chain(if self.public { &[] } else { &[401_u16][..] });
        let mut statuses: Vec<_> = statuses.collect();
        statuses.sort_unstable();
        for status in statuses {
            let to = format!("#/components/responses/{}", refusal_name(*status));
            responses.insert(status.to_string(), json!({ "$ref": to }));
        }
        let mut document = json!({
            "operationId": self.id, "summary": self.summary, "parameters": parameters, "responses": responses,
        });
        if self.public {
            document["security"] = json!([]);
        } else if self.method != "get" {
            document["security"] = json!([{ "bearer": [] }]);
        }
        if let Some(body) = self.body {
            let description = format!("At most {MAX_BODY} bytes");
            let content = json!({ "application/json": { "schema": { "$ref": body } } });
            document["requestBody"] =
                json!({ "required": true, "description": description, "content": content });
        }
        document
    }
}

impl Answer {
    fn of(about: &'static str, media: &'static str, schema: Value) -> Self {
        Self { status: StatusCode::OK, about, content: vec![(media, schema)], headers: Value::Null }
    }

    fn json(about: &'static str, component: &str) -> Self {
        Self::of(about, "application/json", json!({ "$ref": format!("#/components/schemas/{component}") }))
    }

    fn document(&self) -> Value {
        let content: Map<_, _> = (self.content.iter())
            .map(|(media, schema)| ((*media).to_owned(), json!({ "schema": schema })))
            .collect();
        let mut document = json!({ "description": self.about, "content": content });
        if !self.headers.is_null() {
            document["headers"] = self.headers.clone();
        }
        document
    }
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn last_event_id() -> Value {
    json!({ "name": "Last-Event-ID", "in": "header", "description": "Go on after the event with this `id`",
        "schema": { "type": "string", "pattern": "^[0-9]{1,20}$" } })
}

fn events() -> Operation {
    let mut answer = Answer::json("A page of events", "EventPage");
    answer.content.push(("application/x-ndjson", text()));
    answer.headers = json!({
        "tacho-complete": { "description": "As `complete`", "required": true,
            "schema": { "type": "string", "enum": ["true", "false"] } },
        "tacho-gaps": { "description": "How many gaps there are", "required": true,
            "schema": { "type": "string", "pattern": "^[0-9]+$" } },
    });
    Operation::get("/events", "events", "Events, one page", Endpoint::Events, answer)
}

fn pins() -> [Operation; 3] {
    let list = Answer::json("The pins", "PinList");
    let made = Answer { status: StatusCode::CREATED, ..Answer::json("The pin", "Pin") };
    let gone = Answer::json("What was let go", "RemovedPin");
    let list = Operation::get("/pins", "pins", "Spans kept from removal", Endpoint::Plain, list);
    let make = Operation {
        method: "post",
        body: Some("#/components/schemas/NewPin"),
        ..Operation::get("/pins", "makePin", "Keep a span from removal", Endpoint::Plain, made)
    };
    let remove = Operation {
        method: "delete",
        ..Operation::get("/pins/{name}", "removePin", "Let go of a pin", Endpoint::Plain, gone)
    };
    [
        list,
        make.with_refusals(&[409]),
        remove.with_place("name", json!({ "type": "string" })).with_refusals(&[409]),
    ]
}

/// All of them, by path.
pub(super) fn all() -> Vec<Operation> {
    use Endpoint::{Paths, Plain, Processes, Stream, Timeline, Trace, Tree};
    let get = Operation::get;
    let id = json!({ "type": "string", "pattern": "^[0-9a-f]{56}$" });
    let stream = "For each event `id` (its number) and `data` (the event); `gap` and `cut` messages beside";
    let metrics = Answer::of("Prometheus text format", "text/plain", text());
    let version = json!({ "type": "string", "enum": ["v1", "v2", "v3", "v4", "v5"] });
    let schema = Answer::of("JSON Schema", "application/schema+json", json!({ "type": "object" }));
    let own = Answer::of("This document", "application/json", json!({ "type": "object" }));
    let health = Answer::of("Recording or serving", "text/plain", json!({ "type": "string", "const": "OK" }));
    let mut all = vec![
        events(),
        get(
            "/events/stream",
            "stream",
            "New events as they are recorded (server-sent events)",
            Stream,
            Answer::of(stream, "text/event-stream", text()),
        ),
        get(
            "/processes",
            "processes",
            "Processes, one page",
            Processes,
            Answer::json("A page", "ProcessPage"),
        ),
        get(
            "/processes/{id}",
            "process",
            "One process",
            Plain,
            Answer::json("It, with its life", "ProcessLife"),
        )
        .with_place("id", id),
        get("/tree", "tree", "Processes below their parents", Tree, Answer::json("The tree", "Tree")),
        get("/paths", "paths", "Recorded paths with counts", Paths, Answer::json("A page", "PathPage")),
        get("/trace", "trace", "What led to it, or what came of it", Trace, Answer::json("A graph", "Trace"))
            .with_refusals(&[404]),
        get("/timeline", "timeline", "How many events when", Timeline, Answer::json("Counts", "Timeline")),
    ];
    all.extend(pins());
    all.extend([
        get("/stats", "stats", "Numbers of store and recorder", Plain, Answer::json("Numbers", "Stats")),
        get("/metrics", "metrics", "The same for Prometheus", Plain, metrics),
        get("/healthz", "healthz", "Whether it works", Plain, health).public().with_refusals(&[503]),
        get("/schema/{version}", "schema", "A generation of the event schema", Plain, schema)
            .public()
            .with_place("version", version),
        get(
            "/audit",
            "audit",
            "Who asked what: one line a request",
            Plain,
            Answer::of("Lines", "application/x-ndjson", text()),
        ),
        get("/openapi.json", "openapi", "This document", Plain, own).public(),
    ]);
    all
}
