//! Programs as a person would start them.

use serde_json::Value;

use super::text::argument;

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
