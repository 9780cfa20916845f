//! Programs as a person would start them.

use serde_json::Value;

use super::text::{argument, escape};

/// Mode bits of a file that runs as its owner, and as its group.
const SETUID: u64 = 0o4000;
const SETGID: u64 = 0o2000;

/// A command line: the first argument, then the others, quoted where a shell would need it.
#[must_use]
pub fn command_line(program: &Value) -> String {
    // The arguments of a script begin with the script: before them goes what ran it.
    let interpreter = program["interpreter"]["path"].as_str();
    let path = interpreter.or_else(|| program["executable"]["path"].as_str());
    let mut line = match (path, program["argv0"].as_str()) {
        // What ran matters more than what it called itself.
        (Some(path), _) if !path.is_empty() => argument(path).into_owned(),
        (_, Some(argv0)) => argument(argv0).into_owned(),
        _ => "(unknown program)".to_owned(),
    };
    for part in program["args"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        line.push(' ');
        line.push_str(&argument(part));
    }
    if program["args_truncated"] == Value::Bool(true) {
        line.push_str(" ...");
    }
    line
}

/// What a program is that runs as somebody else than who starts it.
#[must_use]
pub fn mark(image: &Value) -> Option<&'static str> {
    let mode = image["executable"]["mode"].as_u64().unwrap_or(0);
    match (mode & SETUID, mode & SETGID) {
        (0, 0) => None,
        (0, _) => Some("[setgid]"),
        _ => Some("[setuid]"),
    }
}

/// The command line of the present image; for a process that never executed its parent's program in brackets, as
/// ps writes kernel threads.
#[must_use]
pub fn of(process: &Value) -> String {
    let images = process["images"].as_array().map_or(&[][..], Vec::as_slice);
    match images.last() {
        Some(image) => command_line(image),
        None => match process["comm"].as_str() {
            Some(comm) if !comm.is_empty() => format!("[{}]", escape(comm)),
            _ => "(unknown program)".to_owned(),
        },
    }
}
