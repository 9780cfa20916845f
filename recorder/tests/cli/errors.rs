//! What is wrong is said with what to do, and by the exit status: 1 failed, 2 wrong usage.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt as _},
    process::Stdio,
};

use crate::world::{World, both, tacho};

#[test]
fn a_misspelt_word_gets_the_nearest() {
    let world = World::new();
    for (flag, word, nearest) in [
        ("--name", "opne", "'open'"),
        ("--category", "proces", "'process'"),
        ("--outcome", "Refsed", "'Refused'"),
        ("--schema", "v55", "'v5'"),
        ("--usre", "x", "'--user'"),
    ] {
        let output = world.verb("events").args([flag, word]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flag}");
        assert!(both(&output).contains(nearest), "{flag} {word}: {}", both(&output));
    }
    let output = tacho().arg("evnts").output().unwrap();
    assert!(output.status.code() == Some(2) && both(&output).contains("'events'"), "{}", both(&output));
}

#[test]
fn words_are_taken_in_short_and_as_the_api_has_them() {
    let world = World::new();
    for words in [["--category", "file"], ["--category", "File Activity"], ["--name", "Open,unlink"]] {
        let text = world.said("events", words.into_iter().chain(["--pid", "70", "-o", "ndjson"]));
        assert_eq!(text.lines().count(), 2, "{words:?}: {text}");
    }
    for empty in ["", "open,", "open,,exec"] {
        let output = world.verb("events").args(["--name", empty]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{empty:?}");
    }
}

#[test]
fn wrong_times_and_filters_are_wrong_usage() {
    let world = World::new();
    for args in [&["--since", "yesterday"][..], &["--until", "2026-01-02"]] {
        let output = world.verb("events").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(both(&output).contains("RFC 3339") && both(&output).contains("2h"), "{}", both(&output));
    }
    for args in [
        &["--pid", "x"][..],
        &["--descendants"],
        &["--limit", "0"],
        &["--since", "1h", "--until", "2h"],
        &["--cursor", "x"],
        &["-f", "--until", "1h"],
        &["-f", "-o", "json"],
        &["--all", "-f"],
        &["-n", "1000000"],
    ] {
        let output = world.verb("events").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", both(&output));
    }
}

#[test]
fn when_nobody_answers_it_says_what_to_do() {
    let output = tacho().args(["events", "--socket", "/nonexistent/socket"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(both(&output).contains("is `tacho record` running?"), "{}", both(&output));
    let output = tacho().args(["events", "--store", "/nonexistent/store"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(both(&output).contains("no store"), "{}", both(&output));
    let output = tacho().args(["events", "--url", "http://127.0.0.1:1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(both(&output).contains("cannot connect"), "{}", both(&output));
}

#[test]
fn whoever_may_not_read_is_told_who_may() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new();
    std::fs::set_permissions(world.dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
    // The binary is where nobody else may look: through a descriptor it can be run all the same.
    let program = std::fs::File::open(env!("CARGO_BIN_EXE_tacho")).unwrap();
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&program));
    rustix::io::fcntl_setfd(&program, rustix::io::FdFlags::empty()).unwrap();
    let mut command = std::process::Command::new(path);
    command.args(["events", "--store"]).arg(world.dir.path()).uid(65_534).gid(65_534);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", both(&output));
    assert!(both(&output).contains("sudo"), "{}", both(&output));
}

#[test]
fn the_token_comes_from_a_file_or_the_environment_and_never_from_the_command_line() {
    let world = World::new();
    let mut server = world.verb("serve");
    let mut server = server.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = lines.map(Result::unwrap).find_map(|line| {
        let (_, rest) = line.split_once("http://")?;
        Some(rest.split('/').next().unwrap().to_owned())
    });
    let url = format!("http://{}", address.unwrap());
    let ask = || {
        let mut command = tacho();
        command.args(["events", "-n", "1", "--url", &url]);
        command
    };
    let output = ask().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        both(&output).contains("--token-file") && both(&output).contains("TACHO_TOKEN"),
        "{}",
        both(&output)
    );
    let file = world.dir.path().join("token");
    let token = std::fs::read_to_string(&file).unwrap();
    let output = ask().arg("--token-file").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
    let output = ask().env("TACHO_TOKEN", token.trim()).output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
    let output = ask().args(["--token", token.trim()]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output =
        tacho().args(["events", "--url"]).arg(format!("{url}/?token={}", token.trim())).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!both(&output).contains(token.trim()), "{}", both(&output));
    server.kill().unwrap();
    server.wait().unwrap();
}
