//! Header fields that are lists.

use axum::http::{HeaderMap, HeaderName};

/// Elements of a list with commas, of all fields of that name together (RFC 9110, 5.3 and 5.6.1). What is no visible ASCII
/// is left out.
pub(crate) fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}
