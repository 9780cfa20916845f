//! The HTTP API from outside: who may ask, and what is answered.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
};

use crate::{
    host::{turn, until},
    recorder::{Recorder, parse, request},
};

/// The loopback address in the recorder's log.
fn address(recorder: &Recorder) -> String {
    until("the address in the log", || {
        let log = recorder.log();
        let (_, rest) = log.split_once("127.0.0.1:")?;
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!port.is_empty()).then(|| format!("127.0.0.1:{port}"))
    })
}

fn ask(address: &str, target: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request(target, headers).as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    parse(&answer).unwrap()
}

#[test]
fn the_address_needs_the_token_and_the_socket_does_not() {
    let Some(_turn) = turn("token") else { return };
    let recorder = Recorder::start(&[]);
    let address = address(&recorder);
    let file = recorder.store().join("token");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
    let token = fs::read_to_string(&file).unwrap();
    assert_eq!(ask(&address, "/events", "").0, 401);
    assert_eq!(ask(&address, "/events", "Authorization: Bearer wrong\r\n").0, 401);
    assert_eq!(ask(&address, "/metrics", "").0, 401);
    assert_eq!(ask(&address, "/healthz", "").0, 200);
    let bearer = format!("Authorization: Bearer {}\r\n", token.trim());
    let (status, body) = ask(&address, "/events?limit=1", &bearer);
    assert_eq!(status, 200, "{body}");
    let (status, body) = ask(&address, "/events?bogus=1", &bearer);
    assert_eq!(status, 400);
    let error: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(error["error"]["parameter"], "bogus");
    assert!(recorder.get("/stats").is_object());
    assert_eq!(fs::metadata(recorder.socket()).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn the_recorder_does_not_record_its_own_writing() {
    let Some(_turn) = turn("no_loop") else { return };
    let recorder = Recorder::start(&[]);
    recorder.settle();
    let own = recorder.events(&format!("pid={}&name=open,unlink,rename", recorder.pid()));
    let store = recorder.store();
    let written = own.iter().filter(|event| {
        event["file"]["path"].as_str().is_some_and(|path| path.starts_with(store.to_str().unwrap()))
    });
    assert_eq!(written.count(), 0);
}
