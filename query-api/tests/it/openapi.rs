//! The document about the API.

use std::path::Path;

use query_api::openapi;
use serde_json::Value;

use crate::world::World;

#[tokio::test]
async fn it_is_the_committed_one_and_anybody_may_have_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    if std::env::var_os("REGENERATE_DOCS").is_some() {
        std::fs::write(&path, openapi::text()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == openapi::text(),
        "docs/openapi.json is old: run REGENERATE_DOCS=1 cargo test -p query-api openapi"
    );
    let world = World::new();
    assert_eq!(world.json("/openapi.json").await, serde_json::from_str::<Value>(&committed).unwrap());
}

/// By the schema that the OpenAPI Initiative publishes (<https://spec.openapis.org/oas/3.1/schema/2022-10-07>), and each
/// schema in it by JSON Schema's own.
#[test]
fn it_is_valid_openapi() {
    let meta: Value = serde_json::from_str(include_str!("openapi-3.1.schema.json")).unwrap();
    let document = openapi::document();
    let validator = jsonschema::options().should_validate_formats(true).build(&meta).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut broken = document.clone();
    broken["paths"]["/events"]["get"]["responses"]["200"]["description"] = Value::Null;
    assert!(!validator.is_valid(&broken));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
}
