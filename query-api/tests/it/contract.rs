//! What the document says is what the server does: for each operation and each of its parameters, values that must be
//! taken and values that must not, all out of the document.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::server::{Client, Server};
use crate::world::{Answer, World, escaped};

/// The document, and validators made of it.
struct Contract {
    document: Value,
    validators: HashMap<String, Validator>,
}

/// A method of a path.
struct Operation<'a> {
    path: &'a str,
    told: &'a Value,
}

impl Contract {
    fn new() -> Self {
        Self { document: query_api::openapi::document(), validators: HashMap::new() }
    }

    fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |to| document.pointer(&to[1..]).unwrap())
    }

    /// Status, type and body are what the operation may answer.
    fn check(&mut self, operation: &Operation<'_>, asked: &str, answer: &Answer) {
        let status = answer.status.as_u16().to_string();
        assert!(!answer.status.is_server_error(), "{asked}: {answer:?}");
        let told = Self::follow(&self.document, &operation.told["responses"][&status]);
        assert!(told.is_object(), "{asked}: the status {status} is not in the document");
        for (name, header) in told["headers"].as_object().into_iter().flatten() {
            let given = answer.headers.get(name).map(|value| value.to_str().unwrap());
            assert!(given.is_some() || header["required"] != true, "{asked}: no header {name}");
            if let (Some(given), schema) = (given, &header["schema"]) {
                assert!(jsonschema::is_valid(schema, &given.into()), "{asked}: {name}: {given}");
            }
        }
        let media = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
        let schema = &told["content"][media]["schema"];
        assert!(schema.is_object(), "{asked}: {media} is not in the document");
        let body = if media.contains("json") && !media.contains("ndjson") {
            answer.json()
        } else {
            answer.text.clone().into()
        };
        let validator = self.validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({ "allOf": [schema], "components": self.document["components"] });
            jsonschema::options().should_validate_formats(true).build(&whole).unwrap()
        });
        if asked.contains("?fields=") && answer.status.is_success() {
            // A part of what is documented: `view.rs` tests which.
            return;
        }
        let errors: Vec<_> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{asked}: {errors:#?}");
    }
}

/// Values that a schema takes; `None` for one that only the server can give.
fn good(schema: &Value) -> Option<Vec<String>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().map(|word| word.as_str().unwrap().to_owned()).collect());
    }
    if let Some(examples) = schema["examples"].as_array() {
        return Some(examples.iter().map(|text| text.as_str().unwrap().to_owned()).collect());
    }
    match schema["type"].as_str()? {
        "boolean" => Some(vec!["true".to_owned(), "false".to_owned()]),
        "integer" => Some(vec![schema["minimum"].to_string(), schema["maximum"].to_string()]),
        _ => None,
    }
}

/// Values that it does not take.
fn bad(schema: &Value) -> Vec<String> {
    let mut values = vec![String::new()];
    let fixed = ["enum", "anyOf"].iter().any(|name| schema.get(name).is_some());
    let patterned = schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("[0-9a-f]"));
    if fixed || patterned || schema["type"] == "boolean" {
        values.extend(["nonsense", "0", " ", "\u{e9}"].map(str::to_owned));
    }
    if schema["type"] == "integer" {
        values.extend(["-1", "1.5", "x", "0x1", "1e3", "18446744073709551616"].map(str::to_owned));
        values.push((u128::from(schema["maximum"].as_u64().unwrap()) + 1).to_string());
        if schema["minimum"] == 1 {
            values.push("0".to_owned());
        }
    }
    if let Some(longest) = schema["maxLength"].as_u64() {
        values.push("x".repeat(usize::try_from(longest).unwrap() + 1));
    }
    values
}

/// A path with its placeholder filled in.
fn filled(path: &str, world: &World) -> String {
    let id = world.case("open").context.process.to_string();
    // A trace must begin somewhere.
    let path = path.replace("/trace", "/trace?path=/a");
    path.replace("{id}", &id).replace("{version}", "v5").replace("{name}", "none")
}

async fn parameter(
    contract: &mut Contract,
    client: &mut Client<'_>,
    operation: &Operation<'_>,
    param: &Value,
    world: &World,
) -> usize {
    let name = param["name"].as_str().unwrap();
    let one = if param["schema"]["type"] == "array" { &param["schema"]["items"] } else { &param["schema"] };
    // The few things that mean something only beside another.
    let beside = match name {
        "descendants" => "&pid=1",
        "follow" => "&path=/a",
        "limit" | "buckets" | "by" | "top" => "",
        "path" | "process" if operation.path == "/trace" => "",
        "ip" if operation.path == "/trace" => "&port=1",
        "port" if operation.path == "/trace" => "&ip=::1",
        _ if operation.path == "/trace" => "&path=/a",
        _ if operation.path == "/timeline" => "",
        _ => "&limit=2",
    };
    let good = match name {
        "cursor" => {
            let first = client.get(&format!("{}?limit=1", operation.path)).await.json();
            vec![first["next"].as_str().unwrap_or_else(|| panic!("{first}")).to_owned()]
        }
        // One file at a time.
        "path" if operation.path == "/trace" => vec!["/etc/passwd".to_owned()],
        "process" | "parent" => vec![world.case("open").context.process.to_string()],
        _ => good(one).unwrap_or_else(|| panic!("{}: {name}: no value is known", operation.path)),
    };
    let beside = if name == "cursor" { "&limit=1" } else { beside };
    let mut count = 0;
    for (values, taken) in [(good, true), (bad(one), false)] {
        for value in values {
            let asked = format!("{}?{name}={}{beside}", operation.path, escaped(&value));
            let answer = client.get(&asked).await;
            contract.check(operation, &asked, &answer);
            if taken {
                assert_eq!(answer.status, StatusCode::OK, "{asked}: {}", answer.text);
            } else {
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{asked}: {}", answer.text);
                assert_eq!(answer.json()["error"]["parameter"], name, "{asked}");
            }
            count += 1;
        }
    }
    count
}

#[tokio::test]
async fn every_parameter_of_every_operation_does_as_the_document_says() {
    let mut world = World::with_gap().0;
    world.add_opens("open", 20);
    let server = Server::over(&world).await;
    let mut client = server.client().await;
    let mut contract = Contract::new();
    let document = contract.document.clone();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let operation = Operation { path, told: &methods["get"] };
        // A stream never ends: tests/it/streams.rs reads it.
        if operation.told.is_null() || path == "/events/stream" {
            continue;
        }
        let plain = filled(path, &world);
        let answer = client.get(&plain).await;
        contract.check(&operation, &plain, &answer);
        assert_eq!(answer.status, StatusCode::OK, "{plain}: {}", answer.text);
        let and = if plain.contains('?') { '&' } else { '?' };
        let unknown = format!("{plain}{and}no_such_parameter=1");
        let answer = client.get(&unknown).await;
        contract.check(&operation, &unknown, &answer);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{unknown}");
        for param in operation.told["parameters"].as_array().unwrap() {
            let param = Contract::follow(&document, param).clone();
            if param["in"] == "query" {
                count += parameter(&mut contract, &mut client, &operation, &param, &world).await;
            }
        }
        if path.contains('{') {
            for place in ["nonsense", "%00", "%ff", "v6", &"0".repeat(56), &"f".repeat(300)] {
                let (start, _) = path.split_once('{').unwrap();
                let asked = format!("{start}{place}");
                let answer = client.get(&asked).await;
                contract.check(&operation, &asked, &answer);
                assert!(answer.status.is_client_error(), "{asked}");
            }
        }
    }
    assert!(count > 400, "only {count} values were tried");
}

#[tokio::test]
async fn pins_are_made_and_let_go_as_the_document_says() {
    let world = World::new();
    let server = Server::over(&world).await;
    let mut client = server.client().await;
    let mut contract = Contract::new();
    let document = contract.document.clone();
    let make = Operation { path: "/pins", told: &document["paths"]["/pins"]["post"] };
    let remove = Operation { path: "/pins/{name}", told: &document["paths"]["/pins/{name}"]["delete"] };
    for (body, status) in [
        (r#"{"since": "2020-01-01T00:00:00Z", "name": "p"}"#, StatusCode::CREATED),
        (r#"{"since": "2020-01-01T00:00:00Z", "name": "p"}"#, StatusCode::CONFLICT),
        (r#"{"since": "2020-01-01T00:00:00Z", "name": "../p"}"#, StatusCode::BAD_REQUEST),
        (r#"{"since": "yesterday"}"#, StatusCode::BAD_REQUEST),
        (r#"{"since": 7}"#, StatusCode::BAD_REQUEST),
        (r#"{"since": "now", "more": 1}"#, StatusCode::BAD_REQUEST),
        ("[]", StatusCode::BAD_REQUEST),
        ("", StatusCode::BAD_REQUEST),
        (&" ".repeat(10_000), StatusCode::BAD_REQUEST),
    ] {
        let request = Request::post("/pins").header("content-type", "application/json");
        let answer = client.ask(request.body(Body::from(body.to_owned())).unwrap()).await;
        contract.check(&make, body, &answer);
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    for (name, status) in
        [("p", StatusCode::OK), ("p", StatusCode::NOT_FOUND), ("%ff", StatusCode::BAD_REQUEST)]
    {
        let path = format!("/pins/{name}");
        let answer = client.ask(Request::delete(&path).body(Body::empty()).unwrap()).await;
        contract.check(&remove, &path, &answer);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn methods_that_are_not_in_the_document_are_refused() {
    let world = World::new();
    let document = Contract::new().document;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        {
            let told = methods.get(method.as_str().to_lowercase()).is_some();
            let request = Request::builder().method(&method).uri(filled(path, &world));
            let response =
                tower::ServiceExt::oneshot(world.app.clone(), request.body(Body::empty()).unwrap()).await;
            let refused = response.unwrap().status() == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(refused, !told, "{method} {path}");
        }
    }
}
