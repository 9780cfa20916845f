//! Bytes from the kernel as text.

use std::fmt::Write as _;

/// The bytes as they are if they are UTF-8; else each byte that does not decode as `\xNN`.
#[must_use]
pub fn display(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::display;

    #[test]
    fn bytes_that_do_not_decode_are_escaped_one_by_one() {
        assert_eq!(display("a\u{e9}".as_bytes()), "a\u{e9}");
        assert_eq!(display(b"a\xffb\xc3"), "a\\xffb\\xc3");
    }
}
