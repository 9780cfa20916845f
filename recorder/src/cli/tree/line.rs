//! One process in a line.

use serde_json::Value;

use crate::cli::{
    program::{self, command_line, mark},
    span::{between, nanos},
    style::{Style, sgr},
    text::{escape, fit, width},
    what::exit,
    zone::Zone,
};

/// Columns that a program gets at least, before facts give way.
const PROGRAM: usize = 20;
/// Digits of a container's id, as its tools show them.
const CONTAINER: usize = 12;
/// Where a process stands: what is said of it depends on what is above.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) root: bool,
    /// The parent, to say of users only where they change.
    parent: Option<&'a Value>,
    container: &'a str,
    /// When the parent started.
    start: &'a str,
    zone: Zone,
}

impl<'a> Place<'a> {
    pub(super) const fn root(zone: Zone) -> Self {
        Self { root: true, parent: None, container: "", start: "", zone }
    }

    /// Of the children of a process.
    pub(super) fn below(self, process: &'a Value) -> Self {
        let start = process["start"].as_str().unwrap_or("");
        Self { root: false, parent: Some(process), container: container(process), start, zone: self.zone }
    }
}

/// What is said of a process besides its program. Those of the lowest rank give way first.
struct Fact {
    colour: &'static str,
    text: String,
    rank: u8,
}

/// pid, program, what changed, start, and the end or that it is alive.
pub(super) fn line(style: Style, node: &Value, place: Place<'_>, front: &str) -> String {
    let process = &node["process"];
    let pid = process["pid"].as_u64().map_or_else(|| "?".to_owned(), |pid| pid.to_string());
    let mut facts = facts(node, place);
    let used = |facts: &[Fact]| -> usize {
        let facts: usize = facts.iter().map(|fact| width(&fact.text) + 2).sum();
        width(front) + pid.len() + 1 + facts
    };
    let mut what = program::of(process);
    if let Some(columns) = style.columns {
        let wanted = width(&what).min(PROGRAM);
        while used(&facts) + wanted > columns
            && let Some((weakest, _)) = facts.iter().enumerate().min_by_key(|(_, fact)| fact.rank)
            && facts[weakest].rank < u8::MAX
        {
            facts.remove(weakest);
        }
        what = fit(&what, columns.saturating_sub(used(&facts)).max(1)).into_owned();
    }
    let ended = !process["exit"].is_null();
    let what = style.paint(if ended { sgr::DIM } else { sgr::BOLD }, &what);
    let facts: String =
        facts.iter().fold(String::new(), |line, fact| line + "  " + &style.paint(fact.colour, &fact.text));
    format!("{front}{pid} {what}{facts}")
}

fn facts(node: &Value, place: Place<'_>) -> Vec<Fact> {
    let process = &node["process"];
    let mut facts = Vec::new();
    let mut put = |colour, text: String, rank| {
        if !text.is_empty() {
            facts.push(Fact { colour, text, rank });
        }
    };
    let images = process["images"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(mark) = images.last().and_then(mark) {
        put(sgr::RED, mark.to_owned(), 9);
    }
    if let Some((before, own)) = users(process, place) {
        // Of who becomes root nobody shall be in doubt.
        let root = process["uid"] == 0 || own == "root";
        match before {
            Some(before) => {
                put(
                    if root { sgr::RED } else { sgr::CYAN },
                    format!("{before} -> {own}"),
                    if root { 8 } else { 5 },
                );
            }
            None => put(sgr::CYAN, own, 5),
        }
    }
    if container(process) != place.container {
        let id: String = container(process).chars().take(CONTAINER).collect();
        let text =
            if id.is_empty() { "outside of it".to_owned() } else { format!("container {}", escape(&id)) };
        put(sgr::CYAN, text, 4);
    }
    put(sgr::YELLOW, above(node, place), 6);
    if process["source"] == "placeholder" {
        put(sgr::YELLOW, "seen by its pid only".to_owned(), 3);
    }
    if let Some(at) = process["orphaned"].as_str() {
        put(sgr::DIM, format!("orphaned {}", place.zone.second(at)), 1);
    }
    let span = match (node["came"].as_bool(), node["went"].as_bool()) {
        (Some(true), Some(true)) => "came and went",
        (Some(true), _) => "came",
        (_, Some(true)) => "went",
        _ => "",
    };
    put(sgr::CYAN, span.to_owned(), 2);
    put(sgr::DIM, started(process, place), 1);
    let end = &process["exit"];
    if end.is_null() {
        put(sgr::GREEN, "alive".to_owned(), 7);
    } else {
        let failed = !(end["cause"] == "EXITED" && end["code"].as_u64() == Some(0));
        let lasted = between(&process["start"], &end["time"]).map(|time| format!(" after {time}"));
        let colour = if failed { sgr::RED } else { sgr::DIM };
        put(colour, format!("{}{}", exit(&end["cause"], &end["code"]), lasted.unwrap_or_default()), u8::MAX);
    }
    facts
}

/// The user, and the parent's, if it is another. Names may be unknown where the ids are not.
fn users(process: &Value, place: Place<'_>) -> Option<(Option<String>, String)> {
    let name = |process: &Value| match (process["user"].as_str(), process["uid"].as_u64()) {
        (Some(name), _) if !name.is_empty() => Some(escape(name).into_owned()),
        (_, uid) => uid.map(|uid| format!("uid {uid}")),
    };
    let own = name(process)?;
    let Some(parent) = place.parent else { return Some((None, own)) };
    let same = match (&parent["uid"], &process["uid"]) {
        (Value::Number(before), Value::Number(now)) => before == now,
        _ => parent["user"] == process["user"],
    };
    if same { None } else { Some((name(parent), own)) }
}

/// The day is said where it is another than the parent's.
fn started(process: &Value, place: Place<'_>) -> String {
    const DAY: usize = "2026-01-02 ".len();
    let Some(start) = process["start"].as_str() else { return String::new() };
    let (start, above) = (place.zone.second(start), place.zone.second(place.start));
    match (start.get(..DAY), above.get(..DAY)) {
        (Some(day), Some(before)) if day == before => start[DAY..].to_owned(),
        _ => start,
    }
}

/// Why nobody is above a root.
fn above(node: &Value, place: Place<'_>) -> String {
    let process = &node["process"];
    let ppid = process["ppid"].as_u64().unwrap_or(0);
    match node["above"].as_str() {
        _ if !place.root => String::new(),
        Some("unknown") => format!("parent {ppid} unknown"),
        Some("outside") => format!("child of {ppid}"),
        None if process["parent_id"].is_null() && ppid != 0 => format!("parent {ppid} unknown"),
        _ => String::new(),
    }
}

/// Programs that the process was before, newest first; not the one that its parent was when it was forked.
pub(super) fn earlier_images(process: &Value, zone: Zone) -> impl Iterator<Item = String> {
    let images = process["images"].as_array().map_or(&[][..], Vec::as_slice);
    let earlier = images.len().saturating_sub(1);
    let own = user(process);
    let born = nanos(&process["start"]);
    let own_exec = move |image: &&Value| match (nanos(&image["exec_time"]), born) {
        (Some(exec), Some(born)) => exec >= born,
        _ => true,
    };
    images[..earlier].iter().rev().filter(own_exec).map(move |image| {
        let mut text = format!("was {}", command_line(image));
        if let Some(mark) = mark(image) {
            text = format!("{text}  {mark}");
        }
        if let Some(user) = image["user"].as_str()
            && user != own
        {
            text = format!("{text}  as {}", escape(user));
        }
        match image["exec_time"].as_str() {
            Some(time) => format!("{text}  since {}", zone.second(time)),
            None => text,
        }
    })
}

fn user(process: &Value) -> &str {
    process["user"].as_str().unwrap_or("")
}

fn container(process: &Value) -> &str {
    process["container"]["id"].as_str().or(process["container"].as_str()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(node: &Value, columns: usize) -> String {
        line(Style { colour: false, columns: Some(columns) }, node, Place::root(Zone::Utc), "")
    }

    #[test]
    fn an_unknown_parent_is_said() {
        let mut node = json!({"process": {"pid": 5, "ppid": 4, "parent_id": null}});
        assert!(of(&node, 120).contains("parent 4 unknown"));
        node["above"] = json!("outside");
        assert!(of(&node, 120).contains("child of 4"));
        node["above"] = json!("none");
        assert!(!of(&node, 120).contains("parent"));
    }

    #[test]
    fn who_becomes_root_and_by_which_program_is_marked() {
        let image = json!({"executable": {"path": "/usr/bin/sudo", "mode": 0o104_755}});
        let node = json!({"process": {"pid": 5, "user": "root", "uid": 0, "images": [image]}});
        let parent = json!({"user": "alice", "uid": 1000});
        let style = Style { colour: false, columns: None };
        let text = line(style, &node, Place::root(Zone::Utc).below(&parent), "");
        assert!(text.contains("[setuid]  alice -> root"), "{text}");
    }

    #[test]
    fn a_user_without_a_name_is_the_same_if_the_id_is() {
        let style = Style { colour: false, columns: None };
        let told = |user: &str, uid: u32| {
            let (node, parent) =
                (json!({"process": {"pid": 5, "user": user, "uid": uid}}), json!({"user": "root", "uid": 0}));
            line(style, &node, Place::root(Zone::Utc).below(&parent), "")
        };
        assert!(!told("", 0).contains("->"), "{}", told("", 0));
        assert!(told("", 7).contains("root -> uid 7"), "{}", told("", 7));
    }

    #[test]
    fn the_program_that_came_with_the_fork_is_the_parents() {
        let image = |path: &str, second: u32| json!({"executable": {"path": path}, "exec_time": format!("2026-01-02T03:04:{second:02}Z")});
        let process = json!({"start": "2026-01-02T03:04:05Z",
            "images": [image("/bin/bash", 1), image("/bin/sh", 6), image("/bin/vi", 7)]});
        let earlier: Vec<_> = earlier_images(&process, Zone::Utc).collect();
        assert_eq!(earlier, ["was /bin/sh  since 2026-01-02 03:04:06"]);
    }

    #[test]
    fn who_came_and_went_in_a_span_is_said() {
        let node = json!({"process": {"pid": 5}, "came": true, "went": true});
        assert!(of(&node, 120).contains("came and went"));
    }

    #[test]
    fn on_a_narrow_terminal_the_end_outlives_other_facts() {
        let node = json!({"process": {"pid": 5, "user": "a-rather-long-name", "start": "2026-01-02T03:04:05Z",
            "images": [{"executable": {"path": "/usr/bin/some/program"}}],
            "exit": {"time": "2026-01-02T03:04:06Z", "cause": "EXITED", "code": 3}}});
        assert_eq!(of(&node, 44), "5 /usr/bin/s\u{2026}e/program  status 3 after 1.0 s");
        assert!(of(&node, 100).contains("a-rather-long-name  2026-01-02 03:04:05"));
    }
}
