//! `./x fuzz`: every fuzz target of tests/fuzz for a while, beginning with the kept corpus.

use std::{
    ffi::OsString,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::host::{self, Host};

/// The fuzz targets' workspace.
const DIRECTORY: &str = "tests/fuzz";
/// All targets together, without an argument.
pub(crate) const SECONDS: u64 = 60;
/// Bytes of one input: the largest record.
const MAX_LENGTH: u32 = 32 * 1024;

/// `./x fuzz [SECONDS [TARGET...]]`
pub(crate) fn command(host: &Host, args: &[OsString]) -> Result<()> {
    let mut words = args.iter().map(|word| word.to_string_lossy().into_owned());
    let seconds = match words.next() {
        Some(word) => word.parse().with_context(|| format!("{word} is no number of seconds"))?,
        None => SECONDS,
    };
    let named: Vec<_> = words.collect();
    let all = targets(host)?;
    if let Some(odd) = named.iter().find(|name| !all.contains(name)) {
        bail!("no such target: {odd}; there are {}", all.join(" "));
    }
    for (target, result) in run(host, seconds, if named.is_empty() { all } else { named })? {
        result.with_context(|| {
            format!("{target}: the input that fails is in {DIRECTORY}/artifacts/{target}")
        })?;
    }
    Ok(())
}

/// Every target's name.
pub(crate) fn targets(host: &Host) -> Result<Vec<String>> {
    let directory = host.root.join(DIRECTORY).join("fuzz_targets");
    let mut names: Vec<_> = fs::read_dir(&directory)
        .with_context(|| format!("cannot read {}", directory.display()))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Runs targets one after the other, `seconds` for all together without the building; tells how each ended. What is
/// found on the way stays out of the kept corpus, in `corpus-found`.
pub(crate) fn run(host: &Host, seconds: u64, targets: Vec<String>) -> Result<Vec<(String, Result<()>)>> {
    let each = (seconds / targets.len().max(1) as u64).max(1);
    let begun = Instant::now();
    host::run(&mut cargo_fuzz(host, "build"))?;
    eprintln!("x: fuzz targets built in {} s", begun.elapsed().as_secs());
    let outcome = |target: String| {
        let directory = host.root.join(DIRECTORY);
        let found = directory.join("corpus-found").join(&target);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let mut fuzz = cargo_fuzz(host, "run");
        fuzz.arg(&target).arg(found).arg(directory.join("corpus").join(&target));
        fuzz.args(["--", "-print_final_stats=1"]);
        fuzz.arg(format!("-max_total_time={each}")).arg(format!("-max_len={MAX_LENGTH}"));
        // An input that takes this long hangs.
        fuzz.arg(format!("-timeout={}", Duration::from_secs(10).as_secs()));
        Ok((target.clone(), host::run_into(&mut fuzz, &host.target.join(format!("fuzz-{target}.log")))))
    };
    targets.into_iter().map(outcome).collect()
}

/// Nothing of ours is unsafe, so no sanitizer; coverage alone. The instrumentation's flags are unstable ones.
fn cargo_fuzz(host: &Host, verb: &str) -> std::process::Command {
    let mut command = host.cargo(["fuzz", verb, "--fuzz-dir", DIRECTORY, "--sanitizer", "none"]);
    command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", host.target.join("fuzz"));
    command
}
