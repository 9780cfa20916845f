//! Saying what is missing: on standard error, so that it is seen and no script's input is spoilt.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write as _},
};

use serde_json::Value;

use super::{text::escape, zone::Zone};

/// Gaps told one by one; of more the sums are told by class and reason.
const TOLD: usize = 8;

/// Rules told one by one; of more their number.
const RULES_TOLD: usize = 3;

/// Warns if an answer was not complete.
pub fn warn(incomplete: bool, gaps: &[Value], zone: Zone) {
    if !incomplete {
        return;
    }
    let mut out = io::stderr().lock();
    // A closed standard error is nobody's failure.
    let _ = writeln!(out, "tacho: not complete: in the span asked for, events were or may have been lost");
    for line in lines(gaps, zone) {
        let _ = writeln!(out, "  {line}");
    }
}

/// Gaps, a line each, or their sums.
#[must_use]
pub fn lines(gaps: &[Value], zone: Zone) -> Vec<String> {
    if gaps.len() <= TOLD {
        return gaps.iter().map(|gap| line(gap, zone)).collect();
    }
    let mut sums: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    for gap in gaps {
        let word = |key: &str| gap[key].as_str().unwrap_or("?");
        let sum =
            sums.entry((word("class"), word("reason"))).or_insert_with(|| Sum::new(word("from"), word("to")));
        sum.add(word("from"), word("to"), gap["lost"].as_u64());
    }
    let told = sums.iter().map(|((class, reason), sum)| {
        let span = format!("{} .. {}", zone.moment(sum.from), zone.moment(sum.to));
        format!("{span}  {}: {} gaps, {} lost, {}", escape(class), sum.gaps, sum.lost(), meaning(reason))
    });
    told.collect()
}

/// The rules by which something may have been left out on purpose, for who wonders why there is nothing.
#[must_use]
pub fn left_out(spans: &[Value]) -> Vec<String> {
    let rules = spans.iter().filter_map(|span| span["rules"].as_array()).flatten().filter_map(Value::as_str);
    let rules: BTreeSet<&str> = rules.collect();
    if rules.len() > RULES_TOLD {
        let count = rules.len();
        return vec![format!("{count} rules left out some events on purpose (`--output json` lists them)")];
    }
    rules.iter().map(|rule| format!("the recorder left out on purpose: {}", escape(rule))).collect()
}

struct Sum<'a> {
    from: &'a str,
    to: &'a str,
    gaps: u64,
    lost: u64,
    unknown: bool,
}

impl<'a> Sum<'a> {
    fn new(from: &'a str, to: &'a str) -> Self {
        Self { from, to, gaps: 0, lost: 0, unknown: false }
    }

    /// Times of the API sort as text, but for their last digits, which do not show.
    fn add(&mut self, from: &'a str, to: &'a str, lost: Option<u64>) {
        self.from = self.from.min(from);
        self.to = self.to.max(to);
        self.gaps += 1;
        self.lost = self.lost.saturating_add(lost.unwrap_or(0));
        self.unknown |= lost.is_none();
    }

    fn lost(&self) -> String {
        match (self.lost, self.unknown) {
            (0, true) => "an unknown number".to_owned(),
            (lost, true) => format!("at least {lost}"),
            (lost, false) => lost.to_string(),
        }
    }
}

/// What a reason of the API means. One that is not known here is told as it is.
fn meaning(reason: &str) -> String {
    let meaning = match reason {
        "ring_full" => "the kernel's buffer was full",
        "overload" => "the recorder could not keep up",
        "not_recording" => "nobody recorded",
        "store_failed" => "it could not be written",
        "damaged" => "part of the store cannot be read: tacho verify says which",
        "undecodable" => "records that could not be understood",
        "evicted" => "removed by retention",
        "compat" => "32-bit calls that are not decoded",
        "clock_step" => "the clock was set: these times were skipped or come twice",
        _ => return escape(reason).into_owned(),
    };
    format!("{reason}: {meaning}")
}

/// A gap in a line.
#[must_use]
pub fn line(gap: &Value, zone: Zone) -> String {
    let word = |key: &str| gap[key].as_str().unwrap_or("?");
    let lost = gap["lost"].as_u64().map_or_else(|| "an unknown number".to_owned(), |lost| lost.to_string());
    let (from, to) = (zone.moment(word("from")), zone.moment(word("to")));
    format!("{from} .. {to}  {}: {lost} lost, {}", escape(word("class")), meaning(word("reason")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_gap_tells_span_class_count_and_reason() {
        let gap = json!({"from": "2026-01-02T03:04:05Z", "to": "b\u{1b}", "class": "file", "lost": 3, "reason": "ring_full"});
        assert_eq!(
            line(&gap, Zone::Utc),
            "2026-01-02 03:04:05.000 .. b\\x1b  file: 3 lost, ring_full: the kernel's buffer was full"
        );
        let gap = json!({"from": "a", "to": "b", "class": "all", "lost": null, "reason": "not_recording"});
        assert!(line(&gap, Zone::Utc).contains("an unknown number lost"));
    }

    #[test]
    fn every_reason_has_a_meaning() {
        for reason in event::GapReason::ALL {
            assert!(meaning(reason.name()).contains(": "), "{}", reason.name());
        }
        assert_eq!(meaning("new\u{7}"), "new\\x07");
    }

    #[test]
    fn many_gaps_are_summed_by_class_and_reason() {
        let gap = |second: u32, lost: Value, reason: &str| {
            json!({"from": format!("2026-01-02T03:04:{second:02}Z"), "to": format!("2026-01-02T03:05:{second:02}Z"),
                "class": "file", "lost": lost, "reason": reason})
        };
        let mut gaps: Vec<_> = (0..20).map(|second| gap(second, json!(2), "ring_full")).collect();
        gaps.push(gap(3, Value::Null, "overload"));
        assert_eq!(
            lines(&gaps, Zone::Utc),
            [
                "2026-01-02 03:04:03.000 .. 2026-01-02 03:05:03.000  file: 1 gaps, an unknown number lost, overload: the recorder could not keep up",
                "2026-01-02 03:04:00.000 .. 2026-01-02 03:05:19.000  file: 20 gaps, 40 lost, ring_full: the kernel's buffer was full",
            ]
        );
    }

    #[test]
    fn rules_are_told_once_each_and_of_many_their_number() {
        let span = |rules: &[&str]| json!({ "from": "x", "to": "y", "rules": rules });
        let lines = left_out(&[span(&["open path=/a\u{1b}", "mmap"]), span(&["mmap"])]);
        assert_eq!(lines[0], "the recorder left out on purpose: mmap");
        assert!(lines.len() == 2 && !lines[1].contains('\u{1b}'), "{lines:?}");
        let many: Vec<_> = (0..RULES_TOLD + 2).map(|number| format!("open path=/{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let lines = left_out(&[span(&many)]);
        assert!(lines.len() == 1 && lines[0].starts_with("5 rules left out"), "{lines:?}");
        assert_eq!(left_out(&[]), Vec::<String>::new());
    }
}
