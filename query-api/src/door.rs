//! Who may come in, by which way: the token, the cookie made of it, and the names that a browser may know us by.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{ApiError, Code};
use crate::limits::MAX_URI;
use crate::origin;
use crate::token::{Pass, Token, Tokens};

const COOKIE: &str = "tacho";

/// The guard of one listener.
#[derive(Clone, Debug)]
pub struct Door {
    tokens: Option<Tokens>,
    hosts: Hosts,
}

/// A listener without a token must be out of others' reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "without a token only loopback addresses may be listened on, not {0}: leave out --no-auth, or listen on 127.0.0.1"
)]
pub struct NotLoopback(pub SocketAddr);

#[derive(Clone, Copy, Debug)]
enum Hosts {
    /// No browser gets here (a Unix socket).
    Any,
    /// localhost, loopback addresses, and this address. For the unspecified one, any address: what rebinding
    /// needs is a name.
    Listening(IpAddr),
}

impl Door {
    /// Of a Unix socket: its file mode is its guard.
    #[must_use]
    pub const fn socket() -> Self {
        Self { tokens: None, hosts: Hosts::Any }
    }

    /// Of an address, with a token.
    #[must_use]
    pub fn with_token(address: SocketAddr, token: &str) -> Self {
        Self { tokens: Some(Tokens::fixed(token)), hosts: Hosts::Listening(address.ip()) }
    }

    /// Of an address, with the token that is in a file: another one counts from the moment on in which it is there.
    #[must_use]
    pub fn with_token_file(address: SocketAddr, path: PathBuf) -> Self {
        Self { tokens: Some(Tokens::of_file(path)), hosts: Hosts::Listening(address.ip()) }
    }

    /// Of a loopback address, without a token.
    ///
    /// # Errors
    /// If the address is not loopback.
    pub const fn without_token(address: SocketAddr) -> Result<Self, NotLoopback> {
        if !address.ip().is_loopback() {
            return Err(NotLoopback(address));
        }
        Ok(Self { tokens: None, hosts: Hosts::Listening(address.ip()) })
    }

    /// Whether one who was let in may also change something: not by a cookie alone, and not just because nobody is asked
    /// for a token.
    pub(crate) fn may_change(&self, headers: &HeaderMap) -> bool {
        matches!(self.way(headers), "socket" | "token")
    }

    /// By which way somebody comes: `socket`, `token`, `cookie`, `open` (no token is asked for), or `nobody`.
    pub(crate) fn way(&self, headers: &HeaderMap) -> &'static str {
        match (&self.tokens, self.hosts) {
            (None, Hosts::Any) => "socket",
            (None, Hosts::Listening(_)) => "open",
            (Some(tokens), _) => way_by(tokens.now().as_deref(), headers),
        }
    }

    fn knows_host(&self, headers: &HeaderMap) -> bool {
        let Hosts::Listening(address) = self.hosts else { return true };
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else { return false };
        let Some(name) = host.to_str().ok().and_then(host_name) else { return false };
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        literal
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip == address || address.is_unspecified())
    }
}

/// By which way one comes who must have this token.
fn way_by(token: Option<&Token>, headers: &HeaderMap) -> &'static str {
    match token {
        Some(token) if knows_bearer(headers, token) => "token",
        Some(token) if knows_cookie(headers, token) => "cookie",
        _ => "nobody",
    }
}

/// The name of a `Host`, without its port.
fn host_name(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(end);
    let port_is_sound =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    port_is_sound.then_some(name)
}

/// Refuses unknown hosts, overlong addresses and strangers; turns `?token=` into a cookie.
pub(crate) async fn guard(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    match admit(&door, &request) {
        Ok(Admitted::Yes(pass)) => {
            request.extensions_mut().insert(pass);
            next.run(request).await
        }
        Ok(Admitted::WithCookie(response)) => response,
        Err(error) => error.into_response(),
    }
}

enum Admitted {
    Yes(Pass),
    /// The redirection to the same place without the token.
    WithCookie(Response),
}

fn admit(door: &Door, request: &Request) -> Result<Admitted, ApiError> {
    if !door.knows_host(request.headers()) {
        let message = "this server is not known by the name in `Host`: use localhost or its address";
        return Err(ApiError::new(Code::HostRefused, message));
    }
    if !matches!(door.hosts, Hosts::Any) && !origin::is_own(request.headers()) {
        let message = "a page of another site asks: nothing here is for it";
        return Err(ApiError::new(Code::OriginRefused, message));
    }
    let uri = request.uri();
    if uri.path_and_query().map_or(0, |part| part.as_str().len()) > MAX_URI {
        return Err(ApiError::new(
            Code::UriTooLong,
            format!("path and query are longer than {MAX_URI} bytes"),
        ));
    }
    let Some(tokens) = &door.tokens else { return Ok(Admitted::Yes(Pass::default())) };
    if let Some((given, rest)) = token_of_query(uri) {
        return match tokens.now() {
            Some(token) if token.is(given) => Ok(Admitted::WithCookie(redirect(uri.path(), &rest, &token)?)),
            _ => Err(stranger("the token in the address is wrong")),
        };
    }
    if is_public(uri.path()) {
        return Ok(Admitted::Yes(Pass::default()));
    }
    match tokens.now() {
        Some(token) if way_by(Some(&token), request.headers()) != "nobody" => {
            return Ok(Admitted::Yes(Pass::new(tokens.clone(), token)));
        }
        _ => {}
    }
    Err(stranger(
        "a token is needed: `Authorization: Bearer TOKEN`; it is in the file `token` of the data directory",
    ))
}

fn stranger(message: &str) -> ApiError {
    ApiError::new(Code::Unauthorized, message)
}

/// What tells nothing that was recorded.
pub(crate) fn is_public(path: &str) -> bool {
    matches!(path, "/" | "/icon.svg" | "/healthz" | "/openapi.json")
        || path.starts_with("/assets/")
        || path.starts_with("/schema/")
}

fn knows_bearer(headers: &HeaderMap, token: &Token) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let Some((scheme, given)) = value.split_once(' ') else { return false };
    scheme.eq_ignore_ascii_case("bearer") && token.is(given.trim())
}

fn knows_cookie(headers: &HeaderMap, token: &Token) -> bool {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .any(|(name, value)| name == COOKIE && token.is_cookie(value))
}

/// The token of a query string, and the rest of it. A token has nothing in it that would be escaped.
fn token_of_query(uri: &Uri) -> Option<(&str, String)> {
    let query = uri.query()?;
    let given = query.split('&').find_map(|part| part.strip_prefix("token="))?;
    let rest: Vec<_> = query.split('&').filter(|part| !part.starts_with("token=")).collect();
    Some((given, rest.join("&")))
}

fn redirect(path: &str, query: &str, token: &Token) -> Result<Response, ApiError> {
    // A path of two slashes would be taken for another host.
    let path = format!("/{}", path.trim_start_matches('/'));
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    let target = PathAndQuery::try_from(target).map_err(|error| ApiError::internal(&error))?;
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", token.cookie);
    let location = HeaderValue::from_str(target.as_str()).map_err(|error| ApiError::internal(&error))?;
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| ApiError::internal(&error))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::SET_COOKIE, cookie)]).into_response())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Door, NotLoopback};

    fn knows(door: &Door, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        door.knows_host(&headers)
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_names_that_cannot_be_rebound_are_known() {
        let door = Door::without_token(address("127.0.0.1:7878")).unwrap();
        for host in ["localhost", "LOCALHOST:7878", "127.0.0.1:1", "127.0.0.1", "[::1]:7878", "[::1]"] {
            assert!(knows(&door, host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:x",
            "10.0.0.1",
            "localhost:7878:1",
            "[::1",
            "localhost.",
            "127.0.0.1:",
            "@localhost",
        ] {
            assert!(!knows(&door, host), "{host}");
        }
        assert!(!door.knows_host(&HeaderMap::new()));
    }

    #[test]
    fn the_address_listened_on_is_known() {
        let door = Door::with_token(address("192.0.2.7:7878"), "t");
        assert!(knows(&door, "192.0.2.7:7878") && knows(&door, "localhost"));
        assert!(!knows(&door, "192.0.2.8:7878"));
        let every = Door::with_token(address("0.0.0.0:7878"), "t");
        assert!(knows(&every, "192.0.2.8:7878") && knows(&every, "[2001:db8::1]:80"));
        assert!(!knows(&every, "evil.example"));
    }

    #[test]
    fn without_a_token_only_loopback_is_listened_on() {
        assert!(Door::without_token(address("[::1]:0")).is_ok());
        let other = address("0.0.0.0:7878");
        assert_eq!(Door::without_token(other).unwrap_err(), NotLoopback(other));
    }
}
