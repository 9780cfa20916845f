//! `./x vm`: the kernel tests on another kernel of Debian's, in a virtual machine with nothing else in it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::host::{self, Host, shown};

/// The kernel of Debian 12.
const KERNEL: &str = "6.1";
/// Seconds after which a machine is stopped. It is emulated, since many hosts of tests are virtual themselves and their
/// KVM cannot be relied on; all tests take some five minutes.
const LIMIT: &str = "1800";
/// What the last line of a run begins with; the tests' exit status follows.
const END: &str = "x: the kernel tests ended with ";
/// Programs that the tests start.
const PROGRAMS: [&str; 6] = ["/bin/sh", "/bin/cat", "/bin/true", "/bin/mount", "/bin/umount", "/bin/busybox"];
/// Applets of busybox that `init` uses.
const APPLETS: [&str; 3] = ["ifconfig", "poweroff", "uname"];
/// The first process. The test of the verifier's instruction counts is for the kernel of its file, and takes long here.
const INIT: &str = "#!/bin/sh
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
ifconfig lo up
uname -r
RUST_TEST_THREADS=1 /kernel_probes --skip verifier FILTER 2>&1
echo \"ENDED$?\"
poweroff -f
";

/// `./x vm [VERSION [FILTER]]`
pub(crate) fn run(host: &Host, args: &[String]) -> Result<()> {
    let (version, filter) = (args.first().map_or(KERNEL, String::as_str), args.get(1).cloned());
    if let Some(odd) =
        args.iter().find(|arg| !arg.chars().all(|c| c.is_ascii_alphanumeric() || "._:".contains(c)))
    {
        bail!("{odd:?} is neither a version nor part of a test's name");
    }
    let directory = host.target.join("vm").join(version);
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let kernel = kernel(host, version, &directory)?;
    let tests = tests(host)?;
    let initrd = initrd(host, &directory, &tests, &filter.unwrap_or_default())?;
    boot(host, &kernel, &initrd)
}

/// Gets the newest kernel of a version from Debian, unless it is there.
fn kernel(host: &Host, version: &str, directory: &Path) -> Result<PathBuf> {
    let found = || -> Option<PathBuf> {
        let boot = fs::read_dir(directory.join("kernel/boot")).ok()?;
        boot.flatten().map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("/vmlinuz-"))
    };
    if let Some(kernel) = found() {
        return Ok(kernel);
    }
    let pattern = format!("^linux-image-{}\\..*-cloud-amd64$", version.replace('.', "\\."));
    let mut search = host.command("apt-cache");
    let names = host::output(search.args(["search", "--names-only", &pattern])).unwrap_or_default();
    let mut names: Vec<_> = names.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_by_key(|name| (name.len(), *name));
    let name = names.last().with_context(|| {
        format!(
            "apt knows no kernel {version} (6.12 is in bookworm-backports): {} found nothing",
            shown(&search)
        )
    })?;
    eprintln!("x: fetching {name}");
    host::run(host.command("apt-get").args(["-q", "download", name]).current_dir(directory))?;
    let package = fs::read_dir(directory)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download left no package")?;
    host::run(host.command("dpkg-deb").arg("-x").arg(&package).arg(directory.join("kernel")))?;
    found().with_context(|| format!("{} has no vmlinuz", package.display()))
}

/// Builds the kernel tests and says where they are.
fn tests(host: &Host) -> Result<PathBuf> {
    let mut build = host.cargo([
        "test",
        "--package",
        "recorder",
        "--test",
        "kernel_probes",
        "--no-run",
        "--message-format=json",
    ]);
    let output =
        build.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", shown(&build)))?;
    // One object a line; only the test's has an executable.
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| line.split_once("\"executable\":\"")?.1.split_once('"'))
        .map(|(path, _)| PathBuf::from(path))
        .find(|path| path.to_string_lossy().contains("kernel_probes"))
        .with_context(|| format!("{} built nothing", shown(&build)))
}

/// A root file system with the tests, what they start, and the libraries of all of them.
fn initrd(host: &Host, directory: &Path, tests: &Path, filter: &str) -> Result<PathBuf> {
    let root = directory.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot empty {}", root.display()))?;
    }
    for name in ["proc", "sys", "dev", "tmp", "bin", "usr/bin", "lib64", "etc"] {
        fs::create_dir_all(root.join(name))?;
    }
    host::run(host.command("strip").arg("-g").arg("-o").arg(root.join("kernel_probes")).arg(tests))?;
    for program in
        PROGRAMS.into_iter().chain([tests.to_str().context("the target directory is not UTF-8")?])
    {
        for library in libraries(host, program) {
            copy(&library, &root)?;
        }
    }
    for program in PROGRAMS {
        copy(Path::new(program), &root)?;
    }
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    let init = root.join("init");
    fs::write(&init, INIT.replace("FILTER", filter).replace("ENDED", END))?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755))?;
    let initrd = directory.join("initrd");
    let pack = "find . | cpio --quiet -o -H newc | gzip -1 > ../initrd";
    host::run(host.command("sh").args(["-c", pack]).current_dir(&root))?;
    Ok(initrd)
}

/// Shared libraries of a program (ldd(1)); none of one that is linked statically.
fn libraries(host: &Host, program: &str) -> Vec<PathBuf> {
    let text = host::output(host.command("ldd").arg(program)).unwrap_or_default();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

fn copy(file: &Path, root: &Path) -> Result<()> {
    let to = root.join(file.strip_prefix("/").unwrap_or(file));
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(file, &to).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}

/// Boots, passes on what the machine prints, and says how its tests ended.
fn boot(host: &Host, kernel: &Path, initrd: &Path) -> Result<()> {
    let mut machine: Command = host.command("timeout");
    machine.args([LIMIT, "qemu-system-x86_64", "-accel", "tcg", "-m", "1024", "-smp", "2"]);
    machine.args(["-nographic", "-no-reboot", "-nic", "none", "-append", "console=ttyS0 quiet panic=-1"]);
    machine.arg("-kernel").arg(kernel).arg("-initrd").arg(initrd);
    let mut child = machine
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(&machine)))?;
    let console = child.stdout.take().context("the machine has no console")?;
    let (mut ended, mut out) = (None, std::io::stdout());
    for line in BufReader::new(console).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        writeln!(out, "{line}")?;
        if let Some((_, status)) = line.split_once(END) {
            ended = status.parse::<i32>().ok();
        }
    }
    child.wait()?;
    match ended {
        Some(0) => Ok(()),
        Some(status) => bail!("the kernel tests failed there (exit status {status})"),
        None => bail!("the machine stopped, or was stopped after {LIMIT} s, before the tests ended"),
    }
}
