//! `./x check`: format, lints, licences.

use anyhow::{Context as _, Result};

use crate::host::{self, Host};

pub(crate) fn run(host: &Host) -> Result<()> {
    format(host)?;
    host::run(&mut host.cargo(["clippy", "--all-targets", "--", "--deny", "warnings"]))?;
    if host::output(&mut host.cargo(["deny", "--version"])).is_none() {
        eprintln!("x: installing cargo-deny, some minutes: cargo install cargo-deny");
        host::run(host.cargo(["install", "cargo-deny", "--locked"]).env_remove("CARGO_TARGET_DIR"))?;
    }
    host::run(&mut host.cargo(["deny", "check", "licenses", "bans", "sources"]))
}

/// Is everything as rustfmt writes it? The probes are a workspace of their own.
pub(crate) fn format(host: &Host) -> Result<()> {
    const ADVICE: &str = "the format is not rustfmt's: run cargo fmt --all, also in recorder-ebpf";
    host::run(&mut host.cargo(["fmt", "--all", "--check"])).context(ADVICE)?;
    host::run(&mut host.cargo(["fmt", "--manifest-path", "recorder-ebpf/Cargo.toml", "--check"]))
        .context(ADVICE)
}
