//! Older generations: a v5 object, brought down by the same tables that the documents come from.

use serde_json::{Map, Value};

use super::definition::{Definition, Presence, Shape, Type};
use super::{Version, table};

/// Turns one v5 object into one of an older generation, in place: members that its definition does not have are
/// removed at every level, and v1 gets the copies of the executable's facts that only it has.
pub fn down_convert(event: &mut Value, version: Version) {
    if version < Version::V5 {
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
