//! `tacho process`: the life of one process.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use anyhow::{Result, bail};
use serde_json::Value;

use super::{
    args::ProcessFlags,
    client::{Client, encoded},
    config::Config,
    gaps,
    program::{self, command_line},
    span::{between, nanos},
    style::{Style, sgr},
    text::{escape, fit},
    what::exit,
    when,
    zone::Zone,
};

/// Of a pid that many processes had, so many are looked at and told.
const SAME_PID: usize = 1_000;
const TOLD: usize = 10;
/// Generations above it.
const ANCESTORS: usize = 64;
/// Children told; of more the rest is counted.
const CHILDREN: usize = 30;
/// Columns of what stands before the facts.
const LABEL: usize = 11;

/// Prints a life.
///
/// # Errors
/// If the API cannot be read, there is no such process, or standard output cannot be written.
pub fn run(flags: &ProcessFlags, file: &Config) -> Result<()> {
    let client = Client::open(&flags.source, file)?;
    let zone = flags.zone.zone();
    let id = match flags.process.parse::<u32>() {
        Ok(_) => of_pid(&client, &flags.process, flags.at.as_deref(), zone)?,
        Err(_) => flags.process.clone(),
    };
    let process = client.get(&format!("/processes/{}", encoded(&id)), &Vec::new())?;
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &process).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let style = Style::of_stdout();
    let mut life = Life { style, zone, lines: Vec::new() };
    life.head(&process);
    life.images(&process);
    life.states(&process);
    life.line("above", &above(&client, &process)?);
    life.below(&client, &process)?;
    life.did(&client, &process)?;
    for (place, line) in life.lines.iter().enumerate() {
        // An id is there to be copied.
        let whole = style.columns.filter(|_| !line.starts_with("id "));
        let line = whole.map_or_else(|| line.into(), |columns| fit(line, columns));
        let code = if place == 0 { sgr::BOLD } else { sgr::PLAIN };
        writeln!(out, "{}", style.paint(code, &line))?;
    }
    out.flush()?;
    let missing = process["gaps"].as_array().map_or(&[][..], Vec::as_slice);
    gaps::warn(process["complete"] == Value::Bool(false), missing, zone);
    Ok(())
}

/// The id of the process that had a pid, last or at a moment; the others are told.
///
/// # Errors
/// If the API cannot be read, or no such process is recorded.
pub fn of_pid(client: &Client, pid: &str, at: Option<&str>, zone: Zone) -> Result<String> {
    let mut parameters = vec![("pid", pid.to_owned()), ("limit", SAME_PID.to_string())];
    if let Some(at) = at {
        parameters.push(("at", when::asked("at", at, zone)?));
    }
    let page = client.get("/processes", &parameters)?;
    let mut found: Vec<&Value> = page["processes"].as_array().into_iter().flatten().collect();
    // Times of the API sort as text, but for their last digits.
    found.sort_by_key(|process| process["start"].as_str().unwrap_or(""));
    let Some(last) = found.pop() else {
        let then = if at.is_some() { " at that moment" } else { "" };
        bail!("no process {pid} is recorded{then}; tacho tree shows who is");
    };
    let mut told = io::stderr().lock();
    // A closed standard error is nobody's failure.
    if !found.is_empty() {
        let _ = writeln!(
            told,
            "tacho: {} processes had this pid; this is the last of them. Before it:",
            found.len() + 1
        );
    }
    for process in found.iter().rev().take(TOLD) {
        let start = zone.second(process["start"].as_str().unwrap_or("?"));
        let id = escape(process["id"].as_str().unwrap_or("?"));
        let _ = writeln!(told, "  {id}  {start}  {}", program::of(process));
    }
    Ok(last["id"].as_str().unwrap_or_default().to_owned())
}

/// The lines.
struct Life {
    style: Style,
    zone: Zone,
    lines: Vec<String>,
}

impl Life {
    fn line(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.lines.push(format!("{label:<LABEL$}{text}"));
        }
    }

    fn time(&self, date: &Value) -> String {
        date.as_str().map_or_else(|| "at an unknown time".to_owned(), |date| self.zone.moment(date))
    }

    fn head(&mut self, process: &Value) {
        self.lines.push(format!("{} {}", process["pid"], program::of(process)));
        self.line("id", &word(&process["id"]));
        let met = match process["source"].as_str() {
            Some("event") | None => String::new(),
            Some(source) => format!(" (known from: {})", escape(source)),
        };
        self.line("started", &format!("{}{met}", self.time(&process["start"])));
        let end = &process["exit"];
        if end.is_null() {
            self.line("ended", "not yet: alive, as far as is recorded");
        } else {
            let lasted = between(&process["start"], &end["time"]).map(|lasted| format!(" after {lasted}"));
            let how = exit(&end["cause"], &end["code"]);
            self.line("ended", &format!("{}  {how}{}", self.time(&end["time"]), lasted.unwrap_or_default()));
        }
        self.line("user", &format!("{} ({})", word(&process["user"]), process["uid"]));
        let container = &process["container"];
        self.line("container", &word(if container.is_object() { &container["id"] } else { container }));
        self.line("cgroup", &word(&process["cgroup"]));
        self.line("terminal", &word(&process["tty"]));
        if let Some(at) = process["orphaned"].as_str() {
            self.line("orphaned", &format!("{}  its parent ended first", self.zone.moment(at)));
        }
    }

    /// The exec chain, oldest first.
    fn images(&mut self, process: &Value) {
        for (place, image) in process["images"].as_array().into_iter().flatten().enumerate() {
            let user =
                image["user"].as_str().map(|user| format!("  as {}", escape(user))).unwrap_or_default();
            let mark = program::mark(image).map(|mark| format!("  {mark}")).unwrap_or_default();
            let inherited = match (nanos(&image["exec_time"]), nanos(&process["start"])) {
                (Some(exec), Some(born)) if exec < born && process["source"] == "event" => "  (its parent's)",
                _ => "",
            };
            let time = self.time(&image["exec_time"]);
            let text = format!("{time}  {}{mark}{user}{inherited}", command_line(image));
            self.line(if place == 0 { "programs" } else { "" }, &text);
        }
    }

    /// What changed besides the program.
    fn states(&mut self, process: &Value) {
        let mut label = "changes";
        for state in process["states"].as_array().into_iter().flatten().skip(1) {
            let Some(text) = change(state) else { continue };
            let text = format!("{}  {text}", self.time(&state["since"]));
            self.line(std::mem::take(&mut label), &text);
        }
        if let Some(count @ 1..) = process["states_left_out"].as_u64() {
            self.line("", &format!("... and {count} states in between that are not told"));
        }
        for parent in process["parents"].as_array().into_iter().flatten().skip(1) {
            let text = format!("{}  parent became {}", self.time(&parent["since"]), parent["ppid"]);
            self.line(std::mem::take(&mut label), &text);
        }
    }

    fn below(&mut self, client: &Client, process: &Value) -> Result<()> {
        let parameters = vec![("parent", text(&process["id"])), ("limit", CHILDREN.to_string())];
        let page = client.get("/processes", &parameters)?;
        let children = page["processes"].as_array().map_or(&[][..], Vec::as_slice);
        for (place, child) in children.iter().enumerate() {
            let end = &child["exit"];
            let how = if end.is_null() { "alive".to_owned() } else { exit(&end["cause"], &end["code"]) };
            let text =
                format!("{}  {} {}  {how}", self.time(&child["start"]), child["pid"], program::of(child));
            self.line(if place == 0 { "children" } else { "" }, &text);
        }
        if !page["next"].is_null() {
            let more = match process["children"]["count"].as_u64() {
                Some(count) => format!("... {count} in all"),
                None => "... and more".to_owned(),
            };
            self.line("", &format!("{more}: tacho tree --process {}", word(&process["id"])));
        }
        Ok(())
    }

    /// How many events of which kind it did itself.
    fn did(&mut self, client: &Client, process: &Value) -> Result<()> {
        let id = text(&process["id"]);
        let parameters =
            vec![("process", id.clone()), ("by", "name".to_owned()), ("buckets", "1".to_owned())];
        let timeline = client.get("/timeline", &parameters)?;
        let mut counts: Vec<(u64, &String)> = timeline["buckets"][0]["counts"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, count)| Some((count.as_u64().filter(|count| *count > 0)?, name)))
            .collect();
        counts.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        let told = counts.iter().fold(String::new(), |mut text, (count, name)| {
            let _ = write!(text, "{}{} {count}", if text.is_empty() { "" } else { ", " }, escape(name));
            text
        });
        self.line("did", &told);
        if !told.is_empty() && self.style.columns.is_some() {
            self.line("", "(tacho events --process with the id above tells them)");
        }
        Ok(())
    }
}

/// What a state is other than the one before, unless it is another program: those are told apart.
fn change(state: &Value) -> Option<String> {
    let changed: Vec<_> =
        state["changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let credentials = &state["credentials"];
    if !changed.is_empty() {
        let list = changed.iter().map(|field| match *field {
            "uid" | "euid" | "fsuid" | "gid" | "egid" | "fsgid" => {
                let name = match *field {
                    "uid" => "user",
                    "euid" => "euser",
                    "fsuid" => "fsuser",
                    "gid" => "group",
                    "egid" => "egroup",
                    _ => "fsgroup",
                };
                match credentials[name].as_str() {
                    Some(name) if !name.is_empty() => {
                        format!("{field} {} ({})", credentials[*field], escape(name))
                    }
                    _ => format!("{field} {}", credentials[*field]),
                }
            }
            "auid" | "session" => format!("{field} {}", credentials[*field]),
            "cap_effective" | "cap_permitted" => {
                let count = credentials[*field].as_array().map_or(0, Vec::len);
                format!("{field} {count} capabilities")
            }
            other => escape(other).into_owned(),
        });
        return Some(list.collect::<Vec<_>>().join(", "));
    }
    (state["by"] == "name").then(|| format!("called itself {}", word(&state["comm"])))
}

/// Its ancestors, the oldest first.
fn above(client: &Client, process: &Value) -> Result<String> {
    let mut names = Vec::new();
    let mut current = process.clone();
    while names.len() < ANCESTORS {
        let Some(parent) = current["parent_id"].as_str() else {
            match current["ppid"].as_u64() {
                Some(0) | None => {}
                Some(ppid) => names.push(format!("{ppid} (unknown)")),
            }
            break;
        };
        current = client.get(&format!("/processes/{}", encoded(parent)), &Vec::new())?;
        names.push(format!("{} {}", current["pid"], word(&current["comm"])));
    }
    names.reverse();
    Ok(names.join(" > "))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(String::new, |text| escape(text).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_of_credentials_tells_what_is_new() {
        let state = json!({"by": "credentials", "changed": ["euid", "cap_effective"],
            "credentials": {"euid": 0, "euser": "root", "cap_effective": ["CAP_BPF"]}});
        assert_eq!(change(&state).unwrap(), "euid 0 (root), cap_effective 1 capabilities");
        assert_eq!(change(&json!({"by": "name", "comm": "\u{1b}x"})).unwrap(), "called itself \\x1bx");
        assert_eq!(change(&json!({"by": "exec", "comm": "x"})), None);
    }
}
