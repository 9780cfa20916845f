//! Saying what is missing: on standard error, so that it is seen and no script's input is spoilt.

use std::io::{self, Write as _};

use serde_json::Value;

use super::text::escape;

/// Gaps told one by one.
const TOLD: usize = 8;

/// Warns if an answer was not complete.
pub fn warn(incomplete: bool, gaps: &[Value]) {
    if !incomplete {
        return;
    }
    let mut out = io::stderr().lock();
    // A closed standard error is nobody's failure.
    let _ = writeln!(out, "tacho: not complete: in the span asked for, events were or may have been lost");
    for gap in gaps.iter().take(TOLD) {
        let _ = writeln!(out, "  {}", line(gap));
    }
    if gaps.len() > TOLD {
        let _ = writeln!(out, "  and {} more", gaps.len() - TOLD);
    }
}

/// A gap in a line.
#[must_use]
pub fn line(gap: &Value) -> String {
    let word = |key: &str| escape(gap[key].as_str().unwrap_or("?")).into_owned();
    let lost = gap["lost"].as_u64().map_or_else(|| "an unknown number".to_owned(), |lost| lost.to_string());
    format!("{} .. {}  {}: {lost} lost, {}", word("from"), word("to"), word("class"), word("reason"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn a_gap_tells_span_class_count_and_reason() {
        let gap = json!({"from": "a", "to": "b", "class": "file", "lost": 3, "reason": "ring_full"});
        assert_eq!(line(&gap), "a .. b  file: 3 lost, ring_full");
        let gap = json!({"from": "a", "to": "b", "class": "all", "lost": null, "reason": "not_recording"});
        assert!(line(&gap).contains("an unknown number lost"));
    }
}
