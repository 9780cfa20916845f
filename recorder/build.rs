//! Builds the probes from source, for another target and by another toolchain than the rest.
//!
//! Two ways: rustup's nightly with rust-src (`-Z build-std=core`), else Debian's rustc with its prebuilt `core` for
//! bpfel (packages rustc-web and libstd-rust-web-dev-bpf). Both need bpf-linker.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, exit},
};

const TARGET: &str = "bpfel-unknown-none";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

fn main() {
    if let Err(message) = build() {
        println!("cargo::error={message}");
        exit(1);
    }
}

fn build() -> Result<(), String> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or(format!("cargo did not set {name}"));
    let probes = variable("CARGO_MANIFEST_DIR")?.join("../recorder-ebpf");
    let out = variable("OUT_DIR")?;
    for path in ["src", "abi/src", "Cargo.toml", "Cargo.lock", "abi/Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", probes.join(path).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    let mut command = toolchain()?;
    let target_dir = out.join("probes-target");
    command
        .current_dir(&probes)
        .args(["build", "--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", "bpf-linker")
        .env("CARGO_ENCODED_RUSTFLAGS", "-Clink-arg=--btf\u{1f}-Cdebuginfo=2");
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !output.status.success() {
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            println!("cargo::warning={line}");
        }
        return Err("the probes do not build: is bpf-linker installed? (`cargo xtask setup` installs what is missing)".to_owned());
    }
    let built = target_dir.join(TARGET).join("release/probes");
    fs::copy(&built, out.join("probes.o"))
        .map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
    Ok(())
}

/// A cargo that can build for the target, without what this build script inherited from its own.
fn toolchain() -> Result<Command, String> {
    let nightly = Command::new("rustc").args(["+nightly", "--print", "sysroot"]).output();
    let has_source = nightly.is_ok_and(|output| {
        let root = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success() && Path::new(&root).join("lib/rustlib/src/rust/library/core").is_dir()
    });
    let mut command = if has_source {
        let mut command = clean("cargo");
        command.args(["+nightly", "-Z", "build-std=core"]);
        command
    } else if has_debian_core() {
        // Any cargo will do; the one at hand may be rustup's, which must not choose another rustc.
        let cargo = if Path::new(DEBIAN_CARGO).exists() {
            DEBIAN_CARGO.to_owned()
        } else {
            env::var("CARGO").unwrap_or("cargo".to_owned())
        };
        let mut command = clean(&cargo);
        command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
        command
    } else {
        return Err("no toolchain for the probes: install rustup's nightly with rust-src, or Debian's rustc-web and libstd-rust-web-dev-bpf (`cargo xtask setup` does)".to_owned());
    };
    command.env_remove("RUSTUP_TOOLCHAIN");
    Ok(command)
}

fn has_debian_core() -> bool {
    let output = Command::new(DEBIAN_RUSTC).args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let inherited = text.starts_with("CARGO") && !matches!(&*text, "CARGO_HOME" | "CARGO_NET_OFFLINE");
        if inherited || text.starts_with("RUSTC") || text == "RUSTFLAGS" || text == "RUSTDOC" {
            command.env_remove(&name);
        }
    }
    command
}
