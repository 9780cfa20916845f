//! The door for the fuzz target of query strings and cursors. A cursor is sealed here, because no fuzzer finds a seal by
//! itself.

use crate::cursor::Cursor;
use crate::page;
use crate::params::Endpoint;
use crate::processes;
use crate::query::Query;

const ENDPOINTS: [Endpoint; 7] = [
    Endpoint::Events,
    Endpoint::Stream,
    Endpoint::Processes,
    Endpoint::Tree,
    Endpoint::Paths,
    Endpoint::Timeline,
    Endpoint::Trace,
];
/// The present, for relative times.
const NOW: i64 = 1_790_000_000_000_000_000;

/// A query string and, after a zero byte, the inside of a cursor for it: times and position. Refused, or understood; what
/// a cursor says comes back as it was.
///
/// # Panics
/// If a cursor is not what it was, or goes on with another position than its own.
pub fn cursor(bytes: &[u8]) {
    let (text, inside) = bytes.iter().position(|byte| *byte == 0).map_or((bytes, &[][..]), |at| {
        let (text, inside) = bytes.split_at(at);
        (text, &inside[1..])
    });
    let text = String::from_utf8_lossy(text);
    let _ = Cursor::decode(&text);
    let _ = (page::position(inside), processes::position(inside));
    for endpoint in ENDPOINTS {
        let Ok(first) = Query::parse(endpoint, Some(&text), NOW) else { continue };
        let sealed = first.sealed(inside);
        let Some(cursor) = Cursor::decode(&sealed) else { continue };
        assert_eq!(Cursor::decode(&cursor.encode()).as_ref(), Some(&cursor));
        let separator = if text.is_empty() { "" } else { "&" };
        let query = format!("{text}{separator}cursor={sealed}");
        if let Ok(second) = Query::parse(endpoint, Some(&query), NOW) {
            assert_eq!(second.after.as_ref(), Some(&cursor.position), "{query}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cursor;
    use crate::query::Query;

    #[test]
    fn a_cursor_of_a_real_page_comes_through_the_fuzzer_s_door() {
        let seed = [&b"pid=1&since=-15m\0"[..], &[1; 27], &7_u64.to_be_bytes()].concat();
        cursor(&seed);
        let first = Query::parse(super::Endpoint::Events, Some("pid=1"), 0).unwrap();
        let sealed = first.sealed(&[&[0; 27][..], &7_u64.to_be_bytes()].concat());
        assert_eq!(first.next(7_u64.to_be_bytes().to_vec()), sealed);
    }

    #[test]
    fn nonsense_is_refused() {
        for nonsense in [&[][..], &[0; 40], &[0xff; 40], b"cursor=00", b"limit=1&limit=1\0\0"] {
            cursor(nonsense);
        }
    }
}
