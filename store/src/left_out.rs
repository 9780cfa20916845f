//! What is left out on purpose: a recorder's rules, kept in each segment that it writes, so that a question about the past
//! is answered with the rules of that time.

use event::{Kind, Nanos};
use serde::{Deserialize, Serialize};

use crate::limits::LEFT_OUT_RULES;
use crate::reader::Shared;

/// A rule by which events are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutRule {
    /// As the configuration writes it.
    pub text: String,
    /// Numbers of the kinds whose events it leaves out, see [`Kind::number`]. A newer release may know more kinds.
    pub kinds: Vec<u8>,
}

impl LeftOutRule {
    /// A rule about some kinds.
    #[must_use]
    pub fn new(text: String, kinds: &[Kind]) -> Self {
        Self { text, kinds: kinds.iter().map(|kind| kind.number()).collect() }
    }

    fn is_about(&self, kinds: &[Kind]) -> bool {
        kinds.iter().any(|kind| self.kinds.contains(&kind.number()))
    }
}

/// Rules that were in force while something was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Time of the first thing that was recorded under them.
    pub from: Nanos,
    /// Time of the last.
    pub to: Nanos,
    /// In the order in which they are tried.
    pub rules: Vec<LeftOutRule>,
}

/// As many rules as a segment keeps; of more, the last tells how many there were, and that they may be about anything.
pub fn bounded(mut rules: Vec<LeftOutRule>) -> Vec<LeftOutRule> {
    if rules.len() > LEFT_OUT_RULES {
        let more = rules.len() - (LEFT_OUT_RULES - 1);
        rules.truncate(LEFT_OUT_RULES - 1);
        rules.push(LeftOutRule::new(format!("({more} more rules)"), &Kind::ALL));
    }
    rules
}

/// The rules in force in `since..until` that are about one of some kinds. Segments one after the other with the same rules
/// are told as one.
pub fn left_out(shared: &Shared, since: Option<Nanos>, until: Option<Nanos>, kinds: &[Kind]) -> Vec<LeftOut> {
    let mut spans: Vec<LeftOut> = Vec::new();
    let mut goes_on = false;
    for segment in shared.segments() {
        let Some(head) = &segment.head else { continue };
        let (from, to) = (head.created, segment.totals().latest.unwrap_or(head.created).max(head.created));
        if since.is_some_and(|since| to < since) || until.is_some_and(|until| from >= until) {
            continue;
        }
        let rules: Vec<_> = head.left_out.iter().filter(|rule| rule.is_about(kinds)).cloned().collect();
        match spans.last_mut() {
            Some(last) if goes_on && last.rules == rules => last.to = last.to.max(to),
            _ if rules.is_empty() => goes_on = false,
            _ => {
                spans.push(LeftOut { from, to, rules });
                goes_on = true;
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use event::Kind;

    use super::{LEFT_OUT_RULES, LeftOutRule, bounded};

    #[test]
    fn of_too_many_rules_the_last_is_about_everything() {
        let rule = |number: usize| LeftOutRule::new(format!("open path=/{number}"), &[Kind::Open]);
        let few: Vec<_> = (0..LEFT_OUT_RULES).map(rule).collect();
        assert_eq!(bounded(few.clone()), few);
        let many = bounded((0..LEFT_OUT_RULES + 2).map(rule).collect());
        assert_eq!(many.len(), LEFT_OUT_RULES);
        assert_eq!(many[..LEFT_OUT_RULES - 1], few[..LEFT_OUT_RULES - 1]);
        let last = &many[LEFT_OUT_RULES - 1];
        assert_eq!(last.text, "(3 more rules)");
        assert!(Kind::ALL.iter().all(|kind| last.is_about(&[*kind])));
    }
}
