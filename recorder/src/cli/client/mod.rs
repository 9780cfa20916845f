//! The read verbs' way to an API: the recorder's socket, another address, or the very same router over a store
//! opened in this process.

mod refusal;
mod stream;
mod token;
mod url;

use std::{path::PathBuf, thread, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use axum::{Router, body::Body};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, header};
use hyper_util::rt::TokioIo;
use query_api::{AppState, Role};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use store::{Editor, Store};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    runtime::Runtime,
    task::JoinHandle,
    time::timeout,
};
use tower::ServiceExt as _;

pub use stream::{Message, NoStream, Stream};
pub use url::encoded;

use super::{args::SourceFlags, config::Config, settings::socket_of};
use refusal::{no_recorder, no_store, refusal};
use url::{parse_url, target};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(2);
/// Largest answer that is read, bytes.
const MAX_REPLY: usize = 512 << 20;
/// How often a question is asked again of a server that is busy.
const TRIES: usize = 10;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

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

/// A page of events, each as the API wrote it, byte for byte.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The events.
    pub events: Vec<Box<RawValue>>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Nothing is known to be missing.
    pub complete: bool,
    /// What is.
    pub gaps: Vec<Value>,
    /// The rules by which something may have been left out on purpose.
    #[serde(default)]
    pub left_out: Vec<Value>,
    /// With `follow`: the other names of the file.
    pub followed: Option<Value>,
    /// Events between this page and the one before that were removed meanwhile.
    #[serde(default)]
    pub skipped: u64,
}

/// An answer whose body is still to be read.
struct Opened {
    status: StatusCode,
    body: Body,
    _connection: Option<Connection>,
}

/// Ends with the answer it was for.
struct Connection(JoinHandle<hyper::Result<()>>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// Picks the API that the flags name. Nothing is connected yet.
    ///
    /// # Errors
    /// If the store cannot be opened, the token not read, or the URL is none.
    pub fn open(flags: &SourceFlags, file: &Config) -> Result<Self> {
        let (source, token) = if let Some(dir) = &flags.store {
            let store = Store::open(dir).map_err(|error| no_store(dir, error))?;
            (Source::Store(query_api::app(AppState::new(store, Role::Serving))), None)
        } else if let Some(url) = &flags.url {
            let (host, base) = parse_url(url)?;
            (Source::Address { host, base }, token::read(flags.token_file.as_deref())?)
        } else {
            (Source::Socket(socket_of(flags.socket.clone(), file)), None)
        };
        Ok(Self { source, token, runtime: runtime()?, _editor: None })
    }

    /// The API over a store whose pins are to be changed.
    ///
    /// # Errors
    /// If the I/O runtime cannot start.
    pub fn over(router: Router, editor: Editor) -> Result<Self> {
        Ok(Self { source: Source::Store(router), token: None, runtime: runtime()?, _editor: Some(editor) })
    }

    /// Whether it is a store that was opened in this process: it has no connection to lose.
    #[must_use]
    pub const fn is_store(&self) -> bool {
        matches!(self.source, Source::Store(_))
    }

    /// The JSON document at a path.
    ///
    /// # Errors
    /// If nobody answers, or the answer is an error; [`super::settings::UsageError`] if a parameter was refused.
    pub fn get(&self, path: &str, parameters: &Parameters) -> Result<Value> {
        parse(&self.call(&Method::GET, path, parameters, None)?)
            .with_context(|| format!("the answer to {path} is no JSON"))
    }

    /// A page of events.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn events(&self, parameters: &Parameters) -> Result<Page> {
        let body = self.call(&Method::GET, "/events", parameters, None)?;
        serde_json::from_slice(&body).context("the answer to /events is no page of events")
    }

    /// Lines of JSON.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn lines(&self, path: &str) -> Result<Vec<Value>> {
        let body = self.call(&Method::GET, path, &Vec::new(), None)?;
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| parse(line).with_context(|| format!("a line of {path} is no JSON"))).collect()
    }

    /// Sends a document; what comes back.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn post(&self, path: &str, document: &Value) -> Result<Value> {
        parse(&self.call(&Method::POST, path, &Vec::new(), Some(document))?)
            .with_context(|| format!("the answer to {path} is no JSON"))
    }

    /// Removes what is at a path.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn delete(&self, path: &str) -> Result<Value> {
        parse(&self.call(&Method::DELETE, path, &Vec::new(), None)?)
            .with_context(|| format!("the answer to {path} is no JSON"))
    }

    fn call(
        &self,
        method: &Method,
        path: &str,
        parameters: &Parameters,
        document: Option<&Value>,
    ) -> Result<Bytes> {
        let ask = Ask { method, path, parameters, document, after: None };
        let mut tries = 0;
        loop {
            tries += 1;
            let (status, body) = self
                .runtime
                .block_on(async { timeout(PATIENCE, self.whole(&ask)).await })
                .with_context(|| format!("no answer to {path} within {} s", PATIENCE.as_secs()))??;
            if status.is_success() {
                return Ok(body);
            }
            // Nothing was done: it may be asked again.
            if !busy(status) || tries >= TRIES {
                return Err(refusal(path, status, &body));
            }
            thread::sleep(PAUSE);
        }
    }

    async fn whole(&self, ask: &Ask<'_>) -> Result<(StatusCode, Bytes)> {
        let opened = self.ask(ask).await?;
        let body = read(opened.body).await?;
        Ok((opened.status, body))
    }

    async fn ask(&self, ask: &Ask<'_>) -> Result<Opened> {
        match &self.source {
            Source::Socket(socket) => {
                let stream =
                    UnixStream::connect(socket).await.map_err(|error| no_recorder(socket, &error))?;
                exchange(stream, self.request(ask, "localhost", "")?).await
            }
            Source::Address { host, base } => {
                let stream = TcpStream::connect(host).await.with_context(|| {
                    format!("cannot connect to {host} (does `tacho record` or `tacho serve` listen there?)")
                })?;
                exchange(stream, self.request(ask, host, base)?).await
            }
            Source::Store(router) => {
                let request = self.request(ask, "localhost", "")?;
                let reply = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                Ok(Opened { status: reply.status(), body: reply.into_body(), _connection: None })
            }
        }
    }

    fn request(&self, ask: &Ask<'_>, host: &str, base: &str) -> Result<Request<Full<Bytes>>> {
        let target = target(base, ask.path, ask.parameters);
        let mut request = Request::builder().method(ask.method).uri(target).header(header::HOST, host);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(id) = ask.after {
            request = request.header("last-event-id", id.to_string());
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
    /// `Last-Event-ID`.
    after: Option<u64>,
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the I/O runtime")
}

fn busy(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Opened>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .context("what answers there speaks no HTTP")?;
    let connection = Connection(tokio::spawn(connection));
    let reply = sender.send_request(request).await.context("the connection broke")?;
    Ok(Opened { status: reply.status(), body: Body::new(reply.into_body()), _connection: Some(connection) })
}

async fn read(body: Body) -> Result<Bytes> {
    let body = Limited::new(body, MAX_REPLY).collect().await;
    Ok(body.map_err(|error| anyhow!("the answer broke off: {error}"))?.to_bytes())
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

#[cfg(test)]
mod tests {
    #[test]
    fn every_filter_of_the_api_is_a_flag() {
        use clap::CommandFactory as _;
        let mut command = crate::cli::args::Cli::command();
        command.build();
        let flags = |verb: &str| -> Vec<String> {
            let verb = command.find_subcommand(verb).unwrap();
            verb.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
        };
        let (events, tree) = (flags("events"), flags("tree"));
        for parameter in query_api::params::PARAMS {
            let on = |endpoint| parameter.on.contains(&endpoint);
            let name = parameter.name.to_owned();
            // In which form it is told is this program's own business.
            if name == "format" || name == "fields" {
                continue;
            }
            assert!(!on(query_api::params::Endpoint::Events) || events.contains(&name), "{name}");
            assert!(!on(query_api::params::Endpoint::Tree) || tree.contains(&name), "{name}");
        }
    }
}
