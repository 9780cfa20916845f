//! The tests of the browser view: its types, its mathematics, and the page itself in a real browser.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};

use crate::{
    host::{self, Host},
    test::Totals,
};

/// Runs them all. They are built by cargo's own build of the crate `web`, which has installed what they need.
pub(crate) fn run(host: &Host, tacho: &Path, totals: &mut Totals) -> Result<()> {
    println!("x: the types of the browser view");
    let mut answers = node(host, "openapi-typescript/bin/cli.js");
    answers.args(["../docs/openapi.json", "--output", "src/api/openapi.d.ts"]);
    let mut types = node(host, "typescript/bin/tsc");
    match host::run(&mut answers).and_then(|()| host::run(types.arg("--noEmit"))) {
        Ok(()) => totals.passed += 1,
        Err(error) => {
            println!("x: {error:#}");
            totals.failed += 1;
        }
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

fn vitest(mut command: Command, totals: &mut Totals) -> Result<()> {
    let shown = host::shown(&command);
    println!("x: {shown}");
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {shown}"))?;
    let before = totals.failed;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.with_context(|| format!("cannot read what {shown} prints"))?;
            println!("{line}");
            take(&line, totals);
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for {shown}"))?;
    if !status.success() && totals.failed == before {
        println!("x: {shown} ended with {status} before it told why");
        totals.failed += 1;
    }
    Ok(())
}

/// Takes a line of vitest, such as `      Tests  1 failed | 29 passed | 2 skipped (32)`.
fn take(line: &str, totals: &mut Totals) {
    let Some(counts) = line.trim().strip_prefix("Tests  ") else { return };
    for part in counts.split(['|', '(']) {
        let mut words = part.split_whitespace();
        let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else {
            continue;
        };
        match what {
            "passed" => totals.passed += number,
            "failed" => totals.failed += number,
            "skipped" | "todo" => totals.skipped += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::take;
    use crate::test::Totals;

    #[test]
    fn what_vitest_counts_is_added() {
        let mut totals = Totals::default();
        take(" Test Files  1 failed | 5 passed (6)", &mut totals);
        take("      Tests  1 failed | 29 passed | 2 skipped (32)", &mut totals);
        assert_eq!(totals, Totals { passed: 29, failed: 1, skipped: 2 });
    }
}
