//! Bit masks as lists of names.

use std::borrow::Cow;

/// A name and its bits.
pub(super) type Named = (&'static str, u64);

/// Every name whose bits are all set, and one decimal number for the bits that no such name has; in the order of
/// their bytes, so the number comes first.
pub(super) fn names(value: u64, table: &[Named]) -> Vec<Cow<'static, str>> {
    let mut covered = 0;
    let mut names: Vec<Cow<'static, str>> = Vec::new();
    for (name, bits) in table {
        if value & bits == *bits {
            covered |= bits;
            names.push(Cow::Borrowed(name));
        }
    }
    let rest = value & !covered;
    if rest != 0 {
        names.push(Cow::Owned(rest.to_string()));
    }
    names.sort_unstable();
    names
}

/// The same as one text, as the schema's publisher writes masks that are no lists; empty for a mask of 0.
pub(super) fn text(value: u64, table: &[Named]) -> String {
    names(value, table).join(" | ")
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_mask_as_text_is_sorted_and_leftover_bits_are_one_number() {
        let table = [("B", 1), ("A", 2), ("AB", 3)];
        assert_eq!(text(0, &table), "");
        assert_eq!(text(1, &table), "B");
        assert_eq!(text(3 | 4 | 16, &table), "20 | A | AB | B");
    }
}
