//! Older generations: a v5 object, brought down by the same tables that the documents come from.

use serde_json::{Map, Value};

use super::definition::{Definition, Presence, Shape, Type};
use super::{Version, table};

/// Turns one v5 object into one of an older generation, in place: members that its definition does not have are
/// removed at every level, a mount goes where it was before it had an object, and v1 gets the copies of the executable's
/// facts that only it has.
pub fn down_convert(event: &mut Value, version: Version) {
    if version < Version::V5 {
        mount_as_file(event);
        convert(event, &table::EVENT, version);
    }
}

fn convert(value: &mut Value, definition: &'static Definition, version: Version) {
    match (&definition.shape, value) {
        (Shape::Object(fields), Value::Object(members)) => {
            if version == Version::V1 && is_process(definition) {
                copy_executable(members);
            }
            members.retain(|name, member| {
                let Some(field) = fields.iter().find(|field| field.name == name) else { return false };
                if field.in_version(version) == Presence::Absent {
                    return false;
                }
                match &field.holds {
                    Type::One(inner) => convert(member, inner, version),
                    Type::Many(inner) => {
                        for element in member.as_array_mut().into_iter().flatten() {
                            convert(element, inner, version);
                        }
                    }
                    _ => {}
                }
                true
            });
        }
        (Shape::List(element), Value::Array(elements)) => {
            for member in elements {
                convert(member, element, version);
            }
        }
        _ => {}
    }
}

/// Before v5 `file` is the root of the new mount, and its `destination` the mount point. Next to `mount`, v5 objects that
/// are to be brought down may have `group_id`, which only the older ones have a place for.
fn mount_as_file(event: &mut Value) {
    const MOVES: [(&str, &str); 5] = [
        ("mp", "destination"),
        ("mount_id", "new_mount_id"),
        ("group_id", "group_id"),
        ("device", "device"),
        ("fs_type", "fstype"),
    ];
    let Some(members) = event.as_object_mut() else { return };
    let Some(Value::Object(mut mount)) = members.shift_remove("mount") else { return };
    let Some(Value::Object(mut file)) = mount.shift_remove("root") else { return };
    // These generations leave out a number that is not known.
    let known = |value: &Value| value.as_u64() != Some(0);
    file.extend(MOVES.iter().filter_map(|(from, to)| {
        mount.shift_remove(*from).filter(known).map(|value| ((*to).to_owned(), value))
    }));
    members.insert("file".to_owned(), file.into());
}

fn is_process(definition: &'static Definition) -> bool {
    std::ptr::eq(definition, &raw const table::PROCESS)
        || std::ptr::eq(definition, &raw const table::PROCESS_CONTEXT)
}

/// v1 repeats the executable's path and inode beside the process.
fn copy_executable(process: &mut Map<String, Value>) {
    const COPIES: [(&str, &str); 4] = [
        ("path", "executable_path"),
        ("inode", "executable_inode"),
        ("mount_id", "executable_mount_id"),
        ("filesystem", "executable_filesystem"),
    ];
    let Some(Value::Object(executable)) = process.get("executable") else { return };
    let copies: Vec<_> = COPIES
        .iter()
        .filter_map(|(from, to)| executable.get(*from).map(|fact| ((*to).to_owned(), fact.clone())))
        .collect();
    process.extend(copies);
}
