//! JSON Schema documents, out of the tables.

use serde_json::{Map, Value, json};

use super::definition::{Definition, Field, Presence, Shape, Type};
use super::{Version, table};

/// Where the publisher keeps the definitions of a generation, and how the document names itself.
struct Dialect {
    definitions: &'static str,
    head: (&'static str, &'static str),
}

const DRAFT_7: Dialect =
    Dialect { definitions: "definitions", head: ("$schema", "http://json-schema.org/draft-07/schema#") };
const PROBE: Dialect = Dialect {
    definitions: "$defs",
    head: ("$id", "https://github.com/DataDog/datadog-agent/pkg/security/probe/event"),
};
const SERIALIZERS: Dialect = Dialect {
    definitions: "$defs",
    head: ("$id", "https://github.com/DataDog/datadog-agent/tree/main/pkg/security/serializers"),
};

const fn dialect(version: Version) -> &'static Dialect {
    match version {
        Version::V1 | Version::V2 => &DRAFT_7,
        Version::V3 | Version::V4 => &PROBE,
        Version::V5 => &SERIALIZERS,
    }
}

/// The JSON Schema of a generation.
#[must_use]
pub fn document(version: Version) -> Value {
    let mut writer = Writer { version, definitions: Map::new() };
    let Value::Object(top) = writer.body(&table::EVENT) else { return Value::Null };
    let dialect = dialect(version);
    let mut document = Map::new();
    document.insert(dialect.head.0.to_owned(), dialect.head.1.into());
    document.extend(top);
    writer.definitions.sort_keys();
    document.insert(dialect.definitions.to_owned(), writer.definitions.into());
    document.into()
}

struct Writer {
    version: Version,
    definitions: Map<String, Value>,
}

impl Writer {
    /// A reference to a definition, which is added to the document if it is not there.
    fn reference(&mut self, definition: &'static Definition) -> Value {
        let name = definition.name_in(self.version);
        if !self.definitions.contains_key(&name) {
            let body = self.body(definition);
            self.definitions.insert(name.clone(), body);
        }
        json!({ "$ref": format!("#/{}/{name}", dialect(self.version).definitions) })
    }

    fn body(&mut self, definition: &'static Definition) -> Value {
        match &definition.shape {
            Shape::Free => json!({ "type": "object" }),
            Shape::List(element) => json!({ "type": "array", "items": self.reference(element) }),
            Shape::Object(fields) => self.object(fields),
        }
    }

    fn object(&mut self, fields: &'static [Field]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            match field.in_version(self.version) {
                Presence::Absent => continue,
                Presence::Optional => {}
                Presence::Required => required.push(field.name),
            }
            properties.insert(field.name.to_owned(), self.holds(&field.holds));
        }
        let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !required.is_empty() {
            object["required"] = required.into();
        }
        object
    }

    fn holds(&mut self, holds: &Type) -> Value {
        match holds {
            Type::Text => json!({ "type": "string" }),
            Type::Date => json!({ "type": "string", "format": "date-time" }),
            Type::Integer => json!({ "type": "integer" }),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            // The draft-07 generations spell "no restriction" out.
            Type::Anything if self.version <= Version::V2 => json!({ "additionalProperties": true }),
            Type::Anything => json!({}),
            Type::Anythings => json!({ "type": "array", "items": true }),
            Type::TextsByName => json!({
                "type": "object",
                "additionalProperties": { "type": "array", "items": { "type": "string" } },
            }),
            Type::One(definition) => self.reference(definition),
            Type::Many(definition) => json!({ "type": "array", "items": self.reference(definition) }),
        }
    }
}
