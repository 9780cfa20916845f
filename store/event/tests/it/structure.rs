//! The documents against the structure of the published schemas (names, types, what is required, references), frozen
//! in `schemas/`.

use event::schema::{Version, document};
use serde_json::Value;

/// The published structure of a generation.
pub(crate) fn published(version: Version) -> Value {
    let text = match version {
        Version::V1 => include_str!("schemas/v1.json"),
        Version::V2 => include_str!("schemas/v2.json"),
        Version::V3 => include_str!("schemas/v3.json"),
        Version::V4 => include_str!("schemas/v4.json"),
        Version::V5 => include_str!("schemas/v5.json"),
    };
    serde_json::from_str(text).unwrap()
}

/// `required` is a set: its order carries nothing.
fn with_sorted_sets(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                *member = with_sorted_sets(member.take());
                if let (true, Value::Array(elements)) = (name == "required", member) {
                    elements.sort_by_key(ToString::to_string);
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                *element = with_sorted_sets(element.take());
            }
        }
        _ => {}
    }
    value
}

#[test]
fn each_document_has_the_published_structure() {
    for version in Version::ALL {
        let (ours, theirs) = (with_sorted_sets(document(version)), with_sorted_sets(published(version)));
        assert_eq!(ours, theirs, "{version}");
    }
}

#[test]
fn each_document_is_a_valid_schema() {
    for version in Version::ALL {
        assert!(jsonschema::meta::is_valid(&document(version)), "{version}");
    }
}

#[test]
fn versions_are_named_v1_to_v5() {
    for version in Version::ALL {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
    for wrong in ["", "v0", "v6", "V5", "5", "full", " v5"] {
        assert!(wrong.parse::<Version>().is_err(), "{wrong:?}");
    }
}
