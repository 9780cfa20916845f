//! Builds the page with Vite, for `lib.rs` to embed. Node is needed here and not where the binary runs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, exit},
};

/// What the page is made of; a change of it builds anew.
const SOURCES: [&str; 8] = [
    "src",
    "public",
    "index.html",
    "vite.config.ts",
    "tsconfig.json",
    "package.json",
    "package-lock.json",
    "../docs/openapi.json",
];
/// npm's own note of what it installed.
const INSTALLED: &str = "node_modules/.package-lock.json";

fn main() {
    if let Err(message) = build() {
        println!("cargo::error={message}");
        exit(1);
    }
}

fn build() -> Result<(), String> {
    let sources =
        env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).ok_or("cargo did not say where this is")?;
    for path in SOURCES {
        println!("cargo::rerun-if-changed={}", sources.join(path).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    if newer(&sources.join("package-lock.json"), &sources.join(INSTALLED)) {
        // Scripts of packages are not run: none of these needs any.
        let mut install = Command::new("npm");
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run(install.current_dir(&sources))?;
    }
    let vite = sources.join("node_modules/vite/bin/vite.js");
    let mut build = Command::new("node");
    build.arg(vite).args(["build", "--logLevel", "warn"]);
    run(build.current_dir(&sources))
}

/// Whether one is newer than the other, or the other is not there.
fn newer(one: &Path, other: &Path) -> bool {
    let modified = |path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    match (modified(one), modified(other)) {
        (Some(one), Some(other)) => one > other,
        _ => true,
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| {
        format!("cannot run {command:?}: {error}. The page is built with Node 18 or newer and npm (`./x setup` installs them)")
    })?;
    if output.status.success() {
        return Ok(());
    }
    for text in [&output.stdout, &output.stderr] {
        for line in String::from_utf8_lossy(text).lines() {
            println!("cargo::warning={line}");
        }
    }
    Err(format!("the page does not build: {command:?} failed"))
}
