//! Patterns of paths.

use std::fmt;

/// Longest pattern in bytes (the kernel's `PATH_MAX`).
const MAX_PATTERN: usize = 4096;

/// A path, or a pattern of paths: `*` stands for any run of characters within a component (also none), `**` for any
/// across components; `/**/` also for a single `/`. Nothing else is special.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(String),
    /// `*`
    Within,
    /// `**`
    Across,
    /// `**/` after a `/`: whole components, also none.
    Components,
}

/// A pattern that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing given.
    #[error("an empty path matches nothing")]
    Empty,
    /// Longer than any path.
    #[error("longer than {MAX_PATTERN} bytes")]
    TooLong,
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If it is empty or longer than a path can be.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_PATTERN {
            return Err(PatternError::TooLong);
        }
        let mut tokens = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if character != '*' {
                literal.push(character);
                rest = &rest[character.len_utf8()..];
                continue;
            }
            let after = rest.trim_start_matches('*');
            let stars = rest.len() - after.len();
            let follows_slash = literal.ends_with('/') || (literal.is_empty() && tokens.is_empty());
            if !literal.is_empty() {
                tokens.push(Token::Literal(std::mem::take(&mut literal)));
            }
            rest = after;
            if stars == 1 {
                tokens.push(Token::Within);
            } else if let (true, Some(component)) = (follows_slash, after.strip_prefix('/')) {
                tokens.push(Token::Components);
                rest = component;
            } else {
                tokens.push(Token::Across);
            }
        }
        if !literal.is_empty() {
            tokens.push(Token::Literal(literal));
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// Whether a path fits. Time is at most about the product of the lengths.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let bytes = path.as_bytes();
        let (mut at, mut token) = (0, 0);
        // Where to go on after a mismatch: the last `*`, and the last `**`. Earlier ones need no second try, for the
        // first place at which the part between two of them fits leaves the most to the later one.
        let mut within: Option<(usize, usize)> = None;
        let mut across: Option<(usize, usize, bool)> = None;
        loop {
            match self.tokens.get(token) {
                None if at == bytes.len() => return true,
                Some(Token::Literal(literal)) if bytes[at..].starts_with(literal.as_bytes()) => {
                    at += literal.len();
                    token += 1;
                    continue;
                }
                None | Some(Token::Literal(_)) => {}
                Some(Token::Within) => {
                    token += 1;
                    within = Some((token, at));
                    continue;
                }
                Some(kind @ (Token::Across | Token::Components)) => {
                    token += 1;
                    across = Some((token, at, *kind == Token::Components));
                    within = None;
                    continue;
                }
            }
            if let Some((next, from)) = within
                && bytes.get(from).is_some_and(|byte| *byte != b'/')
            {
                within = Some((next, from + 1));
                (token, at) = (next, from + 1);
                continue;
            }
            let Some((next, from, components)) = across else { return false };
            let step = if components {
                bytes[from..].iter().position(|byte| *byte == b'/').map(|slash| from + slash + 1)
            } else {
                (from < bytes.len()).then_some(from + 1)
            };
            let Some(step) = step else { return false };
            across = Some((next, step, components));
            within = None;
            (token, at) = (next, step);
        }
    }

    /// What every path that fits begins with.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        match self.tokens.first() {
            Some(Token::Literal(literal)) => literal,
            _ => "",
        }
    }

    /// Last component of every path that fits, if it is always the same.
    #[must_use]
    pub(crate) fn name(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [.., Token::Components, Token::Literal(last)] => Some(last.rsplit('/').next().unwrap_or(last)),
            [.., Token::Literal(last)] => last.rsplit_once('/').map(|(_, name)| name),
            _ => None,
        }
    }

    /// The path, if the pattern is one path.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [Token::Literal(literal)] => Some(literal),
            _ => None,
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    fn fits(pattern: &str, path: &str) -> bool {
        PathPattern::parse(pattern).unwrap().matches(path)
    }

    #[test]
    fn a_star_stays_within_a_component() {
        assert!(fits("/etc/*", "/etc/passwd"));
        assert!(fits("/etc/*.conf", "/etc/.conf"));
        assert!(fits("/*/b*d", "/a/bcd"));
        assert!(fits("/*a*b", "/xaxaxb"));
        assert!(!fits("/etc/*", "/etc/ssh/sshd_config"));
        assert!(!fits("/etc/*", "/etc"));
        assert!(!fits("/*/c", "/a/b/c"));
    }

    #[test]
    fn two_stars_cross_components() {
        assert!(fits("/etc/**", "/etc/ssh/sshd_config"));
        assert!(fits("/a/**/d", "/a/b/c/d"));
        assert!(fits("/a/**/d", "/a/d"));
        assert!(!fits("/a/**/d", "/a/xd"));
        assert!(fits("**.rs", "/a/b.rs"));
        assert!(fits("**/b.rs", "/a/b.rs"));
        assert!(fits("/**/*.c", "/a/b/x.c"));
        assert!(fits("/a**z", "/ab/cz"));
        assert!(!fits("/etc/**", "/etc"));
        assert!(fits("/**/x/**/y*z", "/x/a/x/b/y1z"));
    }

    #[test]
    fn nothing_else_is_special() {
        assert!(fits("/a[1]?{x}\\", "/a[1]?{x}\\"));
        assert!(!fits("/a?", "/ab"));
        assert_eq!(PathPattern::parse("/a/b*").unwrap().literal_prefix(), "/a/b");
        assert_eq!(PathPattern::parse("/a").unwrap().exact(), Some("/a"));
        let name = |pattern| PathPattern::parse(pattern).unwrap().name().map(str::to_owned);
        assert_eq!(name("/a/**/b.c").as_deref(), Some("b.c"));
        assert_eq!(name("**/x/b.c").as_deref(), Some("b.c"));
        assert_eq!(name("/*/b").as_deref(), Some("b"));
        assert_eq!(name("/a/*b"), None);
        assert_eq!(name("**b"), None);
        assert!(PathPattern::parse("").is_err());
    }
}
