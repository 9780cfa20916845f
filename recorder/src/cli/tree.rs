//! `tacho tree`: the process tree, drawn.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde_json::Value;

use super::{
    args::TreeFlags,
    client::Client,
    config::Config,
    gaps,
    program::command_line,
    style::{Style, sgr},
    text::{escape, fit},
    what::exit,
    zone::moment,
};

/// Prints the tree.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &TreeFlags, file: &Config) -> Result<()> {
    let client = Client::open(&flags.source, file)?;
    let mut parameters = flags.filters.parameters(flags.zone.zone())?;
    parameters.extend(flags.at.iter().map(|at| ("at", at.clone())));
    parameters.extend(flags.limit.iter().map(|limit| ("limit", limit.to_string())));
    let document = client.get("/tree", &parameters)?;

    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        draw(&mut out, Style::of_stdout(), &document)?;
    }
    out.flush()?;
    if let Some(limit) = document["cut"]["processes"].as_u64() {
        let _ = writeln!(
            io::stderr(),
            "tacho: only {limit} processes are shown; name a --pid, --at or a span for others"
        );
    }
    let gaps = document["gaps"].as_array().map_or(&[][..], Vec::as_slice);
    gaps::warn(document["complete"] == Value::Bool(false), gaps, flags.zone.zone());
    Ok(())
}

/// A node waiting to be drawn. The stack is ours, so that no chain of processes is too deep to draw.
struct Pending<'a> {
    node: &'a Value,
    /// Guides of the lines above it, drawn in front.
    guides: String,
    last: bool,
    root: bool,
    /// User of the parent, to say only where it changes.
    user: &'a str,
    container: &'a str,
}

fn draw(out: &mut impl Write, style: Style, document: &Value) -> Result<()> {
    let roots = document["roots"].as_array().map_or(&[][..], Vec::as_slice);
    if roots.is_empty() {
        writeln!(out, "no such process")?;
    }
    let mut stack: Vec<_> = roots
        .iter()
        .rev()
        .map(|node| Pending { node, guides: String::new(), last: true, root: true, user: "", container: "" })
        .collect();
    while let Some(pending) = stack.pop() {
        let process = &pending.node["process"];
        let children = pending.node["children"].as_array().map_or(&[][..], Vec::as_slice);
        let (turn, below) = match (pending.root, pending.last) {
            (true, _) => ("", ""),
            (false, true) => ("\u{2514}\u{2500} ", "   "),
            (false, false) => ("\u{251c}\u{2500} ", "\u{2502}  "),
        };
        let below = format!("{}{below}", pending.guides);
        writeln!(out, "{}", line(style, &pending, &format!("{}{turn}", pending.guides)))?;
        let inner = format!("{below}{}", if children.is_empty() { "      " } else { "\u{2502}     " });
        for earlier in earlier_images(process) {
            let text = format!("{inner}was {earlier}");
            let text = style.columns.map_or_else(|| text.clone().into(), |columns| fit(&text, columns));
            writeln!(out, "{}", style.paint(sgr::DIM, &text))?;
        }
        if let Some(hidden) = pending.node["cut"]["processes"].as_u64() {
            writeln!(
                out,
                "{below}{}",
                style.paint(sgr::YELLOW, &format!("... {hidden} more below; --pid shows them"))
            )?;
        }
        for (index, node) in children.iter().enumerate().rev() {
            stack.push(Pending {
                node,
                guides: below.clone(),
                last: index + 1 == children.len(),
                root: false,
                user: user(process),
                container: container(process),
            });
        }
    }
    Ok(())
}

/// pid, program, user and container where they change, start, and the end or how long it has been alive.
fn line(style: Style, pending: &Pending<'_>, front: &str) -> String {
    let process = &pending.node["process"];
    let pid = process["pid"].as_u64().map_or_else(|| "?".to_owned(), |pid| pid.to_string());
    let mut facts: Vec<(&str, String)> = Vec::new();
    if user(process) != pending.user {
        facts.push((sgr::CYAN, escape(user(process)).into_owned()));
    }
    if container(process) != pending.container {
        facts.push((
            sgr::CYAN,
            format!("container {}", fit(&escape(container(process)), 12).replace("...", "")),
        ));
    }
    if pending.root
        && process["parent_id"].is_null()
        && process["ppid"].as_u64().is_some_and(|ppid| ppid != 0)
    {
        facts.push((sgr::YELLOW, format!("parent {} unknown", process["ppid"])));
    }
    if process["source"] == "placeholder" {
        facts.push((sgr::YELLOW, "seen by its pid only".to_owned()));
    }
    facts.push((sgr::DIM, started(process)));
    let ended = !process["exit"].is_null();
    if ended {
        let end = &process["exit"];
        let failed = !(end["cause"] == "EXITED" && end["code"].as_u64() == Some(0));
        let text = format!("{}{}", exit(&end["cause"], &end["code"]), lasted(process));
        facts.push((if failed { sgr::RED } else { sgr::DIM }, text));
    } else {
        facts.push((sgr::GREEN, "alive".to_owned()));
    }
    let tail: usize = facts.iter().map(|(_, text)| text.chars().count() + 2).sum();
    let what = program(process);
    let used = front.chars().count() + pid.chars().count() + 1 + tail;
    let what = match style.columns {
        Some(columns) => fit(&what, columns.saturating_sub(used).max(24)).into_owned(),
        None => what,
    };
    let what = if ended { style.paint(sgr::DIM, &what) } else { style.paint(sgr::BOLD, &what) };
    let facts: String = facts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .fold(String::new(), |line, (code, text)| line + "  " + &style.paint(code, text));
    format!("{front}{pid} {what}{facts}")
}

/// The command line of the present image; for a process that never executed its parent's program in brackets, as
/// ps writes kernel threads.
fn program(process: &Value) -> String {
    let images = process["images"].as_array().map_or(&[][..], Vec::as_slice);
    match images.last() {
        Some(image) => command_line(image),
        None => match process["comm"].as_str() {
            Some(comm) if !comm.is_empty() => format!("[{}]", escape(comm)),
            _ => "(unknown program)".to_owned(),
        },
    }
}

/// Programs that the process was before, newest first.
fn earlier_images(process: &Value) -> impl Iterator<Item = String> {
    let images = process["images"].as_array().map_or(&[][..], Vec::as_slice);
    let earlier = images.len().saturating_sub(1);
    images[..earlier].iter().rev().map(command_line)
}

fn user(process: &Value) -> &str {
    process["user"].as_str().unwrap_or("")
}

fn container(process: &Value) -> &str {
    process["container"]["id"].as_str().or(process["container"].as_str()).unwrap_or("")
}

fn started(process: &Value) -> String {
    let start = moment(process["start"].as_str().unwrap_or(""));
    // Milliseconds are noise here; the day stays, a tree may span weeks.
    start.split_once('.').map_or(start.as_str(), |(seconds, _)| seconds).to_owned()
}

/// ` after 1.204 s`, if both times are known.
fn lasted(process: &Value) -> String {
    let (Some(start), Some(end)) = (nanos(&process["start"]), nanos(&process["exit"]["time"])) else {
        return String::new();
    };
    format!(" after {}", duration(end.saturating_sub(start)))
}

fn nanos(date: &Value) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(date.as_str()?).ok()?.timestamp_nanos_opt()
}

/// A duration in the unit that suits it.
#[must_use]
pub fn duration(nanos: i64) -> String {
    let millis = nanos.max(0) / 1_000_000;
    let seconds = millis / 1000;
    match seconds {
        0 if millis == 0 => {
            format!("{:.1} ms", f64::from(i32::try_from(nanos.max(0) / 1000).unwrap_or(0)) / 1000.0)
        }
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{:01} s", millis % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn drawn(document: &Value, columns: Option<usize>) -> String {
        let mut out = Vec::new();
        draw(&mut out, Style { colour: false, columns }, document).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn sample() -> Value {
        let process = |pid: u32, program: &str, exit: Value| {
            json!({"id": "x", "pid": pid, "ppid": 1, "parent_id": "p", "user": "root",
                "start": "2026-01-02T03:04:05.5Z", "exit": exit,
                "images": [{"executable": {"path": "/bin/sh"}}, {"executable": {"path": program}, "args": ["-c", "a b"]}]})
        };
        let end = json!({"time": "2026-01-02T03:04:06.75Z", "cause": "SIGNALED", "code": 9});
        json!({"roots": [{"process": process(10, "/usr/bin/make", Value::Null), "children": [
            {"process": process(11, "/usr/bin/cc", end), "children": []},
            {"process": process(12, "/usr/bin/ld", Value::Null), "children": []}]}]})
    }

    #[test]
    fn the_tree_has_guides_ends_and_earlier_images() {
        let text = drawn(&sample(), None);
        assert_eq!(
            text,
            "10 /usr/bin/make -c 'a b'  root  2026-01-02 03:04:05  alive\n\
             \u{2502}     was /bin/sh\n\
             \u{251c}\u{2500} 11 /usr/bin/cc -c 'a b'  2026-01-02 03:04:05  killed by SIGKILL after 1.2 s\n\
             \u{2502}        was /bin/sh\n\
             \u{2514}\u{2500} 12 /usr/bin/ld -c 'a b'  2026-01-02 03:04:05  alive\n         was /bin/sh\n"
        );
    }

    #[test]
    fn an_unknown_parent_is_said() {
        let document =
            json!({"roots": [{"process": {"pid": 5, "ppid": 4, "parent_id": null}, "children": []}]});
        assert!(drawn(&document, Some(120)).contains("parent 4 unknown"));
    }

    #[test]
    fn durations_suit_their_length() {
        for (nanos, text) in [
            (1_500_000, "1 ms"),
            (400_000, "0.4 ms"),
            (1_250_000_000, "1.2 s"),
            (61_000_000_000, "1m01s"),
            (7_260_000_000_000, "2h01m"),
            (90_000_000_000_000, "1d01h"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }
}
