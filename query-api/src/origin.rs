//! Whose page a browser asks for. A page of another site can send requests here, and must not get anything done or found
//! out by that; neither can one of another server on this host (localhost with another port).

use axum::http::{HeaderMap, header};

/// Whether a request is no browser's, or one for a page of this very server.
pub(crate) fn is_own(headers: &HeaderMap) -> bool {
    origin_is_own(headers) && site_is_own(headers)
}

/// `Origin`, if there is one, is this `Host` (https behind a proxy that ends it). `null` is nobody's own.
fn origin_is_own(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok();
    let named =
        origin.and_then(|text| text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")));
    origins.next().is_none()
        && named.zip(host).is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
}

/// `Sec-Fetch-Site`, if there is one, says that this server's own page asks, or the user directly.
fn site_is_own(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn own(headers: &[(&str, &str)]) -> bool {
        let pairs =
            headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value);
        }
        is_own(&map)
    }

    #[test]
    fn only_this_servers_pages_are_its_own() {
        let host = ("host", "localhost:7878");
        assert!(own(&[host]) && own(&[host, ("sec-fetch-site", "none")]));
        assert!(own(&[host, ("origin", "http://localhost:7878"), ("sec-fetch-site", "same-origin")]));
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:3000",
            "http://evil.example",
            "http://localhost:7878.evil.example",
            "http://evil.example/localhost:7878",
            "ftp://localhost:7878",
            "localhost:7878",
        ] {
            assert!(!own(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(!own(&[host, ("origin", "http://localhost:7878"), ("origin", "http://evil.example")]));
        for site in ["cross-site", "same-site", "", "None"] {
            assert!(!own(&[host, ("sec-fetch-site", site)]), "{site}");
        }
    }
}
