//! Real sockets.

use std::os::unix::fs::PermissionsExt as _;

use query_api::{Door, Listener, SocketError, bind_socket, serve};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::oneshot;

use crate::world::World;

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &str) -> String {
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn tcp_and_the_unix_socket_answer_until_told_to_stop() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tachograph.sock");
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = bind_socket(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(bind_socket(&path), Err(SocketError::InUse(_))));
    let doors = vec![
        (Listener::Tcp(tcp), world.behind(Door::with_token(address, "secret"))),
        (Listener::Unix(unix), world.app.clone()),
    ];
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(doors, async {
        let _ = stopped.await;
    }));
    let head = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n")
    };
    let connect = || TcpStream::connect(address);
    assert!(exchange(connect().await.unwrap(), &head("/healthz", "")).await.starts_with("HTTP/1.1 200 "));
    assert!(exchange(connect().await.unwrap(), &head("/events", "")).await.starts_with("HTTP/1.1 401 "));
    let bearer = "Authorization: Bearer secret\r\n";
    let answer = exchange(connect().await.unwrap(), &head("/events?limit=3", bearer)).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"next\":\""), "{answer}");
    let answer = exchange(UnixStream::connect(&path).await.unwrap(), &head("/events", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(exchange(connect().await.unwrap(), "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));

    // A connection that says nothing must not keep the server from ending.
    let idle = connect().await.unwrap();
    stop.send(()).unwrap();
    server.await.unwrap();
    drop(idle);
    assert!(connect().await.is_err());
    // What the dead server left is replaced; what is no socket is not.
    assert!(bind_socket(&path).is_ok());
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(matches!(bind_socket(&file), Err(SocketError::NotASocket(_))));
}

#[tokio::test]
async fn a_named_group_may_use_the_socket() {
    use std::os::unix::fs::MetadataExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let own = directory.path().metadata().unwrap().gid();
    let _listener = query_api::listen_on(&path, Some(own)).unwrap();
    let found = path.metadata().unwrap();
    assert_eq!((found.permissions().mode() & 0o777, found.gid()), (0o660, own));
}
