//! The machine: what it is, and how commands are run on it.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Facts about this machine and this checkout.
pub(crate) struct Host {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// `ID VERSION_ID` of /etc/os-release.
    pub(crate) system: String,
    /// Effective user 0.
    pub(crate) is_root: bool,
    /// `PATH` with cargo's own bin directory.
    path: OsString,
}

impl Host {
    pub(crate) fn look() -> Result<Self> {
        // ./x says where the checkout is; under `cargo xtask` cargo says where this crate is.
        let root = match env::var_os("TACHO_ROOT") {
            Some(root) => PathBuf::from(root),
            None => env::var_os("CARGO_MANIFEST_DIR")
                .map(PathBuf::from)
                .and_then(|xtask| xtask.parent().map(Path::to_owned))
                .context(
                    "neither TACHO_ROOT nor CARGO_MANIFEST_DIR is set: start this by ./x or cargo xtask",
                )?,
        };
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let home = match env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cargo"),
        };
        let mut directories: Vec<PathBuf> =
            env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        directories.push(home.join("bin"));
        Ok(Self {
            target,
            root,
            system: system(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
            is_root: command("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0"),
            path: env::join_paths(directories).context("PATH cannot be extended")?,
        })
    }

    /// Is this the one system whose packages are known here?
    pub(crate) fn is_debian12(&self) -> bool {
        self.system == "debian 12"
    }

    /// The file that a command name stands for.
    pub(crate) fn which(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|directory| directory.join(program)).find(|path| path.is_file())
    }

    /// The first number of Node's version.
    pub(crate) fn node(&self) -> Option<u32> {
        let version = output(self.command("node").arg("--version"))?;
        version.strip_prefix('v')?.split('.').next()?.parse().ok()
    }

    /// A command in the checkout.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = command(program);
        command.current_dir(&self.root).env("PATH", &self.path);
        command
    }

    /// A cargo command.
    pub(crate) fn cargo<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = self.command("cargo");
        command.args(args).env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // Set by `cargo run` for xtask alone; it would pin the toolchain of other directories.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO_MANIFEST_DIR");
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a command to its end. It prints into a file, whose end is shown; all of it is not worth reading.
pub(crate) fn run_into(command: &mut Command, log: &Path) -> Result<()> {
    const OF_SUCCESS: usize = 6;
    const OF_FAILURE: usize = 60;
    let file = fs::File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
    let other = file.try_clone().with_context(|| format!("cannot share {}", log.display()))?;
    let result = run(command.stdout(file).stderr(other));
    let text = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let end = if result.is_ok() { OF_SUCCESS } else { OF_FAILURE };
    println!("x: {}", lines[lines.len().saturating_sub(end)..].join("\n"));
    result.with_context(|| format!("all of it is in {}", log.display()))
}

/// What a command prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

fn system(os_release: &str) -> String {
    let value = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map_or("", |value| value.trim_matches('"'))
    };
    format!("{} {}", value("ID"), value("VERSION_ID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_read_with_and_without_quotes() {
        assert_eq!(system("PRETTY_NAME=\"x\"\nVERSION_ID=\"12\"\nID=debian\n"), "debian 12");
        assert_eq!(system(""), " ");
    }
}
