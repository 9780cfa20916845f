//! `./x test`: format, build, every test, one line of totals.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader},
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, Result};

use crate::{
    fuzz,
    host::Host,
    totals::{Lines, Totals},
    web,
};

/// Is this a run that nobody waits for?
fn under_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// A minute of fuzzing; each target counts as a test.
fn fuzz(host: &Host, totals: &mut Totals) -> Result<()> {
    for (target, result) in fuzz::run(host, fuzz::SECONDS, fuzz::targets(host)?)? {
        match result {
            Ok(()) => totals.passed += 1,
            Err(error) => {
                totals.fail(format!("fuzz target {target}: {error:#}"));
            }
        }
    }
    Ok(())
}

/// Runs everything; the exit code says whether all passed.
pub(crate) fn run(host: &Host, args: &[OsString]) -> Result<ExitCode> {
    crate::check::format(host)?;
    // The tests drive the very binary that users run.
    let tacho = super::build(host)?;
    let skips = host.target.join("skipped-tests");
    fs::write(&skips, "").with_context(|| format!("cannot write {}", skips.display()))?;

    let mut command = host.cargo(["test", "--no-fail-fast"]);
    command.args(args).env("TACHO_BIN", &tacho).env("TACHO_SKIPS", &skips).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start cargo test")?;
    let mut totals = Totals::default();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = Lines::libtest(&mut totals);
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("cannot read what cargo test prints")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            lines.take(&line);
        }
    }
    let status = child.wait().context("cannot wait for cargo test")?;

    // Words after `./x test` name tests of cargo's.
    if args.is_empty() {
        web::run(host, &tacho, &mut totals)?;
    }
    if under_ci() {
        fuzz(host, &mut totals)?;
    }

    // A test that this machine cannot run passes for libtest and leaves a line here.
    let skipped = fs::read_to_string(&skips).unwrap_or_default();
    for line in skipped.lines() {
        println!("x: skipped: {line}");
        totals.passed = totals.passed.saturating_sub(1);
        totals.skipped += 1;
    }
    if !status.success() && totals.failed == 0 {
        totals
            .fail(format!("cargo test ended with {status}: something did not build, or a test binary died"));
    }
    totals.tell();
    Ok(if status.success() && totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
