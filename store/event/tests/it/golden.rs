//! Events of every kind in every rendering, against `golden/RENDERING/CASE.txt`.
//! `REGENERATE_GOLDEN=1 cargo test -p event` writes the files anew; the difference is then for a reader to judge.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use event::render::{Ancestor, Other, Subject, to_json, write_json};
use event::schema::{Rendering, Version, document};
use event::{Context, Image, Kind};
use serde_json::Value;

use crate::sample::{Case, cases};
use crate::structure::published;

fn lineage(entries: &[(Context, Option<Arc<Image>>)]) -> Vec<Ancestor<'_>> {
    entries.iter().map(|(context, image)| Ancestor { context, image: image.as_deref() }).collect()
}

fn with_subject<T>(case: &Case, use_it: impl FnOnce(&Subject<'_>) -> T) -> T {
    let ancestors = lineage(&case.ancestors);
    let others = case.other.as_ref().map(|other| lineage(&other.ancestors)).unwrap_or_default();
    use_it(&Subject {
        id: 42,
        event: &case.event,
        context: &case.context,
        image: case.image.as_deref(),
        ancestors: &ancestors,
        ancestors_truncated: case.truncated,
        other: case.other.as_ref().map(|other| Other {
            context: &other.context,
            image: other.image.as_deref(),
            ancestors: &others,
            ancestors_truncated: false,
        }),
    })
}

fn render(case: &Case, rendering: Rendering) -> Value {
    with_subject(case, |subject| to_json(subject, rendering).unwrap())
}

/// One member a line, of the event and of its process. The lineage is the same in all cases, and shown in few.
fn lines(event: &Value) -> String {
    let with_lineage = matches!(event["evt"]["name"].as_str(), Some("fork" | "exec" | "exit"));
    let mut text = String::from("{\n");
    for (name, value) in event.as_object().unwrap() {
        if name == "process" {
            text.push_str("\"process\": {\n");
            for (name, value) in value.as_object().unwrap() {
                if !with_lineage && matches!(name.as_str(), "parent" | "ancestors") {
                    continue;
                }
                writeln!(text, "  \"{name}\": {value},").unwrap();
            }
            text.push_str("},\n");
        } else {
            writeln!(text, "\"{name}\": {value},").unwrap();
        }
    }
    text + "}\n"
}

#[test]
fn each_event_is_rendered_as_the_golden_files_say() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden");
    let regenerate = std::env::var_os("REGENERATE_GOLDEN").is_some();
    for rendering in Rendering::ALL {
        for case in cases() {
            let path = directory.join(rendering.name()).join(format!("{}.txt", case.name));
            let rendered = lines(&render(&case, rendering));
            if regenerate {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &rendered).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(rendered, golden, "{}", path.display());
        }
    }
}

#[test]
fn each_event_is_valid_in_each_generation() {
    for version in Version::ALL {
        let validator =
            jsonschema::options().should_validate_formats(true).build(&published(version)).unwrap();
        for case in cases() {
            let rendered = render(&case, Rendering::Schema(version));
            let errors: Vec<_> =
                validator.iter_errors(&rendered).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{} as {version}: {errors:#?}", case.name);
        }
    }
}

#[test]
fn the_validator_notices_what_does_not_belong() {
    let validator =
        jsonschema::options().should_validate_formats(true).build(&document(Version::V5)).unwrap();
    let sound = render(&cases()[0], Rendering::default());
    assert!(validator.is_valid(&sound));
    for (pointer, value) in [("/date", Value::from("yesterday")), ("/process/uid", Value::from("root"))] {
        let mut wrong = sound.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
    let full = render(&cases()[0], Rendering::Full);
    assert!(!validator.is_valid(&full));
}

#[test]
fn each_kind_has_a_case() {
    let cases = cases();
    for kind in Kind::ALL {
        assert!(cases.iter().any(|case| case.event.kind == kind), "{}", kind.name());
    }
}

#[test]
fn full_is_v5_and_one_key_more() {
    for case in cases() {
        let mut full = render(&case, Rendering::Full);
        let extra = full.as_object_mut().unwrap().shift_remove("tacho").unwrap();
        assert_eq!(extra["id"], 42);
        assert_eq!(extra["process_id"], case.context.process.to_string());
        assert_eq!(full, render(&case, Rendering::default()), "{}", case.name);
    }
}

#[test]
fn writing_and_building_give_the_same() {
    for rendering in Rendering::ALL {
        for case in cases() {
            let mut written = Vec::new();
            with_subject(&case, |subject| write_json(&mut written, subject, rendering)).unwrap();
            assert!(!written.contains(&b'\n'));
            assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), render(&case, rendering));
        }
    }
}

/// An owner that the schema demands and nobody knows is 0, and then there is a mark beside it.
#[test]
fn an_unknown_owner_is_always_marked() {
    fn check(value: &Value, name: &str) {
        if let Value::Object(members) = value {
            let a_file = members.contains_key("uid") && !members.contains_key("credentials");
            let credentials = members.contains_key("euid");
            if a_file && !credentials && members["uid"] == 0 && members["gid"] == 0 {
                assert!(members.contains_key("path_resolution_error"), "{name}: {value}");
            }
            members.values().for_each(|member| check(member, name));
        } else if let Value::Array(elements) = value {
            for element in elements {
                check(element, name);
            }
        }
    }
    for case in cases() {
        check(&render(&case, Rendering::default()), case.name);
    }
}

#[test]
fn a_run_of_one_image_keeps_its_arguments_on_the_oldest_entry_only() {
    let case = cases().into_iter().find(|case| case.name == "open").unwrap();
    let rendered = render(&case, Rendering::default());
    let ancestors = &rendered["process"]["ancestors"];
    assert_eq!(rendered["process"]["args"], serde_json::json!(["script.py", "--flag"]));
    assert_eq!(ancestors[0]["args"], serde_json::json!(["-c", "script.py"]));
    for absent in ["args", "argv0", "envs"] {
        assert!(ancestors[1].get(absent).is_none(), "{absent}");
    }
    assert_eq!(ancestors[2]["args"], serde_json::json!(["-i"]));
    assert_eq!(rendered["process"]["parent"], ancestors[0]);
    assert_eq!(ancestors[0]["exit_time"], rendered["process"]["exec_time"]);
    assert!(ancestors[1].get("exit_time").is_none());
}

fn of(name: &str, rendering: Rendering) -> Value {
    render(&cases().into_iter().find(|case| case.name == name).unwrap(), rendering)
}

/// The schema's publisher gives the target the ancestors of who sends.
#[test]
fn the_target_of_a_signal_and_a_tracee_have_ancestors_of_their_own() {
    for (name, pointer) in [("signal", "/signal/target"), ("ptrace", "/ptrace/tracee")] {
        let rendered = of(name, Rendering::default());
        let other = rendered.pointer(pointer).unwrap();
        assert_eq!((&other["pid"], &other["parent"]["pid"]), (&80.into(), &1.into()), "{name}");
        assert_eq!(other["ancestors"], serde_json::json!([other["parent"]]), "{name}");
        assert_eq!(rendered["process"]["parent"]["pid"], 70, "{name}");
    }
}

#[test]
fn a_mount_is_an_object_of_its_own_in_v5_and_a_file_before() {
    let newest = of("mount_bind", Rendering::default());
    assert!(newest.get("file").is_none());
    assert_eq!(newest["mount"]["mountpoint.path"], "/srv/www");
    assert!(newest["mount"].get("group_id").is_none(), "v5 has no place for it");
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        let older = of("mount_bind", Rendering::Schema(version));
        assert!(older.get("mount").is_none(), "{version}");
        let file = &older["file"];
        assert_eq!(
            (&file["path"], &file["destination"]["path"]),
            (&"/home/alice/www".into(), &"/srv/www".into())
        );
        assert_eq!((&file["new_mount_id"], &file["group_id"]), (&41.into(), &7.into()));
        assert_eq!((&file["device"], &file["fstype"]), (&0x0080_0001.into(), &"ext4".into()));
    }
}

#[test]
fn first_uses_of_syscalls_are_told_twice_and_have_no_outcome() {
    let rendered = of("syscalls", Rendering::default());
    assert_eq!(rendered["syscalls"][2], serde_json::json!({"name": "openat", "id": 257}));
    assert_eq!(rendered["process"]["syscalls"], rendered["syscalls"]);
    assert!(rendered["evt"].get("outcome").is_none());
}

#[test]
fn a_layer_is_told_of_overlayfs_only() {
    for (name, layer) in [("open_upper", Some(true)), ("open_lower", Some(false)), ("open", None)] {
        let rendered = of(name, Rendering::default());
        assert_eq!(rendered["file"].get("in_upper_layer").and_then(Value::as_bool), layer, "{name}");
        let origin = if layer.is_some() { "event" } else { "procfs" };
        assert_eq!(rendered["file"]["mount_origin"], origin, "{name}");
    }
}
