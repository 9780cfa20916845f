//! `./x check`: format, lints, licences.

use anyhow::Result;

use crate::host::{self, Host};

pub(crate) fn run(host: &Host) -> Result<()> {
    host::run(&mut host.cargo(["fmt", "--all", "--check"]))?;
    host::run(&mut host.cargo(["clippy", "--all-targets", "--", "--deny", "warnings"]))?;
    if host::output(&mut host.cargo(["deny", "--version"])).is_none() {
        eprintln!("x: installing cargo-deny, some minutes: cargo install cargo-deny");
        host::run(host.cargo(["install", "cargo-deny", "--locked"]).env_remove("CARGO_TARGET_DIR"))?;
    }
    host::run(&mut host.cargo(["deny", "check", "licenses", "bans", "sources"]))
}
