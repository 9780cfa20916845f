//! `tacho audit`: who asked what of the evidence.

use std::{
    fs,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    args::AuditFlags,
    client::Client,
    config::Config,
    style::{Style, sgr},
    text::{escape, fit, pad, width},
    zone::Zone,
};

/// The log of a store, the older part first.
const FILES: [&str; 2] = ["audit.log.1", "audit.log"];
/// Larger files are no log of ours.
const MAX_BYTES: u64 = 64 << 20;

/// Prints the log.
///
/// # Errors
/// If there is none, it cannot be read, or standard output cannot be written.
pub fn run(flags: &AuditFlags, file: &Config) -> Result<()> {
    let lines = match &flags.source.store {
        Some(dir) => of_store(dir)?,
        None => Client::open(&flags.source, file)?.lines("/audit")?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let left_out = lines.len().saturating_sub(flags.limit.unwrap_or(usize::MAX));
    let style = Style::of_stdout();
    for line in &lines[left_out..] {
        if flags.json {
            writeln!(out, "{line}")?;
            continue;
        }
        for (colour, text) in told(line, flags.zone.zone()) {
            let text = style.columns.map_or_else(|| text.as_str().into(), |columns| fit(&text, columns));
            writeln!(out, "{}", style.paint(colour, &text))?;
        }
    }
    Ok(out.flush()?)
}

/// Of a store that nobody serves.
fn of_store(dir: &Path) -> Result<Vec<Value>> {
    let mut lines = Vec::new();
    let mut found = false;
    for name in FILES {
        let path = dir.join(name);
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        if size > MAX_BYTES {
            bail!("{} is no log of questions: it is larger than {MAX_BYTES} bytes", path.display());
        }
        found = true;
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // The last line may have been cut off by a crash.
        lines.extend(text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()));
    }
    if !found {
        bail!("{} has no log of questions: nobody asked a recorder or server of it", dir.display());
    }
    Ok(lines)
}

/// A line, and one for those that were left out before it.
fn told(line: &Value, zone: Zone) -> Vec<(&'static str, String)> {
    const WHO: usize = 22;
    let word = |key: &str| escape(line[key].as_str().unwrap_or("?")).into_owned();
    let peer = &line["peer"];
    let who = match (peer["uid"].as_u64(), peer["address"].as_str()) {
        (Some(uid), _) => match peer["pid"].as_u64() {
            Some(pid) => format!("uid {uid} pid {pid}"),
            None => format!("uid {uid}"),
        },
        (None, Some(address)) => escape(address).into_owned(),
        (None, None) => "?".to_owned(),
    };
    let status = line["status"].as_u64().map_or_else(|| "gone".to_owned(), |status| status.to_string());
    let query = match line["query"].as_str() {
        Some(query) if !query.is_empty() => format!("?{}", escape(query)),
        _ => String::new(),
    };
    let colour = match line["status"].as_u64() {
        Some(401 | 403) => sgr::RED,
        Some(400..) => sgr::YELLOW,
        _ => sgr::PLAIN,
    };
    let who = if width(&who) < WHO { pad(&who, WHO, false) } else { who };
    let text = format!(
        "{}  {who} {:<6} {status:>4} {:>8} events  {} {}{query}",
        zone.moment(line["time"].as_str().unwrap_or("?")),
        word("by"),
        line["events"].as_u64().unwrap_or(0),
        word("method"),
        word("path")
    );
    let missing = line["left_out"]
        .as_u64()
        .map(|count| (sgr::YELLOW, format!("... {count} lines were left out: too many at once")));
    missing.into_iter().chain([(colour, text)]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_tells_who_asked_what_and_how_much_was_given_away() {
        let line = json!({"time": "2026-01-02T03:04:05Z", "peer": {"uid": 0, "pid": 7}, "by": "socket", "method": "GET",
            "path": "/events", "query": "pid=7\u{1b}", "status": 200, "events": 31, "left_out": 4});
        let told: Vec<_> = told(&line, Zone::Utc).into_iter().map(|(_, text)| text).collect();
        assert_eq!(
            told,
            [
                "... 4 lines were left out: too many at once",
                "2026-01-02 03:04:05.000  uid 0 pid 7            socket  200       31 events  GET /events?pid=7\\x1b"
            ]
        );
    }

    #[test]
    fn the_older_part_comes_first_and_a_line_that_was_cut_off_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        assert!(of_store(dir.path()).unwrap_err().to_string().contains("no log"));
        fs::write(dir.path().join("audit.log"), "{\"path\":\"/b\"}\n{\"pa").unwrap();
        fs::write(dir.path().join("audit.log.1"), "{\"path\":\"/a\"}\n").unwrap();
        let lines = of_store(dir.path()).unwrap();
        assert_eq!(lines.iter().map(|line| line["path"].as_str().unwrap()).collect::<Vec<_>>(), ["/a", "/b"]);
    }
}
