//! The table of parameters, as OpenAPI writes it.

use event::schema::Rendering;
use event::{Category, Kind, Outcome};
use serde_json::{Map, Value, json};
use store::By;

use crate::limits::{
    MAX_BUCKETS, MAX_LIMIT, MAX_TOP, MAX_TRACE_DEPTH, MAX_TRACE_FANOUT, MAX_VALUE, MAX_VALUES,
};
use crate::params::{Endpoint, Form, PARAMS, Param};
use crate::time;

/// Relative times, `now`, and times of today; the other form is a date.
const TIME_PATTERN: &str = r"^(now|([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|-([0-9]{1,5}(ms|s|m|h|d|w)){1,4}|([0-9]{1,5}(ms|s|m|h|d|w)){1,4} ago)$";

/// What can be referred to: all of the table. Names that mean the same wherever they are used have one entry.
pub(super) fn components() -> Value {
    PARAMS.iter().map(|param| (param.name.to_owned(), document(param))).collect::<Map<_, _>>().into()
}

/// Those of an endpoint.
pub(super) fn of(endpoint: Endpoint) -> Vec<Value> {
    PARAMS
        .iter()
        .filter(|param| param.on.contains(&endpoint))
        .map(|param| json!({ "$ref": format!("#/components/parameters/{}", param.name) }))
        .collect()
}

fn document(param: &Param) -> Value {
    let one = schema(param);
    let mut description = param.help.to_owned();
    let schema = match param.form {
        Form::One => one,
        Form::Many | Form::Paths => {
            description += match param.form {
                Form::Paths => {
                    ". Repeated, or with commas where a path begins after one (`/` or `*`): any of them"
                }
                _ => ". Repeated, or with commas: any of them",
            };
            json!({ "type": "array", "items": one, "minItems": 1, "maxItems": MAX_VALUES })
        }
    };
    json!({ "name": param.name, "in": "query", "description": description, "schema": schema })
}

/// How one value is written, by what stands for it in help texts.
fn schema(param: &Param) -> Value {
    let up_to = |max: usize| json!({ "type": "integer", "minimum": 1, "maximum": max });
    match (param.name, param.value) {
        ("limit", _) => up_to(MAX_LIMIT),
        ("buckets", _) => up_to(MAX_BUCKETS),
        ("top", _) => up_to(MAX_TOP),
        ("depth", _) => up_to(MAX_TRACE_DEPTH),
        ("fanout", _) => up_to(MAX_TRACE_FANOUT),
        ("by", _) => words(By::ALL.map(By::name)),
        ("port", _) => number(u16::MAX.into()),
        ("id", _) => number(u64::MAX),
        (_, "N") => number(u32::MAX.into()),
        ("process" | "parent", _) => json!({ "type": "string", "pattern": "^[0-9a-f]{56}$" }),
        (_, "true|false") => json!({ "type": "boolean" }),
        (_, "TIME") => json!({
            "description": time::FORMS,
            "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "pattern": TIME_PATTERN }],
            "examples": ["-15m", "2h ago", "now", "03:04", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00"],
        }),
        (_, "ADDR") => {
            json!({ "anyOf": [{ "type": "string", "format": "ipv4" }, { "type": "string", "format": "ipv6" }],
                "examples": ["127.0.0.1", "::1"] })
        }
        (_, "MEMBER") => json!({ "type": "string", "pattern": r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+){0,7}$",
            "examples": ["date", "evt.name"] }),
        (_, "KIND") => words(Kind::ALL.map(Kind::name)),
        (_, "CATEGORY") => words(Category::ALL.map(Category::name)),
        (_, "OUTCOME") => words(Outcome::ALL.map(Outcome::name)),
        ("schema", _) => words(Rendering::ALL.map(Rendering::name)),
        (_, "PATH") => text(&["/etc/passwd", "/usr/**", "**/id_rsa"]),
        (_, "CURSOR") => json!({ "type": "string", "pattern": "^[0-9a-f]+$", "maxLength": MAX_VALUE }),
        (_, choice) if choice.contains('|') => words(choice.split('|')),
        _ => text(&["root"]),
    }
}

fn number(max: u64) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": max })
}

fn words(words: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// Bytes count, not characters; a comma would separate two.
fn text(examples: &[&str]) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": MAX_VALUE, "pattern": "^[^,]+$", "examples": examples })
}
