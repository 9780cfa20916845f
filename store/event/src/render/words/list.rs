//! Tables of names by number, written as texts.

/// The words of a text, taken apart when compiled. How many there are is part of the type, so that a table with a word
/// too few does not compile. `-` stands for a number without a name, and becomes the empty string.
pub(super) const fn split<const N: usize>(text: &'static str) -> [&'static str; N] {
    let mut words = [""; N];
    let mut rest = text.as_bytes();
    let mut count = 0;
    while !rest.is_empty() {
        let mut length = 0;
        while length < rest.len() && rest[length] != b' ' {
            length += 1;
        }
        let (word, behind) = rest.split_at(length);
        if !matches!(word, b"-") {
            // Words of a text that are parted by blanks are texts too.
            if let Ok(word) = str::from_utf8(word) {
                words[count] = word;
            }
        }
        count += 1;
        rest = match behind {
            [] => &[],
            [_, rest @ ..] => rest,
        };
    }
    assert!(count == N, "a table with another number of words than it says");
    words
}

/// Name of a number; empty if it has none.
pub(super) fn nth(table: &[&'static str], number: u32) -> &'static str {
    usize::try_from(number).ok().and_then(|number| table.get(number)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{nth, split};

    #[test]
    fn a_text_is_taken_apart_and_a_dash_is_no_name() {
        const WORDS: [&str; 3] = split("one - three");
        assert_eq!(WORDS, ["one", "", "three"]);
        assert_eq!((nth(&WORDS, 2), nth(&WORDS, 3)), ("three", ""));
    }
}
