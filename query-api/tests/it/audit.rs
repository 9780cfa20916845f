//! Who asked what is kept; and a token that was replaced is worth nothing any more.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use query_api::{Door, Listener, bind_socket, serve};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::server::Server;
use crate::world::{World, ask};

async fn lines(world: &World) -> Vec<Value> {
    let answer = world.get("/audit").await;
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn each_question_leaves_a_line_with_who_asked_and_what_was_given_away() {
    let world = World::new();
    let server = Server::over(&world).await;
    let mut client = server.client().await;
    client.get("/events?limit=3&name=open,exec").await;
    client.get("/healthz").await;
    client.get("/processes?limit=1").await;
    server
        .send(b"GET /events?token=wrong&limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    let lines = lines(&world).await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    let first = &lines[0];
    assert_eq!(
        (&first["by"], &first["method"], &first["path"]),
        (&"token".into(), &"GET".into(), &"/events".into())
    );
    assert_eq!((&first["query"], &first["status"]), (&"limit=3&name=open,exec".into(), &200.into()));
    assert_eq!(first["events"], 3);
    assert!(first["peer"]["address"].as_str().unwrap().starts_with("127.0.0.1:"), "{first}");
    let refused = &lines[2];
    assert_eq!((&refused["by"], &refused["status"]), (&"nobody".into(), &401.into()));
    assert_eq!(refused["query"], "token=...&limit=1");
}

#[tokio::test]
async fn on_the_socket_the_kernel_says_who_asks() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listener = Listener::Unix(bind_socket(&path).unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(vec![(listener, world.app.clone())], async {
        let _ = stopped.await;
    }));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /stats?x=%0A{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    stop.send(()).unwrap();
    server.await.unwrap();
    let lines = lines(&world).await;
    assert_eq!((lines.len(), &lines[0]["by"]), (1, &"socket".into()));
    assert_eq!(lines[0]["peer"]["pid"], std::process::id());
    assert_eq!(lines[0]["query"], "x=%0A{}");
}

#[tokio::test]
async fn an_old_token_and_its_cookie_are_refused_at_once_when_there_is_a_new_one() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "old\n").unwrap();
    let app = world.behind(Door::with_token_file("127.0.0.1:7878".parse().unwrap(), path.clone()));
    let get = |path: &str, name: &str, value: &str| {
        Request::get(path).header("host", "localhost").header(name, value).body(Body::empty()).unwrap()
    };
    let answer = ask(&app, get("/stats?token=old", "x", "y")).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let status = async |name: &str, value: &str| ask(&app, get("/stats", name, value)).await.status;
    assert_eq!(status("authorization", "Bearer old").await, StatusCode::OK);
    assert_eq!(status("cookie", &cookie).await, StatusCode::OK);
    let next = directory.path().join("next");
    std::fs::write(&next, "new\n").unwrap();
    std::fs::rename(&next, &path).unwrap();
    assert_eq!(status("authorization", "Bearer old").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("cookie", &cookie).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("authorization", "Bearer new").await, StatusCode::OK);
}
