//! The browser view: its files as the crate `web` has them, with what a browser may do with them.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use web::{Encoding, File};

use crate::error::{ApiError, Code};
use crate::lists::elements;

/// Where its files are. They are no part of the API, and not in its document.
pub(crate) const PATHS: [&str; 3] = ["/", "/icon.svg", "/assets/{name}"];
/// The page asks this server and nobody else, runs no inline script or style, and is in nobody's frame.
const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Files whose names have the hash of what is in them.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// The page names them: it is asked for anew each time, and not sent if it is the same.
const ASK_AGAIN: &str = "no-cache";

/// Any of [`PATHS`]. They tell nothing that was recorded, and need no token.
pub(crate) async fn view(request: Request) -> Result<Response, ApiError> {
    let path = request.uri().path();
    let mut encodings =
        Encoding::ALL.into_iter().filter(|encoding| accepts(request.headers(), encoding.name()));
    let encoded = encodings.find_map(|encoding| Some((web::file(path, Some(encoding))?, encoding)));
    let (file, encoding) = match encoded {
        Some((file, encoding)) => (file, Some(encoding)),
        None => (web::file(path, None).ok_or_else(nothing)?, None),
    };
    answer(request.headers(), file, encoding)
}

fn nothing() -> ApiError {
    ApiError::new(Code::NotFound, "nothing at this address")
}

fn answer(asked: &HeaderMap, file: File, encoding: Option<Encoding>) -> Result<Response, ApiError> {
    let etag = HeaderValue::from_str(&file.etag).map_err(|error| ApiError::internal(&error))?;
    let same = names(asked, &file.etag);
    let mut response =
        if same { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    headers.insert(header::ETAG, etag);
    let kept = if file.immutable { FOR_GOOD } else { ASK_AGAIN };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    Ok(response)
}

/// Whether `If-None-Match` names a tag (RFC 9110, 13.1.2: weak comparison).
fn names(headers: &HeaderMap, etag: &str) -> bool {
    elements(headers, header::IF_NONE_MATCH).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// Whether `Accept-Encoding` allows an encoding by its name (RFC 9110, 12.5.3). `*` is not taken up: sending what was not
/// named is never worth the risk.
fn accepts(headers: &HeaderMap, name: &str) -> bool {
    elements(headers, header::ACCEPT_ENCODING).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|own| own.eq_ignore_ascii_case(name));
        named && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{accepts, names};

    #[test]
    fn an_encoding_is_used_only_if_it_is_named_and_not_refused() {
        let accepted = |text: &'static str, name| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            accepts(&headers, name)
        };
        assert!(accepted("gzip, deflate, BR;q=0.5", "br") && accepted("gzip;q=1", "gzip"));
        assert!(!accepted("br;q=0, gzip", "br") && !accepted("", "gzip") && !accepted("*", "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn a_tag_is_known_in_a_list_and_as_a_weak_one() {
        let named = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(text));
            names(&headers, "\"ab\"")
        };
        assert!(named("\"ab\"") && named("\"x\", W/\"ab\"") && named("*"));
        assert!(!named("ab") && !named("\"abc\"") && !named(""));
    }
}
