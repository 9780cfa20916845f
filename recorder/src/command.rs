//! `tacho record -- CMD`: the program whose run is recorded.

use std::{
    ffi::OsString,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Child, Command, ExitStatus},
};

use anyhow::{Context as _, Result};

/// Starts the program with the recorder's terminal and environment.
///
/// # Errors
/// If it cannot be started.
pub fn start(command: &[OsString]) -> Result<Child> {
    let (program, args) = command.split_first().context("no program to run was given after --")?;
    Command::new(program)
        .args(args)
        .arg0(program)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))
}

/// The exit status that a shell would show: 128 and the signal for a killed program.
#[must_use]
pub fn status(status: ExitStatus) -> u8 {
    let code =
        status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128))).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_the_one_a_shell_shows() {
        let run = |script: &str| {
            let command: Vec<OsString> = ["sh", "-c", script].map(OsString::from).into();
            status(start(&command).unwrap().wait().unwrap())
        };
        assert_eq!(run("exit 7"), 7);
        assert_eq!(run("kill -9 $$"), 137);
        assert!(start(&[OsString::from("/no/such/program")]).is_err());
    }
}
