//! What ./x calls: sets the machine up, builds, records, tests, checks.

mod check;
mod fuzz;
mod host;
mod setup;
mod test;
#[cfg(test)]
mod tidy;
mod totals;
mod vm;
mod web;

use std::{
    ffi::OsString, os::unix::process::CommandExt as _, path::PathBuf, process::ExitCode, time::Instant,
};

use anyhow::{Context as _, Result, bail};

use host::Host;
use setup::Purpose;

const HELP: &str = "\
usage: ./x VERB [ARGS]

  record [ARGS]  set up, build, then `tacho record ARGS` (as root)
  test [ARGS]    set up, build, check the format, run every test (ARGS go to cargo test)
  build          set up, build target/release/tacho
  bench [ARGS]   set up, run the benchmarks (ARGS go to cargo bench)
  fuzz [SECONDS [TARGET...]]
                 set up, run the fuzz targets of tests/fuzz
  vm [VERSION [FILTER]]
                 set up, run the kernel tests on Debian's kernel VERSION (6.1) in qemu
  check          format, lints, licences of the dependencies
  setup          only install what is missing
  help           this text";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let verb = args.next().and_then(|verb| verb.into_string().ok()).unwrap_or_else(|| "help".to_owned());
    match run(&verb, args.collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("x: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &str, args: Vec<OsString>) -> Result<ExitCode> {
    let host = Host::look()?;
    match verb {
        "record" => {
            setup::run(&host, Purpose::Build)?;
            let tacho = build(&host)?;
            // The recorder takes this process's place, so that signals and the exit status are its own.
            let error = std::process::Command::new(&tacho).arg("record").args(args).exec();
            Err(error).with_context(|| format!("cannot start {}", tacho.display()))
        }
        "build" => {
            setup::run(&host, Purpose::Build)?;
            println!("{}", build(&host)?.display());
            Ok(ExitCode::SUCCESS)
        }
        "test" => {
            setup::run(&host, Purpose::Test)?;
            test::run(&host, &args)
        }
        "bench" => {
            setup::run(&host, Purpose::Build)?;
            host::run(host.cargo(["bench", "--package", "benches"]).args(args))?;
            Ok(ExitCode::SUCCESS)
        }
        "fuzz" => {
            setup::run(&host, Purpose::Test)?;
            fuzz::command(&host, &args)?;
            Ok(ExitCode::SUCCESS)
        }
        "vm" => {
            setup::run(&host, Purpose::Machine)?;
            let args: Result<Vec<_>, _> = args.into_iter().map(OsString::into_string).collect();
            vm::run(&host, &args.map_err(|odd| anyhow::anyhow!("{} is not UTF-8", odd.display()))?)?;
            Ok(ExitCode::SUCCESS)
        }
        "check" => {
            setup::run(&host, Purpose::Check)?;
            check::run(&host)?;
            Ok(ExitCode::SUCCESS)
        }
        "setup" => {
            setup::run(&host, Purpose::Test)?;
            println!("x: nothing is missing");
            Ok(ExitCode::SUCCESS)
        }
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("no such verb: {other}\n{HELP}"),
    }
}

/// Builds the release binary, the probes with it, and returns its path.
fn build(host: &Host) -> Result<PathBuf> {
    let begun = Instant::now();
    host::run(&mut host.cargo(["build", "--release", "--package", "recorder"]))?;
    if begun.elapsed().as_secs() > 5 {
        eprintln!("x: built in {} s", begun.elapsed().as_secs());
    }
    Ok(host.target.join("release/tacho"))
}
