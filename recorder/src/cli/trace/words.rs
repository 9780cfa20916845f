//! Edges and nodes in words.

use serde_json::{Value, json};

use crate::cli::{program::command_line, style::sgr, text::escape, what::exit, zone::Zone};

/// What a node has to do with another: of the one that does it, and of the one it is done to.
pub(super) fn relation(word: &str, doing: bool) -> Option<&'static str> {
    Some(match (word, doing) {
        ("wrote", true) => "wrote",
        ("wrote", false) => "written by",
        ("read", true) => "read",
        ("read", false) => "read by",
        ("changed", true) => "changed",
        ("changed", false) => "changed by",
        ("removed", true) => "removed",
        ("removed", false) => "removed by",
        ("renamed", true) => "gave a file the name",
        ("renamed", false) => "given this name by",
        ("linked", true) => "made the link",
        ("linked", false) => "linked by",
        ("became", true) => "became",
        ("became", false) => "was before",
        ("same_file", _) => "is also",
        ("executed", true) => "ran",
        ("executed", false) => "run by",
        ("started", true) => "started",
        ("started", false) => "started by",
        ("connected", true) => "connected to",
        ("connected", false) => "connected to by",
        ("accepted", true) => "accepted a connection from",
        ("accepted", false) => "accepted by",
        _ => return None,
    })
}

/// A node as a person would say it, and its colour. A brief one has no times.
pub(super) fn node(node: &Value, zone: Zone, brief: bool) -> (String, &'static str) {
    match node["kind"].as_str() {
        Some("process") => (process(&node["process"], zone, brief), sgr::GREEN),
        Some("file") => (escape(node["path"].as_str().unwrap_or("?")).into_owned(), sgr::BOLD),
        Some("endpoint") => {
            let ip = escape(node["ip"].as_str().unwrap_or("?"));
            let port = &node["port"];
            (if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }, sgr::MAGENTA)
        }
        _ => (escape(node["id"].as_str().unwrap_or("?")).into_owned(), sgr::PLAIN),
    }
}

fn process(process: &Value, zone: Zone, brief: bool) -> String {
    if process["recorded"] == Value::Bool(false) {
        return format!("{} (nothing else is recorded of it)", process["pid"]);
    }
    let image = json!({ "executable": { "path": process["executable"] }, "args": process["args"] });
    let what = match (process["executable"].as_str(), process["comm"].as_str()) {
        (Some(_), _) => command_line(&image),
        (None, Some(comm)) => format!("[{}]", escape(comm)),
        (None, None) => "(unknown program)".to_owned(),
    };
    let mut text = format!("{} {what}", process["pid"]);
    if let Some(user) = process["user"].as_str().filter(|user| !user.is_empty()) {
        text = format!("{text}  {}", escape(user));
    }
    if let Some(start) = process["start"].as_str().filter(|_| !brief) {
        text = format!("{text}  since {}", zone.second(start));
    }
    if process["exit"].is_object() {
        text = format!("{text}  {}", exit(&process["exit"]["cause"], &process["exit"]["code"]));
    }
    if process["parent"] == "unknown" {
        text = format!("{text}  (parent {} unknown)", process["ppid"]);
    }
    text
}
