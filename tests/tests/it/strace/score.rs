//! How well events and calls agree: recall of successes and of failures, and precision, by kind.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use serde_json::Value;

use super::expect::Wanted;

/// A share of so many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    of: usize,
    found: usize,
}

impl Share {
    fn count(&mut self, found: bool) {
        self.of += 1;
        self.found += usize::from(found);
    }

    /// At least so many of a thousand?
    pub(super) fn reaches(self, per_mille: usize) -> bool {
        self.found * 1000 >= self.of * per_mille
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.found, self.of)
    }
}

/// Of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    /// Calls that succeeded and have their event.
    pub(super) successes: Share,
    /// Calls that failed likewise.
    pub(super) failures: Share,
    /// Events that have their call.
    pub(super) events: Share,
}

/// The comparison.
pub(super) struct Score<'a> {
    pub(super) kinds: BTreeMap<String, Kind>,
    /// Calls without an event.
    pub(super) missing: Vec<&'a Wanted>,
    /// Events without a call.
    pub(super) extra: Vec<&'a Value>,
}

/// Gives each call an event of its own, if there is one. Of kinds that no call could have left nothing is looked at.
pub(super) fn compare<'a>(
    wanted: &'a [Wanted],
    events: &'a [Value],
    looked_at: &BTreeSet<&str>,
) -> Score<'a> {
    let mut by_key: HashMap<(u64, &str), Vec<(&Value, bool)>> = HashMap::new();
    for event in events.iter().filter(|event| looked_at.contains(name(event))) {
        by_key.entry((tid(event), name(event))).or_default().push((event, false));
    }
    let mut score = Score { kinds: BTreeMap::new(), missing: vec![], extra: vec![] };
    // Calls to be told apart by more first, so that they are not left without an event by those that fit any.
    let mut order: Vec<_> = wanted.iter().collect();
    order.sort_by_key(|wanted| std::cmp::Reverse(wanted.paths.len().min(1) + wanted.members.len()));
    for wanted in order {
        let mut found = false;
        for (event, taken) in by_key.get_mut(&(wanted.tid, wanted.name)).into_iter().flatten() {
            if !*taken && fits(wanted, event) && (!found || wanted.many) {
                (found, *taken) = (true, true);
            }
        }
        let kind = score.kinds.entry(wanted.name.to_owned()).or_default();
        let share = if wanted.errno.is_some() { &mut kind.failures } else { &mut kind.successes };
        share.count(found);
        if !found {
            score.missing.push(wanted);
        }
    }
    for (event, taken) in by_key.into_values().flatten() {
        score.kinds.entry(name(event).to_owned()).or_default().events.count(taken);
        if !taken {
            score.extra.push(event);
        }
    }
    score
}

fn name(event: &Value) -> &str {
    event["evt"]["name"].as_str().unwrap_or("")
}

fn tid(event: &Value) -> u64 {
    event["process"]["tid"].as_u64().unwrap_or(0)
}

fn fits(wanted: &Wanted, event: &Value) -> bool {
    let path = event["file"]["path"].as_str().unwrap_or("");
    let destination = event["file"]["destination"]["path"].as_str().unwrap_or("");
    let of = |paths: &[String], path: &str| paths.is_empty() || paths.iter().any(|other| other == path);
    let member = |(pointer, value): &(&str, String)| match pointer
        .split('|')
        .find_map(|pointer| event.pointer(pointer))
    {
        Some(Value::String(text)) => text == value,
        Some(Value::Number(number)) => value.parse().ok() == number.as_u64(),
        _ => false,
    };
    let result = match (&wanted.errno, wanted.result) {
        (Some(errno), _) => event["tacho"]["errno"] == errno.as_str(),
        (None, Some(result)) => event["tacho"]["retval"] == result,
        (None, None) => true,
    };
    wanted.members.iter().all(member)
        && of(&wanted.paths, path)
        && of(&wanted.destinations, destination)
        && (result || matches!(wanted.name, "exit" | "fork" | "exec"))
}

impl fmt::Display for Score<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:>13} {:>13} {:>13}", "kind", "successes", "failures", "events")?;
        for (name, kind) in &self.kinds {
            let (successes, failures) = (kind.successes.to_string(), kind.failures.to_string());
            writeln!(f, "{name:<12} {successes:>13} {failures:>13} {:>13}", kind.events.to_string())?;
        }
        Ok(())
    }
}
