//! Look-ups by path after the call: they may see a later state, and their results are marked so.

use std::{
    ffi::OsStr,
    os::{
        fd::{AsFd as _, AsRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
};

use event::{FileFacts, Nanos};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags, open, openat2, readlinkat, statx};

use crate::process::{MountNamespace, mount_namespace};

/// Whose view of the file systems a path is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The recorder's own mount namespace.
    Own,
    /// That of another process.
    Foreign {
        /// One that lives there.
        pid: u32,
        /// The namespace that it must still be in.
        namespace: MountNamespace,
    },
}

/// What to do with a symbolic link as the last component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLink {
    /// It is followed.
    Follow,
    /// It is the object itself.
    Keep,
}

/// What is there now.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its path without symbolic links and `..`.
    pub path: Vec<u8>,
    /// Its facts; the file system is not among them.
    pub facts: FileFacts,
    /// When it was made, if its file system keeps that.
    pub born: Option<Nanos>,
}

/// Looks an existing object up; `None` if it is gone, or was never there in this view.
#[must_use]
pub fn find(view: View, path: &[u8], last: LastLink) -> Option<Found> {
    let fd = open_path(view, path, last)?;
    let path = name_of(&fd)?;
    let (facts, born) = facts(&fd)?;
    Some(Found { path, facts, born })
}

/// The directory's path without symbolic links and `..`; `None` if it is gone.
#[must_use]
pub fn directory(view: View, path: &[u8]) -> Option<Vec<u8>> {
    name_of(&open_path(view, path, LastLink::Follow)?)
}

fn facts(fd: &OwnedFd) -> Option<(FileFacts, Option<Nanos>)> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID | StatxFlags::BTIME;
    let stat = statx(fd, "", flags, wanted).ok()?;
    let nanos = |time: rustix::fs::StatxTimestamp| {
        time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(time.tv_nsec))
    };
    let born = (stat.stx_mask & StatxFlags::BTIME.bits() != 0).then(|| nanos(stat.stx_btime));
    let facts = FileFacts {
        inode: stat.stx_ino,
        mode: u32::from(stat.stx_mode),
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        mtime: nanos(stat.stx_mtime),
        ctime: nanos(stat.stx_ctime),
        mount_id: u32::try_from(stat.stx_mnt_id).unwrap_or(0),
        ..FileFacts::default()
    };
    Some((facts, born))
}

/// `O_PATH` neither blocks on a fifo nor touches a device.
fn open_path(view: View, path: &[u8], last: LastLink) -> Option<OwnedFd> {
    let follow = if last == LastLink::Follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = OFlags::PATH | OFlags::CLOEXEC | follow;
    match view {
        View::Own => open(OsStr::from_bytes(path), flags, Mode::empty()).ok(),
        View::Foreign { pid, namespace } => {
            let directory = OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY;
            let root = open(format!("/proc/{pid}/root"), directory, Mode::empty()).ok()?;
            // Checked after opening: the pid may have been given to a process of another namespace.
            if mount_namespace(pid) != namespace.0 {
                return None;
            }
            let path = path.strip_prefix(b"/").unwrap_or(path);
            let path = if path.is_empty() { b"." } else { path };
            openat2(root.as_fd(), OsStr::from_bytes(path), flags, Mode::empty(), ResolveFlags::IN_ROOT).ok()
        }
    }
}

/// The kernel's name for what is open.
fn name_of(fd: &OwnedFd) -> Option<Vec<u8>> {
    let name = readlinkat(CWD, format!("/proc/self/fd/{}", fd.as_raw_fd()), Vec::new()).ok()?;
    Some(name.into_bytes()).filter(|name| name.first() == Some(&b'/') && !name.ends_with(b" (deleted)"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt as _};

    use super::*;

    #[test]
    fn links_and_climbing_are_resolved() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir(dir.join("real")).unwrap();
        std::os::unix::fs::symlink("real", dir.join("link")).unwrap();
        let asked = dir.join("link/../link");
        let asked = asked.as_os_str().as_bytes();
        let real = dir.join("real");
        assert_eq!(directory(View::Own, asked).unwrap(), real.as_os_str().as_bytes());
        assert_eq!(directory(View::Own, b"/no/such/thing"), None);
        let kept = find(View::Own, asked, LastLink::Keep).unwrap();
        assert_eq!(kept.facts.mode & 0o170_000, 0o120_000, "the link itself");
    }

    #[test]
    fn facts_are_those_of_stat() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stat = file.path().metadata().unwrap();
        let got = find(View::Own, file.path().as_os_str().as_bytes(), LastLink::Keep).unwrap().facts;
        assert_eq!((got.inode, got.mode, got.uid), (stat.ino(), stat.mode(), stat.uid()));
    }

    #[test]
    fn another_view_needs_a_process_that_is_still_in_it() {
        let pid = std::process::id();
        let namespace = MountNamespace(mount_namespace(pid));
        let found = find(View::Foreign { pid, namespace }, b"/etc/passwd", LastLink::Follow);
        assert_eq!(found.unwrap().path, b"/etc/passwd");
        let other = View::Foreign { pid, namespace: MountNamespace(1) };
        assert!(find(other, b"/etc/passwd", LastLink::Follow).is_none());
    }
}
