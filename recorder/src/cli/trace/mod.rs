//! `tacho trace`: what led to a file, a process or a connection, or what came of it, as a story with its evidence.

mod story;
mod words;

use std::io::{self, BufWriter, Write as _};

use anyhow::Result;
use serde_json::Value;

use super::{
    args::TraceFlags,
    client::{Client, Parameters},
    config::Config,
    gaps, process,
    settings::UsageError,
    style::Style,
    when,
};

/// Prints a story.
///
/// # Errors
/// If the API cannot be read, there is no such process, or standard output cannot be written.
pub fn run(flags: &TraceFlags, file: &Config) -> Result<()> {
    let zone = flags.zone.zone();
    let client = Client::open(&flags.source, file)?;
    let mut parameters: Parameters = Vec::new();
    let mut put =
        |name, value: &Option<String>| parameters.extend(value.iter().map(|value| (name, value.clone())));
    put("path", &flags.path);
    put("ip", &flags.ip);
    put("port", &flags.port);
    put("process", &flags.process);
    put("direction", &flags.direction);
    put("depth", &flags.depth);
    put("fanout", &flags.fanout);
    for (name, time) in [("since", &flags.since), ("until", &flags.until)] {
        if let Some(time) = time {
            parameters.push((name, when::asked(name, time, zone)?));
        }
    }
    if let Some(pid) = &flags.pid {
        if pid.parse::<u32>().is_err() {
            return Err(UsageError::Refused(format!("--pid {pid:?} is no process id of the kernel")).into());
        }
        parameters.push(("process", process::of_pid(&client, pid, flags.at.as_deref(), zone)?));
    }
    let document = client.get("/trace", &parameters)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        story::tell(&mut out, Style::of_stdout(), zone, &document)?;
    }
    out.flush()?;
    let mut told = io::stderr().lock();
    let list = |name: &str| document[name].as_array().map_or(&[][..], Vec::as_slice);
    // A closed standard error is nobody's failure.
    if list("edges").is_empty() {
        let _ = writeln!(told, "tacho: nothing is recorded that led to or from this");
    }
    let cuts = list("cut").len();
    if cuts > 0 {
        let _ = writeln!(
            told,
            "tacho: not the whole story: it was cut at {cuts} places (...); --depth and --fanout set the bounds, --since and --until a span"
        );
    }
    drop(told);
    gaps::warn(document["complete"] == Value::Bool(false) && !list("gaps").is_empty(), list("gaps"), zone);
    Ok(())
}
