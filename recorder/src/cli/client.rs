//! The read verbs' way to an API: the recorder's socket, another address, or the very same router over a store
//! opened in this process.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use axum::Router;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, header};
use hyper_util::rt::TokioIo;
use query_api::{AppState, Role};
use serde::Deserialize as _;
use serde_json::Value;
use store::{Editor, Store};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    runtime::Runtime,
    time::timeout,
};
use tower::ServiceExt as _;

use super::{
    args::SourceFlags,
    config::Config,
    settings::{PORT, UsageError, socket_of},
};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(2);
/// Largest answer that is read, bytes.
const MAX_REPLY: usize = 512 << 20;

/// Query parameters.
pub type Parameters = Vec<(&'static str, String)>;

/// An API to read.
pub struct Client {
    source: Source,
    token: Option<String>,
    runtime: Runtime,
    /// Keeps writers away while a store is changed.
    _editor: Option<Editor>,
}

enum Source {
    Socket(PathBuf),
    Address { host: String, base: String },
    Store(Router),
}

struct Reply {
    status: StatusCode,
    body: Bytes,
}

impl Client {
    /// Picks the API that the flags name. Nothing is connected yet.
    ///
    /// # Errors
    /// If the store cannot be opened or the URL is none.
    pub fn open(flags: &SourceFlags, file: &Config) -> Result<Self> {
        let source = if let Some(dir) = &flags.store {
            Source::Store(query_api::app(AppState::new(Store::open(dir)?, Role::Serving)))
        } else if let Some(url) = &flags.url {
            let (host, base) = parse_url(url)?;
            Source::Address { host, base }
        } else {
            Source::Socket(socket_of(flags.socket.clone(), file))
        };
        Ok(Self { source, token: flags.token.clone(), runtime: runtime()?, _editor: None })
    }

    /// The API over a store whose pins are to be changed.
    ///
    /// # Errors
    /// If the I/O runtime cannot start.
    pub fn over(router: Router, editor: Editor) -> Result<Self> {
        Ok(Self { source: Source::Store(router), token: None, runtime: runtime()?, _editor: Some(editor) })
    }

    /// The JSON document at a path.
    ///
    /// # Errors
    /// If nobody answers, or the answer is an error; [`UsageError`] if a parameter was refused.
    pub fn get(&self, path: &str, parameters: &Parameters) -> Result<Value> {
        self.call(&Method::GET, path, parameters, None)
    }

    /// Sends a document; what comes back.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn post(&self, path: &str, document: &Value) -> Result<Value> {
        self.call(&Method::POST, path, &Vec::new(), Some(document))
    }

    /// Removes what is at a path.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn delete(&self, path: &str) -> Result<Value> {
        self.call(&Method::DELETE, path, &Vec::new(), None)
    }

    fn call(
        &self,
        method: &Method,
        path: &str,
        parameters: &Parameters,
        document: Option<&Value>,
    ) -> Result<Value> {
        let ask = Ask { method, path, parameters, document };
        let reply = self
            .runtime
            .block_on(async { timeout(PATIENCE, self.ask(&ask)).await })
            .with_context(|| format!("no answer to {path} within {} s", PATIENCE.as_secs()))??;
        if reply.status.is_success() {
            return parse(&reply.body).with_context(|| format!("the answer to {path} is no JSON"));
        }
        Err(refusal(path, reply.status, &reply.body))
    }

    async fn ask(&self, ask: &Ask<'_>) -> Result<Reply> {
        match &self.source {
            Source::Socket(socket) => {
                let stream =
                    UnixStream::connect(socket).await.map_err(|error| no_recorder(socket, &error))?;
                self.exchange(stream, self.request(ask, "localhost", "")?).await
            }
            Source::Address { host, base } => {
                let stream =
                    TcpStream::connect(host).await.with_context(|| format!("cannot connect to {host}"))?;
                self.exchange(stream, self.request(ask, host, base)?).await
            }
            Source::Store(router) => {
                let request = self.request(ask, "localhost", "")?;
                let reply = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                read(reply).await
            }
        }
    }

    async fn exchange<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Reply>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .context("what answers there speaks no HTTP")?;
        let connection = tokio::spawn(connection);
        let reply = sender.send_request(request).await.context("the connection broke")?;
        let reply = read(reply).await;
        connection.abort();
        reply
    }

    fn request(&self, ask: &Ask<'_>, host: &str, base: &str) -> Result<Request<Full<Bytes>>> {
        let target = target(base, ask.path, ask.parameters);
        let mut request = Request::builder().method(ask.method).uri(target).header(header::HOST, host);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match ask.document {
            Some(document) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(document.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(body)).context("the request cannot be written")
    }
}

/// What is asked.
struct Ask<'a> {
    method: &'a Method,
    path: &'a str,
    parameters: &'a Parameters,
    document: Option<&'a Value>,
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the I/O runtime")
}

async fn read<B>(reply: hyper::Response<B>) -> Result<Reply>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let status = reply.status();
    let body = Limited::new(reply.into_body(), MAX_REPLY)
        .collect()
        .await
        .map_err(|error| anyhow!("the answer broke off: {error}"))?
        .to_bytes();
    Ok(Reply { status, body })
}

fn no_recorder(socket: &Path, error: &io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "is `tacho record` running? (--store DIR reads a store that nobody writes, --url another API)"
        }
        io::ErrorKind::PermissionDenied => "only root may read what was recorded",
        _ => "is that the recorder's socket?",
    };
    anyhow!("no recorder answers at {}: {error}; {advice}", socket.display())
}

/// Without `serde_json`'s limit of 128 levels: a tree of processes may be deeper. Deep documents need a deep stack,
/// so the verb that asks for one has that (`super::on_deep_stack`).
fn parse(body: &[u8]) -> serde_json::Result<Value> {
    let mut input = serde_json::Deserializer::from_slice(body);
    input.disable_recursion_limit();
    let document = Value::deserialize(&mut input)?;
    input.end()?;
    Ok(document)
}

/// The API's error as an error of ours; a refused parameter is wrong usage.
fn refusal(path: &str, status: StatusCode, body: &[u8]) -> anyhow::Error {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &document["error"];
    let message = error["message"].as_str().unwrap_or("no message");
    match status {
        StatusCode::BAD_REQUEST => UsageError::Refused(match error["parameter"].as_str() {
            Some(parameter) if !message.contains(parameter) => format!("--{parameter}: {message}"),
            _ => message.to_owned(),
        })
        .into(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            anyhow!(
                "{message}; the token is in the file `token` of the data directory: --token or TACHO_TOKEN"
            )
        }
        _ => anyhow!("{path}: {status}: {message}"),
    }
}

/// Host with port, and the path below which the API is, without a slash at its end.
fn parse_url(url: &str) -> Result<(String, String)> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!(UsageError::Refused(format!(
            "--url {url:?}: only http:// is spoken; for another host, forward its port through ssh"
        )));
    };
    let (host, base) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || host.contains(['@', '?', '#']) {
        bail!(UsageError::Refused(format!("--url {url:?}: no host")));
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if has_port { host.to_owned() } else { format!("{host}:{PORT}") };
    let base = base.trim_matches('/');
    Ok((host, if base.is_empty() { String::new() } else { format!("/{base}") }))
}

fn target(base: &str, path: &str, parameters: &Parameters) -> String {
    let mut target = format!("{base}{path}");
    for (index, (name, value)) in parameters.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        encode(value, &mut target);
    }
    target
}

/// One component of a path.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    encode(text, &mut out);
    out.replace('/', "%2F")
}

/// Percent-encodes all but RFC 3986's unreserved characters and those that are plain in a query.
fn encode(value: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/,:*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded() {
        let parameters = vec![("path", "/etc/**".to_owned()), ("since", "2h ago+&=%".to_owned())];
        assert_eq!(target("", "/events", &parameters), "/events?path=/etc/**&since=2h%20ago%2B%26%3D%25");
    }

    #[test]
    fn every_filter_of_the_api_is_a_flag() {
        use clap::CommandFactory as _;
        let mut command = super::super::args::Cli::command();
        command.build();
        let flags = |verb: &str| -> Vec<String> {
            let verb = command.find_subcommand(verb).unwrap();
            verb.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
        };
        let (events, tree) = (flags("events"), flags("tree"));
        for parameter in query_api::params::PARAMS {
            let on = |endpoint| parameter.on.contains(&endpoint);
            let name = parameter.name.to_owned();
            assert!(
                !on(query_api::params::Endpoint::Events) || name == "format" || events.contains(&name),
                "{name}"
            );
            assert!(!on(query_api::params::Endpoint::Tree) || tree.contains(&name), "{name}");
        }
    }

    #[test]
    fn urls_give_host_port_and_base() {
        assert_eq!(parse_url("http://127.0.0.1:7878").unwrap(), ("127.0.0.1:7878".into(), String::new()));
        assert_eq!(parse_url("http://[::1]/tacho/").unwrap(), ("[::1]:7878".into(), "/tacho".into()));
        assert!(parse_url("https://host").unwrap_err().is::<UsageError>());
        assert!(parse_url("http://").is_err());
    }

    #[test]
    fn a_refused_parameter_is_wrong_usage() {
        let body = br#"{"error": {"code": "bad_value", "message": "no number", "parameter": "pid"}}"#;
        let error = refusal("/events", StatusCode::BAD_REQUEST, body);
        assert!(error.is::<UsageError>());
        assert_eq!(error.to_string(), "--pid: no number");
        assert!(!refusal("/events", StatusCode::INTERNAL_SERVER_ERROR, b"x").is::<UsageError>());
    }
}
