//! The tests of the browser view: its types, its mathematics, and the page itself in a real browser.

use std::{
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    host::{self, Host},
    totals::{Lines, Totals},
};

/// Runs them all. They are built by cargo's own build of the crate `web`, which has installed what they need.
pub(crate) fn run(host: &Host, tacho: &Path, totals: &mut Totals) -> Result<()> {
    println!("x: the types of the browser view");
    let mut answers = node(host, "openapi-typescript/bin/cli.js");
    answers.args(["../docs/openapi.json", "--output", "src/api/openapi.d.ts"]);
    let mut types = node(host, "typescript/bin/tsc");
    match host::run(&mut answers).and_then(|()| host::run(types.arg("--noEmit"))) {
        Ok(()) => totals.passed += 1,
        Err(error) => totals.fail(format!("the types of the browser view: {error:#}")),
    }
    for args in [&["run", "--dir", "src"][..], &["run", "--config", "e2e/vitest.config.ts"]] {
        let mut tests = node(host, "vitest/vitest.mjs");
        tests.args(args).env("TACHO_BIN", tacho).env("NO_COLOR", "1").env("CHROMIUM", "chromium");
        vitest(tests, totals)?;
    }
    Ok(())
}

fn node(host: &Host, script: &str) -> Command {
    let mut command = host.command("node");
    command.current_dir(host.root.join("web")).arg(format!("node_modules/{script}"));
    command
}

/// Its report of failures goes to the same pipe as its counts.
fn vitest(mut tests: Command, totals: &mut Totals) -> Result<()> {
    let shown = host::shown(&tests);
    println!("x: {shown}");
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    tests.stderr(writer.try_clone().context("cannot share a pipe")?).stdout(writer);
    let mut child = tests.spawn().with_context(|| format!("cannot start {shown}"))?;
    // It holds this side's writers; the pipe ends with the child's.
    drop(tests);
    let before = totals.failed;
    let mut lines = Lines::vitest(totals);
    for line in BufReader::new(reader).lines() {
        let line = line.with_context(|| format!("cannot read what {shown} prints"))?;
        println!("{line}");
        lines.take(&line);
    }
    drop(lines);
    let status = child.wait().with_context(|| format!("cannot wait for {shown}"))?;
    if !status.success() && totals.failed == before {
        totals.fail(format!("{shown} ended with {status} before it told why"));
    }
    Ok(())
}
