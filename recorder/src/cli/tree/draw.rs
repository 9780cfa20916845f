//! Guides and the order of lines.

use std::io::Write;

use anyhow::Result;
use serde_json::Value;

use super::line::{Place, earlier_images, line};
use crate::cli::{
    style::{Style, sgr},
    text::{CUT, escape, fit, width},
    zone::Zone,
};

/// Programs that a process was before; of more the rest is counted.
const EARLIER: usize = 6;

/// A node waiting to be drawn. The stack is ours, so that no chain of processes is too deep to draw.
struct Pending<'a> {
    node: &'a Value,
    /// Guides of the lines above it, drawn in front.
    guides: String,
    last: bool,
    place: Place<'a>,
}

/// Draws a document of `/tree`.
pub(super) fn draw(out: &mut impl Write, style: Style, zone: Zone, document: &Value) -> Result<()> {
    let roots = document["roots"].as_array().map_or(&[][..], Vec::as_slice);
    let mut stack: Vec<_> = roots
        .iter()
        .rev()
        .map(|node| Pending { node, guides: String::new(), last: true, place: Place::root(zone) })
        .collect();
    while let Some(pending) = stack.pop() {
        let children = pending.node["children"].as_array().map_or(&[][..], Vec::as_slice);
        let (turn, below) = match (pending.place.root, pending.last) {
            (true, _) => ("", ""),
            (false, true) => ("\u{2514}\u{2500} ", "   "),
            (false, false) => ("\u{251c}\u{2500} ", "\u{2502}  "),
        };
        let below = format!("{}{below}", pending.guides);
        let front = shortened(&format!("{}{turn}", pending.guides), style);
        writeln!(out, "{}", line(style, pending.node, pending.place, &front))?;
        let inner = shortened(&below, style) + if children.is_empty() { "      " } else { "\u{2502}     " };
        let earlier: Vec<_> = earlier_images(&pending.node["process"], zone).collect();
        let hidden = earlier.len().saturating_sub(EARLIER);
        let hidden = (hidden > 0).then(|| format!("and {hidden} before that: tacho process shows them"));
        for text in earlier.into_iter().take(EARLIER).chain(hidden) {
            let text = format!("{inner}{text}");
            let text = style.columns.map_or_else(|| text.clone().into(), |columns| fit(&text, columns));
            writeln!(out, "{}", style.paint(sgr::DIM, &text))?;
        }
        if let Some(hidden) = pending.node["cut"]["processes"].as_u64() {
            let id = escape(pending.node["process"]["id"].as_str().unwrap_or("?")).into_owned();
            let text = format!("... {hidden} more below: tacho tree --process {id}");
            writeln!(out, "{}{}", shortened(&below, style), style.paint(sgr::YELLOW, &text))?;
        }
        for (index, node) in children.iter().enumerate().rev() {
            stack.push(Pending {
                node,
                guides: below.clone(),
                last: index + 1 == children.len(),
                place: pending.place.below(&pending.node["process"]),
            });
        }
    }
    Ok(())
}

/// Guides take at most a third of the terminal: of deeper ones the last levels stay.
fn shortened(guides: &str, style: Style) -> String {
    let room = style.columns.map_or(usize::MAX, |columns| columns / 3);
    let wide = width(guides);
    if wide <= room {
        return guides.to_owned();
    }
    // A guide is one column, and a level has three.
    let left_out = (wide - room).div_ceil(3);
    let rest: String = guides.chars().skip(left_out * 3).collect();
    format!("{CUT}{left_out} {rest}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn drawn(document: &Value, columns: Option<usize>) -> String {
        let mut out = Vec::new();
        draw(&mut out, Style { colour: false, columns }, Zone::Utc, document).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn process(pid: u32, program: &str, exit: &Value) -> Value {
        json!({"id": "x", "pid": pid, "ppid": 1, "parent_id": "p", "user": "root",
            "start": "2026-01-02T03:04:05.5Z", "exit": exit,
            "images": [{"executable": {"path": "/bin/sh"}}, {"executable": {"path": program}, "args": ["-c", "a b"]}]})
    }

    #[test]
    fn the_tree_has_guides_ends_and_earlier_images() {
        let end = json!({"time": "2026-01-02T03:04:06.75Z", "cause": "SIGNALED", "code": 9});
        let document = json!({"roots": [{"process": process(10, "/usr/bin/make", &Value::Null), "children": [
            {"process": process(11, "/usr/bin/cc", &end), "children": []},
            {"process": process(12, "/usr/bin/ld", &Value::Null), "children": [], "cut": {"processes": 7}}]}]});
        assert_eq!(
            drawn(&document, None),
            "10 /usr/bin/make -c 'a b'  root  2026-01-02 03:04:05  alive\n\
             \u{2502}     was /bin/sh\n\
             \u{251c}\u{2500} 11 /usr/bin/cc -c 'a b'  03:04:05  killed by SIGKILL after 1.2 s\n\
             \u{2502}        was /bin/sh\n\
             \u{2514}\u{2500} 12 /usr/bin/ld -c 'a b'  03:04:05  alive\n         was /bin/sh\n   \
             ... 7 more below: tacho tree --process x\n"
        );
    }

    #[test]
    fn a_deep_tree_keeps_to_the_terminal() {
        let mut node = json!({"process": process(999, "/a/rather/long/path/to/a/program", &Value::Null), "children": []});
        for pid in 0..50 {
            node = json!({"process": process(pid, "/usr/bin/nested", &Value::Null), "children": [node]});
        }
        let document = json!({"roots": [node]});
        for columns in [40, 60, 80, 120, 200] {
            let text = drawn(&document, Some(columns));
            assert_eq!(text.lines().count(), 102);
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            assert!(text.contains(" 999 "), "{text}");
        }
    }
}
