//! What must be on the machine, what is missing, and how it gets there.

use std::path::Path;

use anyhow::{Result, bail};

use crate::host::{self, Host, shown};

/// What for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building and recording.
    Build,
    /// Testing as well.
    Test,
    /// Lints as well.
    Check,
    /// Running the kernel tests in a virtual machine.
    Machine,
}

/// Something that must be there.
struct Need {
    /// Its name for people.
    what: &'static str,
    /// Is it there?
    present: fn(&Host) -> bool,
    /// Debian 12's packages.
    packages: &'static [&'static str],
}

const LINKER: &str = "0.13.0";
const FUZZER: &str = "0.13.2";
const LLVM: &str = "/usr/lib/llvm-22";
/// Where Debian's rustc has the prebuilt `core` of the probes' target.
const BPF_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none/lib";

const C_COMPILER: Need = Need {
    what: "a C compiler (the compression library, the linker of Rust programs)",
    present: |host| host.which("cc").is_some() && Path::new("/usr/include/stdlib.h").exists(),
    packages: &["gcc", "libc6-dev"],
};
const CERTIFICATES: Need = Need {
    what: "certificates (cargo fetches dependencies over TLS)",
    present: |_| Path::new("/etc/ssl/certs/ca-certificates.crt").exists(),
    packages: &["ca-certificates"],
};
const BPF_RUST: Need = Need {
    what: "a Rust compiler for eBPF: rustup's nightly with rust-src, or Debian's rustc-web with libstd-rust-web-dev-bpf",
    present: |host| nightly_with_source(host) || Path::new(BPF_CORE).is_dir(),
    packages: &["rustc-web", "libstd-rust-web-dev-bpf"],
};
const BPF_LINKER_NEEDS: Need = Need {
    what: "LLVM 22 with its headers (bpf-linker is built on it)",
    present: |host| has_linker(host) || Path::new(LLVM).join("include/llvm-c").is_dir(),
    packages: &["llvm-22-dev", "libpolly-22-dev", "libzstd-dev", "zlib1g-dev", "g++"],
};
const NODE: Need = Need {
    what: "Node.js 18 or newer with npm (the browser view is built with it; the binary needs none)",
    present: |host| host.which("npm").is_some() && host.node().is_some_and(|major| major >= 18),
    packages: &["nodejs", "npm"],
};
const CHROMIUM: Need = Need {
    what: "Chromium and a font (the tests look at the browser view)",
    present: |host| host.which("chromium").is_some(),
    packages: &["chromium", "fonts-dejavu-core"],
};
const RUSTFMT: Need = Need {
    what: "rustfmt",
    present: |host| host::output(&mut host.cargo(["fmt", "--version"])).is_some(),
    packages: &["rustfmt-web"],
};
const CLIPPY: Need = Need {
    what: "clippy",
    present: |host| host::output(&mut host.cargo(["clippy", "--version"])).is_some(),
    packages: &["rust-web-clippy"],
};
const STRACE: Need = Need {
    what: "strace (the tests compare with it)",
    present: |host| host.which("strace").is_some(),
    packages: &["strace"],
};
const RPM: Need = Need {
    what: "rpm and rpmbuild (the tests read a database that they make)",
    present: |host| host.which("rpm").is_some() && host.which("rpmbuild").is_some(),
    packages: &["rpm"],
};
const GIT: Need = Need {
    what: "git (a program that the tests record)",
    present: |host| host.which("git").is_some(),
    packages: &["git"],
};
const PYTHON: Need = Need {
    what: "python3 (a program that the tests record)",
    present: |host| host.which("python3").is_some(),
    packages: &["python3"],
};

const CXX_COMPILER: Need = Need {
    what: "a C++ compiler (the fuzzer's engine)",
    present: |host| host.which("c++").is_some(),
    packages: &["g++"],
};
const QEMU: Need = Need {
    what: "qemu (a machine with another kernel)",
    present: |host| host.which("qemu-system-x86_64").is_some(),
    packages: &["qemu-system-x86"],
};
const BUSYBOX: Need = Need {
    what: "busybox (what starts in that machine)",
    present: |_| Path::new("/bin/busybox").exists(),
    packages: &["busybox-static"],
};
const CPIO: Need = Need {
    what: "cpio (the machine's file system)",
    present: |host| host.which("cpio").is_some(),
    packages: &["cpio"],
};

fn needs(purpose: Purpose) -> Vec<&'static Need> {
    let mut needs = vec![&C_COMPILER, &CERTIFICATES, &BPF_RUST, &BPF_LINKER_NEEDS, &NODE];
    match purpose {
        Purpose::Build => {}
        Purpose::Test => needs.extend([&RUSTFMT, &STRACE, &RPM, &GIT, &PYTHON, &CXX_COMPILER, &CHROMIUM]),
        Purpose::Machine => needs.extend([&QEMU, &BUSYBOX, &CPIO]),
        Purpose::Check => needs.extend([&RUSTFMT, &CLIPPY]),
    }
    needs
}

/// Installs what is missing, or says what is needed where it cannot.
pub(crate) fn run(host: &Host, purpose: Purpose) -> Result<()> {
    let missing: Vec<_> = needs(purpose).into_iter().filter(|need| !(need.present)(host)).collect();
    if !missing.is_empty() {
        packages(host, &missing)?;
    }
    if !has_linker(host) {
        linker(host)?;
    }
    if purpose == Purpose::Test && !has_fuzzer(host) {
        fuzzer(host)?;
    }
    Ok(())
}

fn packages(host: &Host, missing: &[&Need]) -> Result<()> {
    let packages: Vec<_> = missing.iter().flat_map(|need| need.packages.iter().copied()).collect();
    let list = missing.iter().fold(String::new(), |list, need| list + "\n  - " + need.what);
    if !host.is_debian12() {
        bail!(
            "missing:{list}\nThis is {:?} and only Debian 12's packages are known here; there they are: {}.\n\
             Also needed: cargo install bpf-linker --version {LINKER}. Then run ./x again.",
            host.system.trim(),
            packages.join(" ")
        );
    }
    if !host.is_root {
        bail!("missing:{list}\nRun this as root, or first: apt-get install {}", packages.join(" "));
    }
    eprintln!("x: missing:{list}\nx: installing with apt-get: {}", packages.join(" "));
    let mut update = host.command("apt-get");
    // A source that does not answer matters only if a package comes from it, and then the next step says so.
    if host::run(update.args(["-q", "update"])).is_err() {
        eprintln!("x: {} failed; going on with the lists that are there", shown(&update));
    }
    let mut install = host.command("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y", "--no-install-recommends", "install"]);
    host::run(install.args(&packages))?;
    if let Some(need) = missing.iter().find(|need| !(need.present)(host)) {
        bail!(
            "apt-get installed {}, and still there is no sign of: {}\n\
             Is bookworm-security among the sources of apt?",
            need.packages.join(" "),
            need.what
        );
    }
    Ok(())
}

fn has_linker(host: &Host) -> bool {
    host::output(host.command("bpf-linker").arg("--version")).is_some_and(|version| version.ends_with(LINKER))
}

fn linker(host: &Host) -> Result<()> {
    let mut install = host.cargo(["install", "bpf-linker", "--version", LINKER, "--locked", "--force"]);
    if Path::new(LLVM).is_dir() {
        install.args(["--no-default-features", "--features", "llvm-22"]);
        install.env("LLVM_PREFIX", LLVM).env("LLVM_SYS_221_PREFIX", LLVM);
    }
    // Its own scratch directory: the checkout's cache is no place for a tool's parts.
    install.env_remove("CARGO_TARGET_DIR");
    eprintln!("x: installing the linker of the probes, about a minute: {}", shown(&install));
    host::run(&mut install)
}

fn has_fuzzer(host: &Host) -> bool {
    host::output(&mut host.cargo(["fuzz", "--version"])).is_some_and(|version| version.ends_with(FUZZER))
}

fn fuzzer(host: &Host) -> Result<()> {
    let mut install = host.cargo(["install", "cargo-fuzz", "--version", FUZZER, "--locked", "--force"]);
    install.env_remove("CARGO_TARGET_DIR");
    eprintln!("x: installing what runs the fuzz targets, about a minute: {}", shown(&install));
    host::run(&mut install)
}

/// rustup's nightly with the source of `core`.
fn nightly_with_source(host: &Host) -> bool {
    if host.which("rustup").is_none() {
        return false;
    }
    host::output(host.command("rustup").args(["run", "nightly", "rustc", "--print", "sysroot"]))
        .is_some_and(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/core").is_dir())
}
