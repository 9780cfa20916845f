//! Every event that a test looks at is what the schemas say, in each of the five generations.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::recorder::Recorder;

const VERSIONS: [&str; 5] = ["v1", "v2", "v3", "v4", "v5"];
static VALIDATORS: OnceLock<[Validator; 5]> = OnceLock::new();

/// Fails if an event that fits is not valid, with formats checked, by the schema that the recorder serves (which has
/// the structure of the published one: the event crate's tests). Returns how many were looked at in each generation.
pub(crate) fn valid(recorder: &Recorder, filters: &str) -> usize {
    let validators = VALIDATORS.get_or_init(|| {
        VERSIONS.map(|version| {
            let schema = recorder.get(&format!("/schema/{version}"));
            jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
        })
    });
    let mut seen = [0; 5];
    for ((version, validator), seen) in VERSIONS.iter().zip(validators).zip(&mut seen) {
        let mut cursor = String::new();
        loop {
            let page =
                recorder.get(&format!("/events?order=asc&schema={version}&limit=1000&{filters}{cursor}"));
            for event in page["events"].as_array().unwrap() {
                *seen += 1;
                check(version, validator, event);
            }
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
    }
    assert!(seen.iter().all(|count| *count == seen[0]), "each generation has the same events: {seen:?}");
    seen[0]
}

fn check(version: &str, validator: &Validator, event: &Value) {
    if validator.is_valid(event) {
        return;
    }
    let errors: Vec<_> =
        validator.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path())).collect();
    panic!("no valid {version}: {errors:#?}\n{event:#}");
}
