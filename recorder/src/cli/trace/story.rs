//! A causal graph as an indented story: every edge once, with its evidence.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
};

use serde_json::Value;

use super::words::{node, relation};
use crate::cli::{
    style::{Style, sgr},
    text::{escape, fit, width},
    zone::Zone,
};

/// Numbers of events told of an edge; of more the rest is counted.
const EVIDENCE: usize = 5;

/// Narrower terminals have the day once, and less of a process.
const WIDE: usize = 120;

/// Tells a document of `/trace`.
pub(super) fn tell(out: &mut impl Write, style: Style, zone: Zone, document: &Value) -> io::Result<()> {
    let mut story = Story::new(out, style, zone, document);
    for start in document["start"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        story.begin(start)?;
    }
    story.rest()
}

struct Edge<'a> {
    value: &'a Value,
    from: &'a str,
    to: &'a str,
}

struct Story<'a, W> {
    out: W,
    style: Style,
    zone: Zone,
    forward: bool,
    /// On narrow terminals, the day of the first step: it is told once.
    day: Option<String>,
    nodes: HashMap<&'a str, &'a Value>,
    edges: Vec<Edge<'a>>,
    /// Places of the edges at a node, in the order of the story.
    at: HashMap<&'a str, Vec<usize>>,
    cuts: HashMap<&'a str, Vec<&'a Value>>,
    told_nodes: HashSet<&'a str>,
    told_edges: HashSet<usize>,
}

impl<'a, W: Write> Story<'a, W> {
    fn new(out: W, style: Style, zone: Zone, document: &'a Value) -> Self {
        let list = |name: &str| document[name].as_array().map_or(&[][..], Vec::as_slice);
        let word = |value: &'a Value, key: &str| value[key].as_str().unwrap_or("");
        let forward = document["direction"] == "forward";
        let mut edges: Vec<_> = list("edges")
            .iter()
            .map(|value| Edge { value, from: word(value, "from"), to: word(value, "to") })
            .collect();
        // Towards causes the latest comes first. Times of the API sort as text, but for their last digits.
        edges.sort_by(|one, other| {
            let time = |edge: &Edge<'a>| word(edge.value, if forward { "first" } else { "last" });
            if forward { time(one).cmp(time(other)) } else { time(other).cmp(time(one)) }
        });
        let narrow = style.columns.is_some_and(|columns| columns < WIDE);
        let first = edges.iter().find_map(|edge| edge.value[if forward { "first" } else { "last" }].as_str());
        let day = first.filter(|_| narrow).map(|time| zone.day_and_time(time).0);
        let mut at: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, edge) in edges.iter().enumerate() {
            at.entry(edge.from).or_default().push(place);
            if edge.to != edge.from {
                at.entry(edge.to).or_default().push(place);
            }
        }
        let mut cuts: HashMap<&str, Vec<&Value>> = HashMap::new();
        for cut in list("cut") {
            cuts.entry(word(cut, "node")).or_default().push(cut);
        }
        Self {
            out,
            style,
            zone,
            forward,
            day,
            nodes: list("nodes").iter().map(|node| (word(node, "id"), node)).collect(),
            edges,
            at,
            cuts,
            told_nodes: HashSet::new(),
            told_edges: HashSet::new(),
        }
    }

    fn begin(&mut self, start: &'a str) -> io::Result<()> {
        let (text, colour) = self.label(start);
        let day = self.day.as_ref().map(|day| format!("  {day}")).unwrap_or_default();
        self.line("", &[(colour, &text), (sgr::DIM, &day)], "")?;
        self.told_nodes.insert(start);
        self.below(start, "")
    }

    /// What is told of a node. The depth is bounded by the API (32 steps).
    fn below(&mut self, id: &'a str, guides: &str) -> io::Result<()> {
        let edges: Vec<usize> = self.at.get(id).into_iter().flatten().copied().collect();
        let edges: Vec<usize> = edges.into_iter().filter(|place| self.told_edges.insert(*place)).collect();
        let cuts = self.cuts.remove(id).unwrap_or_default();
        for (number, place) in edges.iter().enumerate() {
            let last = number + 1 == edges.len() && cuts.is_empty();
            let (turn, inner) =
                if last { ("\u{2514}\u{2500} ", "   ") } else { ("\u{251c}\u{2500} ", "\u{2502}  ") };
            self.edge(*place, id, &format!("{guides}{turn}"), &format!("{guides}{inner}"))?;
        }
        for (number, cut) in cuts.iter().enumerate() {
            let turn = if number + 1 == cuts.len() { "\u{2514}\u{2500} " } else { "\u{251c}\u{2500} " };
            self.line(&format!("{guides}{turn}"), &[(sgr::YELLOW, &cut_in_words(cut))], "")?;
        }
        Ok(())
    }

    /// An edge as seen from one of its ends, and what follows from the other, unless that was told or is told nearer to
    /// where the story began.
    fn edge(&mut self, place: usize, seen_from: &str, front: &str, inner: &str) -> io::Result<()> {
        let Edge { value, from, to } = self.edges[place];
        let doing = from == seen_from;
        let other = if doing { to } else { from };
        let (text, colour) = self.label(other);
        let depth = |id: &str| self.nodes.get(id).and_then(|node| node["depth"].as_u64()).unwrap_or(0);
        let nearer = depth(other) <= depth(seen_from);
        let follows = !nearer && self.told_nodes.insert(other);
        let time = match value[if self.forward { "first" } else { "last" }].as_str() {
            Some(time) => match self.zone.day_and_time(time) {
                (day, time) if Some(&day) == self.day.as_ref() => time,
                _ => self.zone.moment(time),
            },
            None => "(time unknown)".to_owned(),
        };
        let word = value["relation"].as_str().unwrap_or("?");
        let phrase = relation(word, doing).map_or_else(|| escape(word).into_owned(), str::to_owned);
        let mut phrase = format!(" {phrase} ");
        if let Some(how) = how(value, word) {
            phrase = format!("{phrase}({how}) ");
        }
        let again = if follows || self.at.get(other).is_none_or(|edges| edges.len() <= 1) {
            ""
        } else {
            "  (told elsewhere)"
        };
        let deeper = if follows && self.ends_here(other) { "  ..." } else { "" };
        let parts = [
            (sgr::DIM, &*time),
            (sgr::PLAIN, &*phrase),
            (colour, &*text),
            (sgr::DIM, again),
            (sgr::YELLOW, deeper),
        ];
        self.line(front, &parts, &evidence(value))?;
        if follows { self.below(other, inner) } else { Ok(()) }
    }

    /// Whether nothing is told of a node but that it is too many steps away. That is said in its own line.
    fn ends_here(&mut self, id: &'a str) -> bool {
        let untold = self.at.get(id).into_iter().flatten().any(|place| !self.told_edges.contains(place));
        let only_depth = self.cuts.get(id).is_some_and(|cuts| cuts.iter().all(|cut| cut["bound"] == "depth"));
        if untold || !only_depth {
            return false;
        }
        self.cuts.remove(id);
        true
    }

    /// What is connected to nothing that was told: nothing is left out.
    fn rest(&mut self) -> io::Result<()> {
        while let Some(place) = (0..self.edges.len()).find(|place| !self.told_edges.contains(place)) {
            let from = self.edges[place].from;
            self.begin(from)?;
            self.told_edges.insert(place);
        }
        let left: Vec<_> = self.cuts.drain().collect();
        for (id, cuts) in left {
            for cut in cuts {
                let text = format!("{}: {}", escape(id), cut_in_words(cut));
                self.line("", &[(sgr::YELLOW, &text)], "")?;
            }
        }
        Ok(())
    }

    fn label(&self, id: &str) -> (String, &'static str) {
        self.nodes.get(id).map_or_else(
            || (escape(id).into_owned(), sgr::PLAIN),
            |found| node(found, self.zone, self.day.is_some()),
        )
    }

    /// Parts in their colours, and evidence. On a terminal the largest part gives way.
    fn line(&mut self, front: &str, parts: &[(&'static str, &str)], evidence: &str) -> io::Result<()> {
        let mut texts: Vec<String> = parts.iter().map(|(_, text)| (*text).to_owned()).collect();
        if let Some(columns) = self.style.columns {
            let used = width(front) + width(evidence) + texts.iter().map(|text| width(text)).sum::<usize>();
            if let Some(largest) = texts.iter_mut().max_by_key(|text| width(text)) {
                let room = width(largest).saturating_sub(used.saturating_sub(columns));
                *largest = fit(largest, room).into_owned();
            }
        }
        let line: String = parts
            .iter()
            .zip(&texts)
            .fold(front.to_owned(), |line, ((colour, _), text)| line + &self.style.paint(colour, text));
        writeln!(self.out, "{line}{}", self.style.paint(sgr::DIM, evidence))
    }
}

/// In which way, and how often.
fn how(edge: &Value, relation: &str) -> Option<String> {
    let mut words: Vec<String> = match edge["how"].as_array() {
        // That a program was run as a program goes without saying.
        Some(list) if !(relation == "executed" && list.len() == 1 && list[0] == "program") => list
            .iter()
            .filter_map(Value::as_str)
            .map(|word| escape(&word.replace('_', " ")).into_owned())
            .collect(),
        _ => Vec::new(),
    };
    if let Some(count @ 2..) = edge["count"].as_u64() {
        words.push(format!("{count} times"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// The numbers of the events that show it: `tacho events --id N` prints one.
fn evidence(edge: &Value) -> String {
    let ids: Vec<String> = edge["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| id.to_string().trim_matches('"').to_owned())
        .collect();
    let shown = ids.iter().take(EVIDENCE).map(|id| format!("#{}", escape(id))).collect::<Vec<_>>().join(" ");
    let count = edge["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(ids.len());
    match count.saturating_sub(ids.len().min(EVIDENCE)) {
        _ if ids.is_empty() => String::new(),
        0 => format!("  {shown}"),
        more => format!("  {shown} +{more}"),
    }
}

fn cut_in_words(cut: &Value) -> String {
    let more = match (cut["left_out"].as_u64(), cut["relation"].as_str()) {
        (Some(count), Some(relation)) => format!("{count} more ({})", escape(relation)),
        (Some(count), None) => format!("{count} more"),
        (None, Some(relation)) => format!("more ({})", escape(relation)),
        (None, None) => "more".to_owned(),
    };
    let why = match cut["bound"].as_str() {
        Some("depth") => "too many steps away: --depth, or trace from here",
        Some("fanout") => "too many of one sort: --fanout",
        Some("nodes") => "the story is too long",
        Some("work") => "too much to look at: a span, --since and --until",
        other => return format!("... {more} left out: {}", escape(other.unwrap_or("?"))),
    };
    format!("... {more} left out: {why}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(document: &Value, columns: Option<usize>) -> String {
        let mut out = Vec::new();
        tell(&mut out, Style { colour: false, columns }, Zone::Utc, document).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn document() -> Value {
        let edge = |from: &str, relation: &str, to: &str, second: u32, events: Value| {
            json!({"from": from, "to": to, "relation": relation, "how": [], "count": events.as_array().unwrap().len(),
                "first": format!("2026-01-02T03:04:{second:02}Z"), "last": format!("2026-01-02T03:04:{second:02}Z"), "events": events})
        };
        let process = |pid: u32, path: &str| json!({"pid": pid, "recorded": true, "executable": path, "args": [], "user": "root"});
        json!({"direction": "backward", "start": ["file:/etc/evil\u{1b}"],
            "nodes": [
                {"id": "file:/etc/evil\u{1b}", "kind": "file", "path": "/etc/evil\u{1b}", "depth": 0},
                {"id": "process:a", "kind": "process", "process": process(70, "/bin/sh"), "depth": 1},
                {"id": "process:b", "kind": "process", "process": process(60, "/usr/sbin/sshd"), "depth": 2},
                {"id": "endpoint:192.0.2.7:22", "kind": "endpoint", "ip": "192.0.2.7", "port": 22, "depth": 3}],
            "edges": [
                edge("process:b", "started", "process:a", 6, json!([3])),
                edge("process:a", "wrote", "file:/etc/evil\u{1b}", 8, json!([7, 8, 9, 10, 11, 12, 13])),
                edge("process:b", "accepted", "endpoint:192.0.2.7:22", 5, json!([1])),
                edge("process:b", "wrote", "file:/etc/evil\u{1b}", 7, json!([5]))],
            "cut": [{"node": "process:a", "bound": "fanout", "relation": "read", "left_out": 4}]})
    }

    #[test]
    fn a_story_tells_every_edge_once_with_time_and_evidence_and_what_was_cut() {
        assert_eq!(
            told(&document(), None),
            "/etc/evil\\x1b\n\
             \u{251c}\u{2500} 2026-01-02 03:04:08.000 written by (7 times) 70 /bin/sh  root  #7 #8 #9 #10 #11 +2\n\
             \u{2502}  \u{251c}\u{2500} 2026-01-02 03:04:06.000 started by 60 /usr/sbin/sshd  root  #3\n\
             \u{2502}  \u{2502}  \u{2514}\u{2500} 2026-01-02 03:04:05.000 accepted a connection from 192.0.2.7:22  #1\n\
             \u{2502}  \u{2514}\u{2500} ... 4 more (read) left out: too many of one sort: --fanout\n\
             \u{2514}\u{2500} 2026-01-02 03:04:07.000 written by 60 /usr/sbin/sshd  root  (told elsewhere)  #5\n"
        );
    }

    #[test]
    fn where_the_walk_ended_is_marked_in_the_line() {
        let mut document = document();
        document["cut"] =
            json!([{"node": "endpoint:192.0.2.7:22", "bound": "depth", "relation": null, "left_out": null}]);
        assert!(told(&document, None).contains("from 192.0.2.7:22  ...  #1\n"), "{}", told(&document, None));
    }

    #[test]
    fn a_circle_ends_and_an_odd_document_is_told_as_far_as_it_goes() {
        let mut circle = document();
        circle["edges"]
            .as_array_mut()
            .unwrap()
            .push(json!({"from": "endpoint:192.0.2.7:22", "to": "process:a", "relation": "x\u{7}"}));
        circle["edges"].as_array_mut().unwrap().push(json!({"from": "y", "to": "z", "relation": "wrote"}));
        let text = told(&circle, Some(80));
        assert!(
            text.contains("x\\x07") && text.contains("\ny  2026-01-02 UTC\n") && text.contains(" z"),
            "{text}"
        );
        for odd in [json!(null), json!({"start": [7], "edges": [{}], "nodes": {}})] {
            told(&odd, Some(80));
        }
    }

    #[test]
    fn every_relation_of_the_api_has_words_from_both_ends() {
        for word in [
            "wrote",
            "read",
            "changed",
            "removed",
            "renamed",
            "linked",
            "became",
            "same_file",
            "executed",
            "started",
            "connected",
            "accepted",
        ] {
            assert!(relation(word, true).is_some() && relation(word, false).is_some(), "{word}");
        }
    }

    #[test]
    fn it_keeps_to_the_terminal() {
        for columns in [80, 100, 160] {
            assert!(told(&document(), Some(columns)).lines().all(|line| width(line) <= columns));
        }
    }
}
