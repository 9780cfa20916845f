//! Scripts among the processes that run already: /proc calls the interpreter their executable.

use std::{
    fs::{self, File as Handle},
    io::Read as _,
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use event::{File, file_flags};
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::procfs::facts_of;

/// Bytes of a task's name (`TASK_COMM_LEN` without the NUL).
const COMM: usize = 15;
/// Options that may stand between an interpreter and its script (`#!` has room for one).
const OPTIONS: usize = 1;

/// The script that a process runs, if it runs one: an exec calls a process after the script, not after its interpreter,
/// and puts the script among the first arguments (`execve(2)`). `args` are those behind the first.
pub(super) fn script(pid: u32, comm: &str, executable: &str, args: &[String]) -> Option<File> {
    let called = |path: &str| name(path).get(..COMM).unwrap_or(name(path)) == comm;
    if called(executable) {
        return None;
    }
    let path = args.iter().take(OPTIONS + 1).find(|arg| called(arg))?;
    let path = if path.starts_with('/') {
        PathBuf::from(path)
    } else {
        // Where the process is now: it may have moved since.
        fs::read_link(format!("/proc/{pid}/cwd")).ok()?.join(path)
    };
    let metadata = begins_like_a_script(pid, &path)?;
    Some(File {
        path: path.to_str()?.to_owned(),
        facts: Some(facts_of(&metadata)),
        flags: file_flags::FROM_LOOKUP,
        ..File::default()
    })
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Facts of a regular file in the process's root that begins with `#!`.
fn begins_like_a_script(pid: u32, path: &Path) -> Option<fs::Metadata> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = open(format!("/proc/{pid}/root"), flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
    let inside = path.strip_prefix("/").ok()?;
    // Neither blocks on a fifo nor touches a device; read only once it is known to be a file.
    let seen = openat2(&root, inside, flags, Mode::empty(), ResolveFlags::IN_ROOT).ok()?;
    let same = format!("/proc/self/fd/{}", seen.as_raw_fd());
    let metadata = fs::metadata(&same).ok().filter(fs::Metadata::is_file)?;
    let mut magic = [0; 2];
    Handle::open(&same).ok()?.read_exact(&mut magic).ok()?;
    (magic == *b"#!").then_some(metadata)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::MetadataExt as _, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_script_is_told_by_name_argument_and_content() {
        let own = std::process::id();
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let path = dir.join("a-rather-long-name.sh");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let text = path.to_str().unwrap().to_owned();
        let args = ["-e".to_owned(), text.clone()];
        let found = script(own, "a-rather-long-n", "/bin/dash", &args).unwrap();
        assert_eq!((found.path, found.facts.unwrap().inode), (text, path.metadata().unwrap().ino()));
        assert_eq!(script(own, "dash", "/bin/dash", &args), None);
        assert_eq!(script(own, "another", "/bin/dash", &args), None);
        fs::write(&path, "data").unwrap();
        assert_eq!(script(own, "a-rather-long-n", "/bin/dash", &args), None);
    }
}
