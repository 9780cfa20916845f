//! A root directory of somebody else's making: files in it are reached without ever leaving it, and opened only if they
//! are regular ones.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read as _,
    os::{
        fd::{AsFd as _, AsRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, ResolveFlags, Statx, StatxFlags, open, openat2, statx};

use crate::process::{MountNamespace, mount_namespace};

/// The root of a mount namespace, held open.
#[derive(Debug)]
pub struct Root {
    /// Whose; 0 is the recorder's own.
    pub namespace: MountNamespace,
    directory: OwnedFd,
}

/// `O_PATH` neither blocks on a fifo nor touches a device.
const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

impl Root {
    /// The recorder's own.
    #[must_use]
    pub fn own() -> Option<Self> {
        let directory = open("/", LOOK | OFlags::DIRECTORY, Mode::empty()).ok()?;
        Some(Self { namespace: MountNamespace(0), directory })
    }

    /// What a process sees; `None` if it is gone.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let directory = open(format!("/proc/{pid}/root"), LOOK | OFlags::DIRECTORY, Mode::empty()).ok()?;
        match mount_namespace(pid) {
            0 => None,
            namespace if namespace == mount_namespace(std::process::id()) => Self::own(),
            namespace => Some(Self { namespace: MountNamespace(namespace), directory }),
        }
    }

    /// Any directory as a root, for tests.
    #[cfg(test)]
    pub(super) fn at(path: &std::path::Path) -> Self {
        let directory = open(path, LOOK | OFlags::DIRECTORY, Mode::empty()).unwrap();
        Self { namespace: MountNamespace(1), directory }
    }

    /// Looks at what is there, without opening it.
    #[must_use]
    pub fn look(&self, path: &[u8]) -> Option<OwnedFd> {
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        openat2(self.directory.as_fd(), OsStr::from_bytes(path), LOOK, Mode::empty(), inside).ok()
    }

    /// Opens a regular file.
    #[must_use]
    pub fn open(&self, path: &[u8]) -> Option<File> {
        let found = self.look(path)?;
        facts(&found).filter(is_regular)?;
        reopen(&found).ok()
    }

    /// Reads a regular file of at most so many bytes; `None` for a longer one.
    #[must_use]
    pub fn read(&self, path: &[u8], limit: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.open(path)?.take(limit + 1).read_to_end(&mut bytes).ok()? as u64;
        (read <= limit).then_some(bytes)
    }

    /// Names in a directory, at most so many.
    #[must_use]
    pub fn names(&self, path: &[u8], limit: usize) -> Option<Vec<Vec<u8>>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let directory =
            openat2(self.directory.as_fd(), OsStr::from_bytes(path), flags, Mode::empty(), inside).ok()?;
        let entries = Dir::read_from(directory).ok()?.filter_map(Result::ok);
        Some(entries.take(limit).map(|entry| entry.file_name().to_bytes().to_vec()).collect())
    }
}

/// What is open, without asking a server for news of it.
#[must_use]
pub fn facts(file: &OwnedFd) -> Option<Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    statx(file, "", flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID).ok()
}

/// Whether it is a regular file.
#[must_use]
pub fn is_regular(facts: &Statx) -> bool {
    const S_IFMT: u16 = 0o170_000;
    const S_IFREG: u16 = 0o100_000;
    facts.stx_mode & S_IFMT == S_IFREG
}

/// Opens for reading what was looked at.
///
/// # Errors
/// If the system refuses.
pub fn reopen(found: &OwnedFd) -> rustix::io::Result<File> {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    // Looking at evidence shall not change it: not even its access time, where that can be had.
    open(&path, flags | OFlags::NOATIME, Mode::empty())
        .or_else(|_| open(&path, flags, Mode::empty()))
        .map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_a_root_and_only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("out")).unwrap();
        std::os::unix::fs::symlink("../../../../../../etc/passwd", dir.path().join("up")).unwrap();
        std::fs::write(dir.path().join("in"), "inside").unwrap();
        let root = Root::at(dir.path());
        assert_eq!(root.read(b"/in", 6).unwrap(), b"inside");
        assert_eq!(root.read(b"/in", 5), None, "longer than allowed");
        assert_eq!(root.read(b"/out", 1 << 20), None);
        assert_eq!(root.read(b"/up", 1 << 20), None);
        assert!(root.look(b"/").is_some() && root.open(b"/").is_none(), "a directory");
        assert_eq!(root.names(b"/", 2).unwrap().len(), 2);
    }
}
