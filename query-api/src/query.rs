//! From a query string to what is asked.

use event::Nanos;
use store::Filter;

use crate::cursor::{Cursor, FORMAT, sealed};
use crate::decode;
use crate::error::{ApiError, Code};
use crate::limits::MAX_VALUES;
use crate::params::{Asked, Endpoint, Form, PARAMS, Param};

/// Parameters that do not change which things are answered, only how many and in what form: a cursor goes over
/// from one to the other.
const OF_THE_FORM: [&str; 5] = ["cursor", "limit", "schema", "format", "fields"];

/// A parsed query string, with the cursor if it came with one.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) asked: Asked,
    /// Where to go on: the position that a handler put into [`Query::next`].
    pub(crate) after: Option<Vec<u8>>,
    hash: [u8; 8],
}

impl Query {
    /// Parses strictly: whatever is not understood is refused, so that no filter ever matches more than was meant.
    pub(crate) fn parse(endpoint: Endpoint, query: Option<&str>, now: Nanos) -> Result<Self, ApiError> {
        let pairs = decode::pairs(query.unwrap_or(""))?;
        let mut asked = Asked::default();
        let mut seen: Vec<(&Param, usize)> = Vec::new();
        for (name, value) in &pairs {
            let param = find(endpoint, name)?;
            let values = elements(param, value)?;
            match seen.iter_mut().find(|(known, _)| known.name == param.name) {
                Some(_) if param.form == Form::One => {
                    return Err(ApiError::of(
                        Code::DuplicateParameter,
                        name,
                        format!("`{name}` is given twice"),
                    ));
                }
                Some((_, count)) => *count += values.len(),
                None => seen.push((param, values.len())),
            }
            if seen.iter().any(|(_, count)| *count > MAX_VALUES) {
                let message = format!("more than {MAX_VALUES} values of `{name}`");
                return Err(ApiError::of(Code::BadValue, name, message));
            }
            for element in values {
                (param.take)(&mut asked, element, now)
                    .map_err(|message| ApiError::of(Code::BadValue, name, format!("`{name}`: {message}")))?;
            }
        }
        let hash = query_hash(endpoint, &pairs);
        let after = resume(&mut asked, hash)?;
        check(&mut asked)?;
        Ok(Self { asked, after, hash })
    }

    /// The cursor to what comes after a position.
    pub(crate) fn next(&self, position: Vec<u8>) -> String {
        let Filter { since, until, .. } = self.asked.filter;
        Cursor { query: self.hash, times: [since, until, self.asked.at], position }.encode()
    }

    /// A cursor to this query with this inside: times and position. For the fuzzer, which finds no seal by itself.
    pub(crate) fn sealed(&self, inside: &[u8]) -> String {
        sealed([&[FORMAT][..], &self.hash, inside].concat())
    }

    /// For a position that makes no sense.
    pub(crate) fn bad_cursor() -> ApiError {
        let message = "not a cursor of this query: take `next` of a page of the same query, unchanged";
        ApiError::of(Code::BadCursor, "cursor", message)
    }
}

fn find(endpoint: Endpoint, name: &str) -> Result<&'static Param, ApiError> {
    let known = PARAMS.iter().filter(|param| param.on.contains(&endpoint));
    if let Some(param) = known.clone().find(|param| param.name == name) {
        return Ok(param);
    }
    let names: Vec<_> = known.map(|param| param.name).collect();
    let message = if names.is_empty() {
        format!("{} takes no parameters", endpoint.path())
    } else {
        format!("{} has no such parameter; it has: {}", endpoint.path(), names.join(", "))
    };
    Err(ApiError::of(Code::UnknownParameter, name, message))
}

/// The elements of a value.
fn elements<'a>(param: &Param, value: &'a str) -> Result<Vec<&'a str>, ApiError> {
    let elements: Vec<&str> = match param.form {
        Form::One => vec![value],
        Form::Many => value.split(',').collect(),
        Form::Paths => split_paths(value),
    };
    if elements.iter().any(|element| element.is_empty()) {
        let message = format!("`{}` has an empty value", param.name);
        return Err(ApiError::of(Code::EmptyValue, param.name, message));
    }
    Ok(elements)
}

/// Splits at the commas after which a path begins or nothing is.
fn split_paths(value: &str) -> Vec<&str> {
    let mut paths = Vec::new();
    let mut start = 0;
    for (at, _) in value.match_indices(',') {
        if matches!(value.as_bytes().get(at + 1), None | Some(b'/' | b'*' | b',')) {
            paths.push(&value[start..at]);
            start = at + 1;
        }
    }
    paths.push(&value[start..]);
    paths
}

/// The hash of what is asked, whatever the order it was written in.
fn query_hash(endpoint: Endpoint, pairs: &[(String, String)]) -> [u8; 8] {
    let mut parts: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !OF_THE_FORM.contains(name))
        .collect();
    parts.sort_unstable();
    Cursor::hash(std::iter::once(("", endpoint.path())).chain(parts))
}

/// Takes the cursor in: its times are those of the first page.
fn resume(asked: &mut Asked, hash: [u8; 8]) -> Result<Option<Vec<u8>>, ApiError> {
    let Some(text) = asked.cursor.take() else { return Ok(None) };
    let cursor = Cursor::decode(&text).filter(|cursor| cursor.query == hash).ok_or_else(Query::bad_cursor)?;
    [asked.filter.since, asked.filter.until, asked.at] = cursor.times;
    Ok(Some(cursor.position))
}

/// What no single parameter can know.
fn check(asked: &mut Asked) -> Result<(), ApiError> {
    let filter = &mut asked.filter;
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since > until
    {
        return Err(ApiError::of(Code::BadCombination, "since", "`since` is after `until`"));
    }
    if asked.descendants.is_some() && filter.pids.is_empty() && filter.processes.is_empty() {
        let message = "`descendants` needs `pid` or `process`: of whom?";
        return Err(ApiError::of(Code::BadCombination, "descendants", message));
    }
    filter.descendants = asked.descendants.unwrap_or(false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Query, split_paths};
    use crate::error::Code;
    use crate::params::Endpoint::{self, Events, Plain, Processes};

    fn parse(query: &str) -> Result<Query, Code> {
        Query::parse(Events, Some(query), 0).map_err(|error| error.code)
    }

    #[test]
    fn repetition_and_commas_are_the_same() {
        for query in ["pid=1&pid=2", "pid=1,2", "pid=1%2C2"] {
            assert_eq!(parse(query).unwrap().asked.filter.pids, [1, 2], "{query}");
        }
    }

    #[test]
    fn a_comma_in_a_file_name_is_part_of_it() {
        assert_eq!(split_paths("/a,/b"), ["/a", "/b"]);
        assert_eq!(split_paths("/a,b,**/c"), ["/a,b", "**/c"]);
        assert_eq!(split_paths("/a,"), ["/a", ""]);
        assert_eq!(split_paths("/a,,/b"), ["/a", "", "/b"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (query, code) in [
            ("colour=red", Code::UnknownParameter),
            ("PID=1", Code::UnknownParameter),
            ("at=now", Code::UnknownParameter),
            ("limit=1&limit=1", Code::DuplicateParameter),
            ("pid", Code::EmptyValue),
            ("pid=", Code::EmptyValue),
            ("pid=1,", Code::EmptyValue),
            ("path=", Code::EmptyValue),
            ("path=/a,", Code::EmptyValue),
            ("since=", Code::EmptyValue),
            ("cursor=", Code::EmptyValue),
            ("pid=-1", Code::BadValue),
            ("pid=%2B1", Code::BadValue),
            ("pid=4294967296", Code::BadValue),
            ("pid=1.0", Code::BadValue),
            ("port=65536", Code::BadValue),
            ("limit=0", Code::BadValue),
            ("limit=10001", Code::BadValue),
            ("name=opens", Code::BadValue),
            ("name=open,OPEN", Code::BadValue),
            ("category=file", Code::BadValue),
            ("outcome=success", Code::BadValue),
            ("schema=v6", Code::BadValue),
            ("order=up", Code::BadValue),
            ("format=xml", Code::BadValue),
            ("ip=localhost", Code::BadValue),
            ("process=7", Code::BadValue),
            ("since=yesterday", Code::BadValue),
            ("descendants=yes&pid=1", Code::BadValue),
            ("descendants=true", Code::BadCombination),
            ("since=now&until=-1m", Code::BadCombination),
            ("cursor=00", Code::BadCursor),
        ] {
            assert_eq!(parse(query).unwrap_err(), code, "{query}");
        }
        assert!(Query::parse(Plain, Some("x=1"), 0).is_err());
        assert!(Query::parse(Plain, None, 0).is_ok());
    }

    #[test]
    fn a_cursor_keeps_the_times_of_the_first_page() {
        let minute = 60_000_000_000;
        let first = Query::parse(Events, Some("since=-15m&name=open"), 100 * minute).unwrap();
        let cursor = first.next(vec![7]);
        let query = format!("name=open&since=-15m&limit=5&schema=full&cursor={cursor}");
        let second = Query::parse(Events, Some(&query), 101 * minute).unwrap();
        assert_eq!(second.asked.filter.since, Some(85 * minute));
        assert_eq!(second.after, Some(vec![7]));
    }

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        let cursor = Query::parse(Events, Some("pid=1"), 0).unwrap().next(vec![]);
        let refused = |endpoint: Endpoint, query: &str| {
            let query = format!("{query}&cursor={cursor}");
            Query::parse(endpoint, Some(&query), 0).map_err(|error| error.code).unwrap_err()
                == Code::BadCursor
        };
        assert!(refused(Events, "pid=2"));
        assert!(refused(Events, "pid=1&order=asc"));
        assert!(refused(Processes, "pid=1"));
    }
}
