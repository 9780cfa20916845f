//! DNS messages (RFC 1035): the first question of each.

use std::fmt::Write as _;

/// Bytes of a name at the most, length octets included.
const NAME: usize = 255;
const HEADER: usize = 12;
/// A message holds its first question within these bytes: header, name, type and class.
pub const FIRST_QUESTION: usize = HEADER + NAME + 4;

/// The first question of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of the message.
    pub id: u16,
    /// Labels joined by dots, without the last one; what is not printable ASCII, and dots and backslashes within a
    /// label, as `\xNN`.
    pub name: String,
    /// QTYPE.
    pub kind: u16,
    /// QCLASS.
    pub class: u16,
    /// QDCOUNT.
    pub count: u16,
}

/// Why a message has no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// It ends before its question does.
    #[error("a DNS message of {0} bytes ends within its first question")]
    Short(usize),
    /// It is an answer (QR is set).
    #[error("a DNS answer")]
    Answer,
    /// QDCOUNT is zero.
    #[error("a DNS message without a question")]
    Empty,
    /// A label's length is none, or the name is longer than a name may be. Compression counts as such: nothing stands
    /// before the first question that its name could refer to.
    #[error("a DNS name that is none")]
    Name,
}

/// Reads the first question. The bytes may be cut behind it.
///
/// # Errors
/// If there is no question, or not a whole one.
pub fn question(message: &[u8]) -> Result<Question, DnsError> {
    const ANSWER: u8 = 0x80;
    let short = DnsError::Short(message.len());
    let (header, rest) = message.split_first_chunk::<HEADER>().ok_or(short)?;
    if header[2] & ANSWER != 0 {
        return Err(DnsError::Answer);
    }
    let count = u16::from_be_bytes([header[4], header[5]]);
    if count == 0 {
        return Err(DnsError::Empty);
    }
    let (name, rest) = name(rest, short)?;
    let (fields, _) = rest.split_first_chunk::<4>().ok_or(short)?;
    Ok(Question {
        id: u16::from_be_bytes([header[0], header[1]]),
        name,
        kind: u16::from_be_bytes([fields[0], fields[1]]),
        class: u16::from_be_bytes([fields[2], fields[3]]),
        count,
    })
}

/// A name, and what follows it.
fn name(bytes: &[u8], short: DnsError) -> Result<(String, &[u8]), DnsError> {
    /// The upper two bits of a length tell what follows; only zeros are a label.
    const LONGEST: u8 = 63;
    let mut text = String::new();
    let mut left = bytes;
    loop {
        let (length, rest) = left.split_first().ok_or(short)?;
        if *length == 0 {
            return Ok((text, rest));
        }
        let used = bytes.len() - rest.len() + usize::from(*length);
        // The root's length octet comes still.
        if *length > LONGEST || used + 1 > NAME {
            return Err(DnsError::Name);
        }
        let (label, rest) = rest.split_at_checked(usize::from(*length)).ok_or(short)?;
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label {
            match byte {
                b'.' | b'\\' => push_hex(&mut text, *byte),
                b'!'..=b'~' => text.push(char::from(*byte)),
                _ => push_hex(&mut text, *byte),
            }
        }
        left = rest;
    }
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(name: &[u8]) -> Vec<u8> {
        [&[0x12, 0x34, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0], name, &[0, 28, 0, 1, 9, 9]].concat()
    }

    #[test]
    fn the_first_question_is_read() {
        assert_eq!(
            question(&message(b"\x03WWW\x07example\x03org\0")),
            Ok(Question { id: 0x1234, name: "WWW.example.org".to_owned(), kind: 28, class: 1, count: 2 })
        );
        assert_eq!(question(&message(b"\0")).unwrap().name, "");
    }

    #[test]
    fn what_is_no_text_in_a_name_is_escaped() {
        let name = question(&message(b"\x06a.b\\c \x03\xc3\xa9\x00\x04_udp\0")).unwrap().name;
        assert_eq!(name, r"a\x2eb\x5cc\x20.\xc3\xa9\x00._udp");
    }

    #[test]
    fn what_has_no_question_is_told_apart() {
        let mut answer = message(b"\x01a\0");
        answer[2] |= 0x80;
        assert_eq!(question(&answer), Err(DnsError::Answer));
        let mut empty = message(b"\x01a\0");
        empty[5] = 0;
        assert_eq!(question(&empty), Err(DnsError::Empty));
        // A pointer to the header, to itself, and a reserved kind of label.
        for name in [&b"\xc0\x00"[..], b"\xc0\x0c", b"\x40a\0", b"\x01a\xc0\x0c"] {
            assert_eq!(question(&message(name)), Err(DnsError::Name), "{name:?}");
        }
        let whole = message(b"\x03www\0");
        for length in 0..whole.len() - 2 {
            assert_eq!(question(&whole[..length]), Err(DnsError::Short(length)));
        }
    }

    #[test]
    fn a_name_may_be_as_long_as_a_name_may_be() {
        // 4 labels: 3 * 64 + 62 + 1 = 255.
        let label = |length: u8| [vec![length], vec![b'x'; usize::from(length)]].concat();
        let longest = [label(63), label(63), label(63), label(61), vec![0]].concat();
        assert_eq!(question(&message(&longest)[..FIRST_QUESTION]).unwrap().name.len(), 253);
        let longer = [label(63), label(63), label(63), label(62), vec![0]].concat();
        assert_eq!(question(&message(&longer)), Err(DnsError::Name));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(question) = question(&bytes) {
                prop_assert!(question.name.len() <= NAME * 4 && question.name.is_ascii());
            }
        }

        #[test]
        fn a_name_of_plain_labels_comes_back_as_it_was(labels in proptest::collection::vec("[a-z0-9_-]{1,20}", 0..8)) {
            let wire: Vec<u8> = labels
                .iter()
                .flat_map(|label| [&[u8::try_from(label.len()).unwrap()][..], label.as_bytes()].concat())
                .chain([0])
                .collect();
            prop_assert_eq!(question(&message(&wire)).unwrap().name, labels.join("."));
        }
    }
}
