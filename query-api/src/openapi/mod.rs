//! `/openapi.json`: the API told to programs, as OpenAPI 3.1. Parameters come from the one table of them
//! ([`crate::params`]), events from the event schema, errors from the codes; the rest is written down in this module, and
//! a test compares it with what a server answers (`tests/it/contract.rs`).

mod causes;
mod operations;
mod parameters;
mod schemas;

use std::sync::OnceLock;

use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::error::{ApiError, Code};
use crate::params::Endpoint;
use crate::query::Query;

const TITLE: &str = "Tachograph";
const ABOUT: &str = "Questions to an always-on flight recorder for Linux hosts: what ran, who started it, what it touched, and what is not known. \
GET can be HEAD everywhere. Every answer has `Cache-Control: no-store` and the headers that keep other sites out; none has a CORS header.";
const BEARER: &str = "The file `token` of the data directory has it. The Unix socket asks for none.";
const COOKIE: &str = "What a browser gets that opens any address once with `?token=TOKEN`: it is sent on to the same address without it (303). Good for reading only.";

/// The document.
#[must_use]
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": TITLE, "description": ABOUT, "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT" } },
        "servers": [{ "url": "http://127.0.0.1:7878" }],
        "security": [{ "bearer": [] }, { "cookie": [] }],
        "paths": paths(),
        "components": {
            "schemas": schemas::all(),
            "parameters": parameters::components(),
            "responses": refusals(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": BEARER },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "tacho", "description": COOKIE },
            },
        },
    })
}

/// The document as it is committed: docs/openapi.json.
#[must_use]
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("{:#}\n", document()))
}

pub(crate) async fn openapi(request: Request) -> Result<Response, ApiError> {
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text()).into_response())
}

fn paths() -> Value {
    let mut paths = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path).or_insert_with(|| Value::Object(Map::new()));
        path[operation.method] = operation.document();
    }
    paths.into()
}

/// The name of the response that a status has.
fn refusal_name(status: u16) -> String {
    format!("Refusal{status}")
}

/// One response a status: all codes that have it.
fn refusals() -> Value {
    let mut refusals = Map::new();
    for status in statuses() {
        let codes: Vec<_> = Code::ALL.into_iter().filter(|code| code.status().as_u16() == status).collect();
        let names: Vec<_> = codes.iter().map(|code| code.name()).collect();
        let mut headers = Map::new();
        for (name, value) in codes.iter().filter_map(|code| code.header()) {
            let schema = json!({ "type": "string", "const": value });
            headers.insert(name.as_str().to_owned(), json!({ "required": true, "schema": schema }));
        }
        let schema = json!({ "allOf": [
            { "$ref": "#/components/schemas/Error" },
            { "properties": { "error": { "properties": { "code": { "enum": names } } } } },
        ]});
        let mut response = json!({
            "description": names.join(", "),
            "content": { "application/json": { "schema": schema } },
        });
        if !headers.is_empty() {
            response["headers"] = headers.into();
        }
        refusals.insert(refusal_name(status), response);
    }
    refusals.into()
}

fn statuses() -> Vec<u16> {
    let mut statuses: Vec<_> = Code::ALL.into_iter().map(|code| code.status().as_u16()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_in_the_document() {
        let document = document();
        let told: BTreeSet<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let served: BTreeSet<_> = crate::app::routes().into_iter().map(|(path, _)| path).collect();
        assert_eq!(told, served);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, document: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(to)) = members.get("$ref") {
                        let found = document.pointer(to.strip_prefix('#').unwrap());
                        assert!(found.is_some(), "{to}");
                    }
                    members.values().for_each(|member| walk(member, document));
                }
                Value::Array(elements) => elements.iter().for_each(|element| walk(element, document)),
                _ => {}
            }
        }
        let document = document();
        walk(&document, &document);
    }
}
