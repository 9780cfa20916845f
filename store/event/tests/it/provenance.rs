//! What was found out about executables, as it is rendered.

use std::sync::Arc;

use event::render::{Subject, to_json};
use event::schema::{Rendering, Version};
use event::{HashState, Image, Kind, Package, Provenance};
use serde_json::{Value, json};

use crate::sample::cases;
use crate::structure::published;

/// The exec of the samples, with something known of its executable.
fn exec(state: HashState, sha256: Option<[u8; 32]>, package: Option<Package>, version: Version) -> Value {
    let case = cases().into_iter().find(|case| case.event.kind == Kind::Exec).unwrap();
    let mut image = Image::clone(case.image.as_ref().unwrap());
    let file = image.executable.facts.as_ref().unwrap().identity().unwrap();
    image.executable.provenance = Some(Arc::new(Provenance { file, state, sha256, package }));
    let subject = Subject {
        id: 1,
        event: &case.event,
        context: &case.context,
        image: Some(&image),
        ancestors: &[],
        ancestors_truncated: false,
        other: None,
    };
    let value = to_json(&subject, Rendering::Schema(version)).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&published(version)).unwrap();
    assert!(validator.is_valid(&value), "{version:?}: {value:#}");
    value
}

#[test]
fn hash_and_package_are_in_the_file_and_the_executable_of_the_newest_generation() {
    let package = Package { name: "coreutils".to_owned(), version: "9.1-1".to_owned() };
    let value = exec(HashState::Done, Some([0xab; 32]), Some(package), Version::V5);
    for file in [&value["file"], &value["process"]["executable"]] {
        assert_eq!(file["hashes"], json!([format!("sha256:{}", "ab".repeat(32))]));
        assert_eq!(file["hash_state"], "Done");
        assert_eq!((&file["package_name"], &file["package_version"]), (&json!("coreutils"), &json!("9.1-1")));
    }
}

#[test]
fn why_there_is_no_hash_is_told_and_older_generations_have_no_room_for_it() {
    let value = exec(HashState::FileTooBig, None, None, Version::V5);
    assert_eq!(value["file"]["hash_state"], "FileTooBig");
    assert_eq!((value["file"].get("hashes"), value["file"].get("package_name")), (None, None));
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        let value = exec(HashState::Done, Some([1; 32]), None, version);
        assert_eq!(
            (value["file"].get("hashes"), value["file"].get("hash_state")),
            (None, None),
            "{version:?}"
        );
    }
}
