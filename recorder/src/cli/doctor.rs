//! `tacho doctor`: what this kernel allows, which probe attaches by which hook, what will not be seen.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Write},
};

use abi::{COMPAT, Compat};
use anyhow::Result;
use serde_json::{Value, json};

use super::{
    args::DoctorFlags,
    style::{Style, sgr},
    text::escape,
};
use crate::{
    catalog,
    kernel::{ProbeConfig, Recording, Unseen},
};

/// What no probe of this release sees.
const UNSEEN: [&str; 7] = [
    "reads and writes through descriptors and mappings: a file's opening is recorded, not what is done with it",
    "requests through io_uring that the kernel refuses before it takes them in (a bad address, unknown flags); connections that a multishot accept takes; splice",
    "calls that only the x32 table has: counted, and told as a gap of reason `compat`, not decoded",
    "questions to name servers at another port than 53 (as with the redirection of Docker's own name server) or through TLS and HTTPS",
    "who uses a TCP connection that somebody else made: its questions are told of who connected, or of nobody if that was before the recorder began",
    "whether the kernel took a value that was written below /proc/sys: what is told is that it was written",
    "what happened before the recorder began: those processes are known from /proc alone",
];

/// Prints the findings; returns whether recording would work.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(flags: &DoctorFlags) -> Result<bool> {
    let findings = examine();
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &findings).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&mut out, Style::of_stdout(), &findings)?;
    }
    out.flush()?;
    Ok(findings["ready"] == Value::Bool(true))
}

fn examine() -> Value {
    // The only proof that a kernel takes the probes is that it does: they are attached for a moment.
    let mut not_seen: Vec<String> = UNSEEN.map(str::to_owned).into();
    let problem = match Recording::begin(&ProbeConfig::default()) {
        Ok(recording) => {
            let unseen = recording.probes.unseen().iter();
            not_seen.extend(unseen.map(|Unseen { what, why }| format!("on this kernel, {what}: {why}")));
            None
        }
        Err(_) if !rustix::process::geteuid().is_root() => {
            Some("only root may load probes: run this as root".to_owned())
        }
        Err(error) => Some(format!("{:#}", anyhow::Error::new(error))),
    };
    let ready = problem.is_none();
    let hooks: Vec<Value> = hooks()
        .into_iter()
        .map(|(hook, calls)| json!({ "hook": hook, "attaches": ready, "events": calls }))
        .collect();
    json!({
        "kernel": {
            "release": read("/proc/sys/kernel/osrelease"),
            "lockdown": read("/sys/kernel/security/lockdown"),
            "btf": fs::exists("/sys/kernel/btf/vmlinux").unwrap_or(false),
            "root": rustix::process::geteuid().is_root(),
        },
        "ready": ready,
        "problem": problem,
        "hooks": hooks,
        "compat_calls": COMPAT.iter().filter_map(Compat::syscall).count(),
        "not_seen": not_seen,
    })
}

/// Hook, and the calls by the event that they become.
fn hooks() -> BTreeMap<&'static str, BTreeMap<&'static str, Vec<&'static str>>> {
    let mut found: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for kind in event::Kind::ALL {
        for hook in catalog::hooks(kind) {
            found.entry(hook.name).or_default().insert(kind.name(), catalog::calls(hook, kind));
        }
    }
    found
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn print(out: &mut impl Write, style: Style, findings: &Value) -> Result<()> {
    let kernel = &findings["kernel"];
    let word = |value: &Value| escape(value.as_str().unwrap_or("unknown")).into_owned();
    let yes = |value: &Value| if *value == Value::Bool(true) { "yes" } else { "no" };
    writeln!(out, "kernel    {}", word(&kernel["release"]))?;
    writeln!(out, "lockdown  {}", word(&kernel["lockdown"]))?;
    writeln!(out, "BTF       {}", yes(&kernel["btf"]))?;
    writeln!(out, "root      {}", yes(&kernel["root"]))?;
    if let Some(problem) = findings["problem"].as_str() {
        writeln!(out, "{}", style.paint(sgr::RED, &format!("cannot record: {}", escape(problem))))?;
    } else {
        writeln!(out, "{}", style.paint(sgr::GREEN, "every probe loads and attaches"))?;
    }
    writeln!(out)?;
    writeln!(out, "{}", style.paint(sgr::BOLD, "HOOK                       EVENT    CALLS"))?;
    for hook in findings["hooks"].as_array().into_iter().flatten() {
        let mut name = word(&hook["hook"]);
        for (event, calls) in hook["events"].as_object().into_iter().flatten() {
            let calls: Vec<_> = calls.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            writeln!(out, "{}", format!("{name:<26} {event:<8} {}", calls.join(" ")).trim_end())?;
            name.clear();
        }
    }
    writeln!(out, "\n{}", style.paint(sgr::BOLD, "NOT SEEN"))?;
    for line in findings["not_seen"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        writeln!(out, "- {line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_words() {
        let findings =
            json!({"kernel": {}, "ready": false, "problem": "no\u{1b}", "hooks": [], "not_seen": ["x"]});
        let mut out = Vec::new();
        print(&mut out, Style::default(), &findings).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("cannot record: no\\x1b") && text.contains("- x"), "{text}");
    }
}
