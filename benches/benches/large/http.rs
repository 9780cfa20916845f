//! The same questions over HTTP: a client and a server of this process, on TCP and on a Unix socket, and what of the time
//! is the store's, what the rendering's.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use event::render::{Date, write_json};
use event::schema::{Rendering, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use query_api::{AppState, Door, Listener, Role, app, bind_socket, serve};
use store::Store;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::{Question, costs, told};

/// Asks all questions by one way after the other, then the store itself.
pub fn http(dir: &Path) {
    let questions = Question::all(dir);
    ask(dir, &questions.iter().map(|(name, question)| (name.clone(), uri(question))).collect::<Vec<_>>());
    inside(&Store::open(dir).unwrap(), &questions);
}

/// Asks by one way after the other; each question is a sort and a path with its query.
pub fn ask(dir: &Path, questions: &[(String, String)]) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(asked(dir, questions));
    println!("http: peak memory {:.0} MB", costs().0 as f64 / 1e6);
}

async fn asked(dir: &Path, questions: &[(String, String)]) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let socket = bind_socket(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let state = AppState::new(Store::open(dir).unwrap(), Role::Serving);
    let doors = vec![
        (Listener::Tcp(tcp), app(state.clone().with_door(Door::without_token(address).unwrap()))),
        (Listener::Unix(socket), app(state)),
    ];
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(doors, async {
        let _ = stopped.await;
    }));

    let (sender, connection) =
        handshake(TokioIo::new(TcpStream::connect(address).await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    round("tcp", sender, questions).await;
    let (sender, connection) =
        handshake(TokioIo::new(UnixStream::connect(&path).await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    round("unix", sender, questions).await;
    stop.send(()).unwrap();
    server.await.unwrap();
}

/// All questions on one connection, each answer read to its end.
async fn round(way: &str, mut sender: SendRequest<Empty<Bytes>>, questions: &[(String, String)]) {
    for some in questions.chunk_by(|(name, _), (other, _)| name == other) {
        let (mut times, mut bytes) = (Vec::new(), 0);
        for (_, question) in some {
            let request = hyper::Request::get(question).header("host", "localhost");
            let request = request.body(Empty::new()).unwrap();
            let begun = Instant::now();
            sender.ready().await.unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert!(answer.status().is_success(), "{}: {question}", answer.status());
            bytes += answer.into_body().collect().await.unwrap().to_bytes().len();
            times.push(begun.elapsed());
        }
        let each = bytes / some.len();
        told(&format!("{way}: {}", some[0].0), times, &format!("{each} bytes an answer"));
    }
}

/// What the server does, step by step.
fn inside(store: &Store, questions: &[(String, Question)]) {
    for some in questions.chunk_by(|(name, _), (other, _)| name == other) {
        let [mut found, mut missing, mut rendered] = [const { Vec::<Duration>::new() }; 3];
        for (_, question) in some {
            let query = question.query();
            let begun = Instant::now();
            let page = store.events(&query).unwrap();
            found.push(begun.elapsed());
            let begun = Instant::now();
            std::hint::black_box(store.gaps(query.filter.since, query.filter.until, &[]));
            missing.push(begun.elapsed());
            let mut out = Vec::new();
            let begun = Instant::now();
            for event in &page.events {
                event
                    .with_subject(|subject| write_json(&mut out, subject, Rendering::Schema(Version::V5)))
                    .unwrap();
            }
            rendered.push(begun.elapsed());
        }
        for (what, times) in [("store", found), ("gaps", missing), ("JSON", rendered)] {
            told(&format!("{what}: {}", some[0].0), times, "");
        }
    }
}

fn uri(question: &Question) -> String {
    let date = |time: &str| time.parse().map_or_else(|_| String::new(), |time| Date(time).to_string());
    let Question { order, pid, process, descendants, path, since, until } = question;
    let mut uri = format!("/events?limit=100&order={}", order.to_lowercase());
    for (name, value) in [
        ("pid", pid.clone()),
        ("process", process.clone()),
        ("path", path.clone()),
        ("since", date(since)),
        ("until", date(until)),
    ] {
        if !value.is_empty() {
            write!(uri, "&{name}={}", escaped(&value)).unwrap();
        }
    }
    if descendants == "true" {
        uri.push_str("&descendants=true");
    }
    uri
}

/// As a value of a query string; a comma too, at which the server splits.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~*".contains(&byte) {
            out.push(byte.into());
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}
