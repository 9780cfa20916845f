//! Runs a scenario, a Python program, and compares what was recorded of it with what it saw.

use std::{ops::Deref, path::PathBuf};

use serde_json::Value;

use crate::{
    recorder::{Recorder, python},
    turn::{Turn, shared, turn},
    validity::valid,
};

const PRELUDE: &str = include_str!("prelude.py");

/// A scenario that has run.
pub(crate) struct Scenario {
    /// Its recorder, which the others may share.
    pub(crate) recorder: Box<dyn Deref<Target = Recorder>>,
    /// Process that ran it.
    pub(crate) pid: u32,
    /// Its directory, empty before.
    pub(crate) dir: PathBuf,
    /// What it left in `notes`.
    pub(crate) notes: Value,
    /// What it said with `want`.
    wanted: Vec<Value>,
    /// What was recorded between its begin and its end, oldest first.
    pub(crate) events: Vec<Value>,
}

/// Runs a program after `prelude.py`, which says what it can use; `None` if this machine cannot record. The events
/// that count are those of the program's own process, or with `descendants` of its children too.
pub(crate) fn run(test: &str, script: &str, descendants: bool) -> Option<Scenario> {
    Some(play(Box::new(shared(test)?), test, script, descendants))
}

/// The same under a recorder of its own with these flags.
pub(crate) fn run_with(test: &str, flags: &[&str], script: &str, descendants: bool) -> Option<Scenario> {
    let turn = turn(test)?;
    let recorder = Own { recorder: Recorder::start(flags), _turn: turn };
    Some(play(Box::new(recorder), test, script, descendants))
}

/// A recorder that ends before its turn does.
struct Own {
    recorder: Recorder,
    _turn: Turn,
}

impl Deref for Own {
    type Target = Recorder;

    fn deref(&self) -> &Recorder {
        &self.recorder
    }
}

fn play(
    recorder: Box<dyn Deref<Target = Recorder>>,
    test: &str,
    script: &str,
    descendants: bool,
) -> Scenario {
    let dir = recorder.scratch().join(test);
    std::fs::create_dir(&dir).unwrap();
    let script = format!("{PRELUDE}\nscenario_begins()\n{script}\nscenario_ends()\n");
    let (pid, said) = python(&script, &[&dir, &recorder.socket()]);
    recorder.settle();
    let filters = format!("pid={pid}&descendants={descendants}");
    let mut events = recorder.events(&filters);
    assert_eq!(valid(&recorder, &filters), events.len());
    let place = |events: &[Value], name: &str| {
        let marker = |event: &Value| event["evt"]["name"] == "rmdir" && event["file"]["path"] == name;
        events.iter().rposition(marker).unwrap_or_else(|| panic!("{name} was not recorded"))
    };
    events.truncate(place(&events, "/tacho-scenario-ends"));
    events.drain(..=place(&events, "/tacho-scenario-begins"));
    let wanted = said["wanted"].as_array().unwrap().clone();
    Scenario { recorder, pid, dir, notes: said["notes"].clone(), wanted, events }
}

/// Runs a program and compares every event of these kinds, in order, with what it wants.
pub(crate) fn check(test: &str, kinds: &[&str], script: &str) {
    let Some(scenario) = run(test, script, false) else { return };
    scenario.compare(kinds);
}

/// The same under a recorder of its own with these flags.
pub(crate) fn check_with(test: &str, flags: &[&str], kinds: &[&str], script: &str) {
    let Some(scenario) = run_with(test, flags, script, false) else { return };
    scenario.compare(kinds);
}

impl Scenario {
    /// The events of a kind.
    pub(crate) fn kind(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["evt"]["name"] == kind).collect()
    }

    /// Compares the events of these kinds, one by one, with what the program wants; all differences are told at once.
    pub(crate) fn compare(&self, kinds: &[&str]) {
        let counts = |name: &Value| kinds.iter().any(|kind| name == kind);
        let wanted: Vec<_> = self.wanted.iter().filter(|wanted| counts(&wanted[0])).collect();
        let events: Vec<_> = self.events.iter().filter(|event| counts(&event["evt"]["name"])).collect();
        assert!(!wanted.is_empty(), "the scenario wants nothing");
        let mut wrong = Vec::new();
        for (place, (wanted, event)) in wanted.iter().zip(&events).enumerate() {
            let differences = differences(wanted, event);
            if !differences.is_empty() {
                let event = serde_json::to_string_pretty(&short(event)).unwrap();
                wrong.push(format!(
                    "event {place}, {}:\n  {}\nof {event}",
                    wanted[0],
                    differences.join("\n  ")
                ));
            }
        }
        if wanted.len() != events.len() {
            let names: Vec<_> = events.iter().map(|event| line(event)).collect();
            let wanted: Vec<_> = wanted.iter().map(|wanted| format!("{} {}", wanted[0], wanted[1])).collect();
            wrong.push(format!("wanted\n  {}\ngot\n  {}", wanted.join("\n  "), names.join("\n  ")));
        }
        if !wrong.is_empty() {
            let page = self.recorder.get(&format!("/events?pid={}&limit=1", self.pid));
            panic!("{}\ngaps: {}", wrong.join("\n"), page["gaps"]);
        }
    }
}

/// What of an event is not as the scenario saw it.
fn differences(wanted: &Value, event: &Value) -> Vec<String> {
    let ret = wanted[1].as_i64().unwrap();
    let outcome = match ret {
        -1 | -13 => "Refused",
        -4095..0 => "Error",
        _ => "Success",
    };
    let fixed = [
        ("evt.name", wanted[0].clone()),
        ("evt.outcome", outcome.into()),
        ("tacho.retval", ret.into()),
        ("process.tid", wanted[2].clone()),
    ];
    let fixed = fixed.iter().map(|(member, value)| (*member, value));
    let said = wanted[3].as_object().unwrap().iter().map(|(member, value)| (member.as_str(), value));
    fixed.chain(said).filter_map(|(member, value)| difference(member, value, event)).collect()
}

fn difference(member: &str, wanted: &Value, event: &Value) -> Option<String> {
    let got = at(event, member);
    let any = wanted.get("any").is_some();
    let right = match got {
        None => wanted.is_null(),
        Some(got) => any || got == wanted,
    };
    let got = got.map_or("nothing".to_owned(), Value::to_string);
    (!right).then(|| {
        format!("{member}: wanted {}, got {got}", if any { "something".into() } else { wanted.to_string() })
    })
}

/// A member by its dotted path; some members have a dot in their own name.
fn at<'a>(value: &'a Value, member: &str) -> Option<&'a Value> {
    if let Value::Array(values) = value {
        let (place, rest) = member.split_once('.').unwrap_or((member, ""));
        let value = values.get(place.parse::<usize>().ok()?)?;
        return if rest.is_empty() { Some(value) } else { at(value, rest) };
    }
    value.get(member).or_else(|| {
        let (key, rest) = member.split_once('.')?;
        at(value.get(key)?, rest)
    })
}

/// An event without what is the same in all of them.
fn short(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(members) = event.as_object_mut() {
        for name in ["process", "agent", "dd", "usr", "title"] {
            members.remove(name);
        }
    }
    event
}

fn line(event: &Value) -> String {
    format!("{} {} {}", event["evt"]["name"], event["tacho"]["retval"], event["file"]["path"])
}
