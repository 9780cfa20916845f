//! Malformed requests at the level of bytes: refused or left unanswered; never a failure of the server, a hang, or more
//! than was asked for.

use std::fmt::Write as _;

use futures_util::{StreamExt as _, stream};

use crate::server::Server;
use crate::world::World;

const REQUESTS: usize = 10_000;
/// Connections at once.
const TOGETHER: usize = 16;

/// Random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const METHODS: [&str; 12] =
    ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "G\0T"];
const TARGETS: [&str; 24] = [
    "/events?pid=4000000000",
    "/events?limit=1",
    "/events?limit=99999999999999999999",
    "/events?limit=-1",
    "/events?pid=%",
    "/events?pid=%zz",
    "/events?%70id=1",
    "/events?limit=1&cursor=00ff",
    "/events?limit=1&path=%00",
    "/events?limit=1&since=9999-12-31T23:59:59Z",
    "/events?limit=1&since=-99999999999999999w",
    "/events?&",
    "/events?=",
    "/events/?limit=1",
    "/events%2f..%2fstats",
    "/processes/%ff",
    "/processes/../events?limit=1",
    "//evil.example/events?limit=1",
    "http://evil.example/events?limit=1",
    "*",
    "evil.example:80",
    "events",
    "/timeline?buckets=0",
    "/pins",
];
const VERSIONS: [&str; 8] =
    ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", "FTP/1"];
const HEADERS: [&str; 18] = [
    "Content-Length: 10",
    "Content-Length: -1",
    "Content-Length: 1\r\nContent-Length: 2",
    "Content-Length: 99999999999999999999999",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 4",
    "Transfer-Encoding: gzip, chunked",
    "Expect: 100-continue",
    "Upgrade: h2c",
    "Host: evil.example",
    "Host:",
    "Accept: \u{ff}\u{fe}",
    "Last-Event-ID: -1",
    "Range: bytes=0-1",
    "X: \0",
    " folded: x",
    "no colon",
    ": no name",
];

/// One request out of odd parts; then some of its bytes are changed.
fn request(random: &mut Random, server: &Server) -> Vec<u8> {
    if random.below(40) == 0 {
        let length = 1 + random.below(200);
        return (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
    }
    let mut text = format!(
        "{} {} {}\r\nConnection: close\r\n",
        random.pick(&METHODS),
        random.pick(&TARGETS),
        random.pick(&VERSIONS)
    );
    if random.below(10) > 0 {
        write!(text, "Host: {}\r\n", server.address).unwrap();
    }
    if random.below(10) > 0 {
        write!(text, "Authorization: Bearer {}\r\n", server.token).unwrap();
    }
    for _ in 0..random.below(3) {
        text += random.pick(&HEADERS);
        text += "\r\n";
    }
    match random.below(60) {
        0 => write!(text, "Long: {}\r\n", "x".repeat(100_000)).unwrap(),
        1 => text += &"Many: 1\r\n".repeat(200),
        _ => {}
    }
    text += "\r\n";
    if random.below(4) == 0 {
        text += random.pick(&[
            "{\"since\": \"now\"}",
            "zz\r\n",
            "5\r\nab",
            "ffffffffffffffffff\r\n",
            "0\r\n\r\n",
        ]);
    }
    let mut bytes = text.into_bytes();
    for _ in 0..random.below(3) {
        let at = random.below(bytes.len());
        match random.below(3) {
            0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            1 => drop(bytes.remove(at)),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[tokio::test]
async fn no_bytes_are_a_failure_of_the_server() {
    let world = World::new();
    let server = Server::over(&world).await;
    let mut random = Random(11);
    let requests: Vec<_> = (0..REQUESTS).map(|_| request(&mut random, &server)).collect();
    let mut answers = stream::iter(&requests)
        .map(|bytes| {
            let server = &server;
            async move { (bytes, server.send(bytes).await) }
        })
        .buffer_unordered(TOGETHER);
    let (mut answered, mut refused) = (0, 0);
    while let Some((bytes, answer)) = answers.next().await {
        let asked = String::from_utf8_lossy(bytes);
        let text = String::from_utf8_lossy(&answer);
        if text.is_empty() {
            continue;
        }
        answered += 1;
        let status: u16 = text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        assert!((200..500).contains(&status), "{asked}\n{text}");
        refused += usize::from(status >= 400);
        let events = text.matches("\"evt\":").count();
        // `limit` is in each that can find something, and what was cut off at its end is no longer a request.
        assert!(events < world.cases.len() / 2, "{events} events for {asked}");
    }
    assert!(answered > REQUESTS / 4 && refused > REQUESTS / 8, "{answered} answered, {refused} refused");
    // It is still there.
    let answer = server.client().await.get("/events?limit=1").await;
    assert!(answer.status.is_success());
}
