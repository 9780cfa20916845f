//! `./x test`: format, build, every test, one line of totals.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader},
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, Result};

use crate::{fuzz, host::Host, web};

/// What the test binaries reported, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Totals {
    /// Takes a line of libtest, such as
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
    fn take(&mut self, line: &str) {
        let Some(result) = line.trim().strip_prefix("test result: ") else { return };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what), None) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }
}

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
                println!("x: fuzz target {target}: {error:#}");
                totals.failed += 1;
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
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("cannot read what cargo test prints")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            totals.take(&line);
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
        println!("x: cargo test ended with {status}: something did not build, or a test binary died");
        totals.failed += 1;
    }
    println!("{} passed, {} failed, {} skipped", totals.passed, totals.failed, totals.skipped);
    Ok(if status.success() && totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_add_up() {
        let mut totals = Totals::default();
        totals.take("running 3 tests");
        totals.take(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        totals.take(
            "test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 7 filtered out; finished in 9s",
        );
        assert_eq!(totals, Totals { passed: 5, failed: 4, skipped: 1 });
    }
}
