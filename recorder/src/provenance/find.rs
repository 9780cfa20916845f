//! Finding the file that was executed, and no other: through the process while it runs it, else by its path.

use std::{fs, os::fd::OwnedFd};

use event::{FileIdentity, HashState};
use rustix::fs::{Mode, OFlags, Statx, open};

use crate::package::root::{Root, facts, is_regular, reopen};

/// A file to be looked at.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which.
    pub file: FileIdentity,
    /// Its path in its process's view, without symbolic links; empty if it has none.
    pub path: Vec<u8>,
    /// The process that runs it.
    pub pid: u32,
    /// Its parent, which mostly lives in the same mount namespace, and longer.
    pub ppid: u32,
    /// It is what `/proc/PID/exe` leads to while it runs (a script is not).
    pub running: bool,
}

/// It was found.
#[derive(Debug)]
pub struct Found {
    /// To be read.
    pub file: fs::File,
    /// Bytes.
    pub size: u64,
    /// The root in which its path leads to it: not that of a file which was removed or replaced.
    pub root: Option<Root>,
}

/// Types of file systems whose files are not read, because some server or user may let the reader wait for ever. By
/// beginning (`fuseblk`, `nfs4`).
const REMOTE: [&str; 8] = ["fuse", "nfs", "cifs", "smb", "ceph", "afs", "9p", "coda"];

/// Whether files of a type of file system are left alone.
#[must_use]
pub fn is_remote(filesystem: &str) -> bool {
    REMOTE.iter().any(|name| filesystem.starts_with(name))
}

/// How sure one must be that it is the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The process runs it, so that nobody can write to it: the inode and its content are enough. Removing or linking
    /// it changes the time of change.
    Process,
    /// Anybody may have put something in its place, and set its modification time.
    Path,
}

fn is(job: &Job, facts: &Statx, by: By) -> bool {
    let nanos = |time: rustix::fs::StatxTimestamp| {
        time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(time.tv_nsec))
    };
    facts.stx_ino == job.file.inode
        && nanos(facts.stx_mtime) == job.file.mtime
        && (job.file.mount == 0 || facts.stx_mnt_id == u64::from(job.file.mount))
        && (by == By::Process || nanos(facts.stx_ctime) == job.file.ctime)
        && is_regular(facts)
}

/// Finds and opens the file.
///
/// # Errors
/// The state that says why it cannot be hashed.
pub fn find(job: &Job) -> Result<Found, HashState> {
    let by_process = if job.running { running(job.pid) } else { None };
    let by_process = by_process.filter(|(_, facts)| is(job, facts, By::Process));
    let by = if by_process.is_some() { By::Process } else { By::Path };
    let by_path = if job.path.is_empty() { None } else { by_path(job, by) };
    let (found, facts, root) = match (by_process, by_path) {
        (Some((found, facts)), by_path) => (found, facts, by_path.map(|(.., root)| root)),
        (None, Some((found, facts, root))) => (found, facts, Some(root)),
        (None, None) if job.path.is_empty() => return Err(HashState::PathnameResolutionError),
        (None, None) => return Err(HashState::FileNotFound),
    };
    if is_remote(&filesystem(job.pid, facts.stx_mnt_id)) {
        return Err(HashState::NoHash);
    }
    let file = reopen(&found).map_err(|_| HashState::FileOpenError)?;
    Ok(Found { file, size: facts.stx_size, root })
}

/// What a process runs now.
fn running(pid: u32) -> Option<(OwnedFd, Statx)> {
    let found = open(format!("/proc/{pid}/exe"), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let facts = facts(&found)?;
    Some((found, facts))
}

/// The path in the views that it may be meant in, if it leads to the file.
fn by_path(job: &Job, by: By) -> Option<(OwnedFd, Statx, Root)> {
    let views = [Root::of(job.pid), Root::of(job.ppid), Root::own()];
    views.into_iter().flatten().find_map(|root| {
        let found = root.look(&job.path)?;
        let facts = facts(&found).filter(|facts| is(job, facts, by))?;
        Some((found, facts, root))
    })
}

/// Type of the file system of a mount, by the mount table of a process or of the recorder (`proc_pid_mountinfo(5)`);
/// empty if it is in neither.
fn filesystem(pid: u32, mount: u64) -> String {
    let table = |path: String| {
        let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
        text.lines().find_map(|line| {
            let (head, tail) = line.split_once(" - ")?;
            let id: u64 = head.split(' ').next()?.parse().ok()?;
            (id == mount).then(|| tail.split(' ').next().unwrap_or_default().to_owned())
        })
    };
    table("/proc/self/mountinfo".to_owned())
        .or_else(|| table(format!("/proc/{pid}/mountinfo")))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{os::unix::ffi::OsStrExt as _, path::Path};

    use super::*;
    use crate::process::procfs::facts_of;

    fn job(path: &Path) -> Job {
        let file = facts_of(&path.metadata().unwrap()).identity().unwrap();
        Job {
            file,
            path: path.as_os_str().as_bytes().to_vec(),
            pid: u32::MAX,
            ppid: u32::MAX,
            running: false,
        }
    }

    #[test]
    fn only_the_very_file_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("program");
        fs::write(&path, "one").unwrap();
        let job = job(&path);
        let found = find(&job).unwrap();
        assert_eq!((found.size, found.root.unwrap().namespace.0), (3, 0));
        let later = Job { file: FileIdentity { ctime: job.file.ctime + 1, ..job.file }, ..job.clone() };
        assert_eq!(find(&later).unwrap_err(), HashState::FileNotFound);
        fs::remove_file(&path).unwrap();
        assert_eq!(find(&job).unwrap_err(), HashState::FileNotFound);
        fs::create_dir(&path).unwrap();
        assert_eq!(find(&self::job(&path)).unwrap_err(), HashState::FileNotFound);
        let nameless = Job { path: Vec::new(), ..job };
        assert_eq!(find(&nameless).unwrap_err(), HashState::PathnameResolutionError);
    }

    #[test]
    fn a_running_program_is_found_without_its_path_and_has_no_root_then() {
        let own = std::env::current_exe().unwrap();
        let running = Job { pid: std::process::id(), running: true, ..job(&own) };
        assert!(find(&running).unwrap().root.is_some());
        let moved = Job { path: b"/no/such/file".to_vec(), ..running };
        assert!(find(&moved).unwrap().root.is_none());
        let other = Job { file: FileIdentity { mtime: 1, ..moved.file }, ..moved };
        assert_eq!(find(&other).unwrap_err(), HashState::FileNotFound);
    }

    #[test]
    fn file_systems_that_may_let_one_wait_are_known() {
        assert!(["fuse", "fuseblk", "nfs4", "cifs"].into_iter().all(is_remote));
        assert!(!["ext4", "overlay", "tmpfs", "xfs", ""].into_iter().any(is_remote));
    }
}
