//! Query strings into names and values.

use crate::error::{ApiError, Code};
use crate::limits::{MAX_PARAMETERS, MAX_VALUE};

/// Splits and decodes a query string (`application/x-www-form-urlencoded`), strictly.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let mut pairs = Vec::new();
    for part in query.split('&') {
        if pairs.len() == MAX_PARAMETERS {
            let message = format!("more than {MAX_PARAMETERS} parameters");
            return Err(ApiError::new(Code::BadQuery, message));
        }
        if part.is_empty() {
            return Err(ApiError::new(Code::BadQuery, "a parameter without a name: `&` at an end, or twice"));
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = decode(name).ok_or_else(|| malformed(name))?;
        let value = decode(value).ok_or_else(|| malformed(&name))?;
        if value.len() > MAX_VALUE {
            let message = format!("longer than {MAX_VALUE} bytes");
            return Err(ApiError::of(Code::BadValue, &name, message));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn malformed(name: &str) -> ApiError {
    let message = "not percent-encoded UTF-8: write %25 for a percent sign";
    ApiError::of(Code::BadQuery, name, message)
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::pairs;
    use crate::error::Code;

    #[test]
    fn names_and_values_are_decoded() {
        let decoded = pairs("path=%2Fetc%2F%2A&since=2h+ago&x").unwrap();
        let expected = [("path", "/etc/*"), ("since", "2h ago"), ("x", "")];
        assert_eq!(decoded, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(pairs(""), Ok(vec![]));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for query in ["&", "a=1&&b=2", "a=1&", "a=%", "a=%4", "a=%zz", "a=%ff", "%=1"] {
            assert_eq!(pairs(query).unwrap_err().code, Code::BadQuery, "{query}");
        }
    }
}
