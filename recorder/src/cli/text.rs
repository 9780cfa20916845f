//! Text for a terminal. Names, arguments and paths were chosen by whoever was recorded: nothing of theirs may steer
//! the terminal of who reads.

use std::{borrow::Cow, env, fmt::Write as _, io::IsTerminal as _};

/// Columns when the terminal does not tell.
const COLUMNS: usize = 100;
/// Narrower terminals are treated as this wide.
const MIN_COLUMNS: usize = 40;

/// Replaces control characters (C0, DEL, C1), line separators, and the marks that reorder text, by escapes.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if !steers(character) => out.push(character),
            _ if u32::from(character) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(character));
            }
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    Cow::Owned(out)
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}'
        )
}

/// Cuts to a number of characters, with `...` at the end of what was longer.
#[must_use]
pub fn fit(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(width.saturating_sub(3)).chain("...".chars()).collect())
}

/// One argument as a shell would need it quoted, escaped.
#[must_use]
pub fn argument(text: &str) -> Cow<'_, str> {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c) || (!c.is_ascii() && !steers(c));
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", escape(&text.replace('\'', "'\\''"))))
}

/// How to write to standard output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Colours are wanted.
    pub colour: bool,
    /// Columns to fit into; `None` for no cutting (not a terminal).
    pub columns: Option<usize>,
}

impl Style {
    /// Of this process's standard output. Colours need a terminal that is not "dumb", and `NO_COLOR` unset.
    #[must_use]
    pub fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        if !stdout.is_terminal() {
            return Self::default();
        }
        let columns = rustix::termios::tcgetwinsize(&stdout)
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns > 0)
            .unwrap_or(COLUMNS)
            .max(MIN_COLUMNS);
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        Self { colour: !set("NO_COLOR") && !dumb, columns: Some(columns) }
    }

    /// Text in a colour (an SGR code such as "31"), if colours are wanted.
    #[must_use]
    pub fn paint<'a>(self, code: &str, text: &'a str) -> Cow<'a, str> {
        if self.colour && !text.is_empty() {
            Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// SGR codes.
pub mod sgr {
    /// Said once, or over.
    pub const DIM: &str = "2";
    /// What the eye looks for.
    pub const BOLD: &str = "1";
    /// Refused, killed.
    pub const RED: &str = "31";
    /// Failed, unknown.
    pub const YELLOW: &str = "33";
    /// Alive.
    pub const GREEN: &str = "32";
    /// Users, containers.
    pub const CYAN: &str = "36";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(escape("a\x1b[31mb\n\u{9b}c\u{202e}d"), "a\\x1b[31mb\\n\\x9bc\\u{202e}d");
        assert_eq!(escape("/tmp/\u{e9}t\u{e9}"), "/tmp/\u{e9}t\u{e9}");
    }

    #[test]
    fn long_text_is_cut_to_the_width() {
        assert_eq!(fit("abcdefgh", 6), "abc...");
        assert_eq!(fit("abc", 3), "abc");
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_would_need_it() {
        assert_eq!(argument("a b"), "'a b'");
        assert_eq!(argument(""), "''");
        assert_eq!(argument("--x=/y"), "--x=/y");
        assert_eq!(argument("it's\x07"), "'it'\\''s\\x07'");
    }

    #[test]
    fn without_a_terminal_there_is_no_colour() {
        assert_eq!(Style::default().paint(sgr::RED, "x"), "x");
        assert_eq!(Style { colour: true, columns: None }.paint(sgr::RED, "x"), "\x1b[31mx\x1b[0m");
    }
}
