//! Heads of HTTP/1 messages (RFC 9112), as far as talk with a metadata service needs it.

/// Header lines that are looked at.
const LINES: usize = 64;

/// Letters of a method.
const METHOD: usize = 16;

/// How a message begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request.
    Request {
        /// `GET`.
        method: &'a [u8],
        /// Path and query.
        target: &'a [u8],
    },
    /// An answer.
    Response {
        /// 200.
        status: u16,
    },
}

/// A head; borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The first line.
    pub start: Start<'a>,
    headers: Vec<(&'a [u8], &'a [u8])>,
    /// Bytes behind the empty line; `None` if it has not come yet.
    pub body: Option<&'a [u8]>,
}

/// Reads a head; `None` if the bytes do not begin with one. What is missing at its end is left out.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<Head<'_>> {
    let (first, mut left) = line(bytes).unwrap_or((bytes, &[]));
    let start = start(first)?;
    let mut headers = Vec::new();
    for _ in 0..LINES {
        let Some((text, rest)) = line(left) else { break };
        if text.is_empty() {
            return Some(Head { start, headers, body: Some(rest) });
        }
        if let Some(colon) = text.iter().position(|byte| *byte == b':') {
            headers.push((&text[..colon], text[colon + 1..].trim_ascii()));
        }
        left = rest;
    }
    Some(Head { start, headers, body: None })
}

/// Might the bytes be the beginning of a first line whose end has not come?
#[must_use]
pub fn may_begin(bytes: &[u8]) -> bool {
    let word = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    let answers = b"HTTP/1.1".starts_with(word) || word.starts_with(b"HTTP/1.");
    let requests = word.len() <= METHOD && word.iter().all(u8::is_ascii_uppercase);
    !word.is_empty() && (answers || requests) && !bytes.contains(&b'\n')
}

impl<'a> Head<'a> {
    /// Value of the first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        found.next().map(|(_, value)| *value)
    }

    /// Has all of the message come? A body's end is told by its length or its last chunk; one that ends with the
    /// connection is taken for whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Some(body) = self.body else { return false };
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
            return body.ends_with(b"0\r\n\r\n");
        }
        let length = self.header("content-length").and_then(|value| str::from_utf8(value).ok()?.parse().ok());
        body.len() >= length.unwrap_or(0)
    }
}

fn start(line: &[u8]) -> Option<Start<'_>> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next()?);
    if first.starts_with(b"HTTP/1.") {
        let status = str::from_utf8(second).ok()?.parse().ok()?;
        return Some(Start::Response { status });
    }
    // Methods are tokens; all that there are, are of capital letters. HTTP/1.x names its version last.
    let version = words.next()?;
    let method = !first.is_empty() && first.len() <= METHOD && first.iter().all(u8::is_ascii_uppercase);
    (method && version.starts_with(b"HTTP/1.")).then_some(Start::Request { method: first, target: second })
}

/// The first line without its end, and what follows.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let text = &bytes[..end];
    Some((text.strip_suffix(b"\r").unwrap_or(text), &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_and_an_answer_are_read() {
        let bytes = b"PUT /latest/api/token?x=1 HTTP/1.1\r\nHOST:  h \r\nX-A: 1\r\nx-a: 2\r\n\r\n";
        let request = head(bytes).unwrap();
        assert_eq!(request.start, Start::Request { method: b"PUT", target: b"/latest/api/token?x=1" });
        assert_eq!(request.header("host"), Some(&b"h"[..]));
        assert_eq!(request.header("X-a"), Some(&b"1"[..]));
        assert!(request.is_whole());
        let answer = head(b"HTTP/1.1 404 Not Found\nContent-Length: 3\n\nab").unwrap();
        assert_eq!((answer.start, answer.body), (Start::Response { status: 404 }, Some(&b"ab"[..])));
        assert!(!answer.is_whole());
        assert!(head(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab").unwrap().is_whole());
        assert!(!head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab").unwrap().is_whole());
        let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        assert!(head(chunks).unwrap().is_whole());
    }

    #[test]
    fn other_bytes_are_no_head_and_a_cut_one_is_not_whole() {
        for bytes in
            [&b""[..], b"GET", b"\x16\x03\x01", b"get / HTTP/1.1\r\n", b"GET / SPDY\r\n", b"HTTP/1.1 xx\r\n"]
        {
            assert_eq!(head(bytes), None, "{bytes:?}");
        }
        let cut = head(b"GET / HTTP/1.1\r\nHost: h\r\nUser-Ag").unwrap();
        assert_eq!((cut.header("host"), cut.body), (Some(&b"h"[..]), None));
        assert!(!cut.is_whole());
        for (bytes, may) in [
            (&b"G"[..], true),
            (b"GET /latest", true),
            (b"HT", true),
            (b"HTTP/1.0 2", true),
            (b"", false),
            (b"GET /\n", false),
            (b"{\"a\"", false),
            (b"get /", false),
        ] {
            assert_eq!(may_begin(bytes), may, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            start in "(GET / HTTP/1.1|HTTP/1.0 200|)\r?\n?",
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes = [start.as_bytes(), &bytes].concat();
            if let Some(head) = head(&bytes) {
                let _ = (head.is_whole(), head.header("host"));
            }
        }
    }
}
