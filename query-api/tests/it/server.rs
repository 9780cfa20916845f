//! A real server on a real port, and a client.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use query_api::{Door, Listener, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::world::{Answer, World};

/// Longer than any answer takes on a busy machine: whoever waits so long has met a hang.
const PATIENCE: Duration = Duration::from_mins(1);

/// Serves a world behind a token until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) token: &'static str,
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) async fn over(world: &World) -> Self {
        let token = "5ec2e7";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = world.behind(Door::with_token(address, token));
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve(vec![(Listener::Tcp(listener), door)], async {
            // The test is over either way.
            let _ = stopped.await;
        }));
        Self { address, token, _stop: stop }
    }

    pub(crate) async fn client(&self) -> Client<'_> {
        Client { server: self, sender: self.connect().await }
    }

    async fn connect(&self) -> SendRequest<Body> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// Sends these bytes and nothing after them; what comes back until the server closes.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // The server may refuse, and close, before all is sent.
            if stream.write_all(bytes).await.is_ok() {
                let _ = stream.shutdown().await;
            }
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        };
        tokio::time::timeout(PATIENCE, exchange).await.expect("a hang")
    }
}

/// One connection, made anew when the server has closed it.
pub(crate) struct Client<'a> {
    server: &'a Server,
    sender: SendRequest<Body>,
}

impl Client<'_> {
    /// Asks with the token.
    pub(crate) async fn ask(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.server.address.to_string().parse().unwrap());
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", self.server.token).parse().unwrap());
        if self.sender.ready().await.is_err() {
            self.sender = self.server.connect().await;
        }
        let exchange = async {
            let (head, body) = self.sender.send_request(request).await.unwrap().into_parts();
            let bytes = axum::body::to_bytes(Body::new(body), 1 << 28).await.unwrap();
            let text = String::from_utf8(bytes.into()).unwrap();
            Answer { status: head.status, headers: head.headers, text }
        };
        tokio::time::timeout(PATIENCE, exchange).await.expect("a hang")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }
}
