//! Text for a terminal. Names, arguments and paths were chosen by whoever was recorded: nothing of theirs may steer
//! the terminal of who reads.

use std::{borrow::Cow, fmt::Write as _};

use unicode_width::UnicodeWidthChar as _;

/// Stands where something was cut out.
pub const CUT: char = '\u{2026}';

/// Replaces by escapes: control characters (C0, DEL, C1), line separators, the marks that reorder text, and what cannot be
/// seen or told from a space.
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
        || (character.is_whitespace() && character != ' ')
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Columns that escaped text takes: 2 for a wide character, 0 for a mark on the one before.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn columns_of(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// Escaped text in at most `room` columns: of what is longer the middle is cut out, and [`CUT`] stands for it. Both ends
/// tell: where a path begins and what the file is called, the program and its last argument.
#[must_use]
pub fn fit(text: &str, room: usize) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let left = room.saturating_sub(1);
    let (front, back) = (left - left / 2, left / 2);
    let head = taken(text.chars(), front);
    let tail = taken(text.chars().rev(), back);
    let (head, tail) = (&text[..head], &text[text.len() - tail..]);
    Cow::Owned(if room == 0 { String::new() } else { format!("{head}{CUT}{tail}") })
}

/// Bytes of the first characters that fit into so many columns.
fn taken(characters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += columns_of(*character);
            used <= room
        })
        .map(char::len_utf8)
        .sum()
}

/// Escaped text in exactly `room` columns, or more if it does not fit: see [`fit`].
#[must_use]
pub fn pad(text: &str, room: usize, right: bool) -> String {
    let blank = " ".repeat(room.saturating_sub(width(text)));
    if right { format!("{blank}{text}") } else { format!("{text}{blank}") }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(escape("a\x1b[31mb\n\u{9b}c\u{202e}d"), "a\\x1b[31mb\\n\\x9bc\\u{202e}d");
        assert_eq!(escape("/tmp/\u{e9}t\u{e9}"), "/tmp/\u{e9}t\u{e9}");
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(escape("pay\u{ad}roll\u{a0}\u{e0041}\u{3164}"), "pay\\xadroll\\xa0\\u{e0041}\\u{3164}");
    }

    #[test]
    fn long_text_loses_its_middle_and_never_exceeds_the_room() {
        assert_eq!(fit("abcdefgh", 6), "abc\u{2026}gh");
        assert_eq!(fit("abc", 3), "abc");
        // Two columns each: no half of one.
        assert_eq!(fit("\u{6f22}\u{5b57}\u{6f22}\u{5b57}", 6), "\u{6f22}\u{2026}\u{5b57}");
        for text in ["/a/long/path/to/a/file", "\u{6f22}\u{5b57}\u{6f22}\u{5b57}", "e\u{301}e\u{301}e\u{301}"]
        {
            for room in 0..30 {
                assert!(width(&fit(text, room)) <= room, "{text} {room}");
            }
        }
    }

    #[test]
    fn wide_characters_are_padded_by_their_columns() {
        assert_eq!(pad("\u{6f22}", 4, false), "\u{6f22}  ");
        assert_eq!(pad("7", 3, true), "  7");
        assert_eq!(pad("long", 3, true), "long");
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_would_need_it() {
        assert_eq!(argument("a b"), "'a b'");
        assert_eq!(argument(""), "''");
        assert_eq!(argument("--x=/y"), "--x=/y");
        assert_eq!(argument("it's\x07"), "'it'\\''s\\x07'");
    }
}
