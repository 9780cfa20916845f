//! One process as /proc tells it.

use std::{
    fs,
    io::Read as _,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
};

use event::{Credentials, File, FileFacts, UNSET, file_flags};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use crate::process::{arguments, display, environment, script::script};

/// Bytes read of `cmdline` and `environ`.
const STRINGS: u64 = 8192;

/// What /proc says of a process, read in one go.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Default)]
pub struct ProcEntry {
    /// Process id.
    pub pid: u32,
    /// Parent's.
    pub ppid: u32,
    /// Field 22 of `stat`: clock ticks between boot and start.
    pub start_ticks: u64,
    /// Task name.
    pub comm: String,
    /// Has no program of its own.
    pub kernel_thread: bool,
    /// Forked and not yet executed: the program is its creator's.
    pub forked: bool,
    /// Terminal.
    pub tty: String,
    /// Ids without names.
    pub credentials: Credentials,
    /// `exe`; for a script the script itself.
    pub executable: File,
    /// `exe` of a script.
    pub interpreter: Option<File>,
    /// First argument.
    pub argv0: String,
    /// The others.
    pub args: Vec<String>,
    /// Cut.
    pub args_truncated: bool,
    /// Names of variables.
    pub envs: Vec<String>,
    /// Cut.
    pub envs_truncated: bool,
    /// Path in the v2 hierarchy, or the longest of the v1 ones.
    pub cgroup: String,
    /// Inode number of the mount namespace.
    pub mount_namespace: u32,
}

impl ProcEntry {
    /// Reads `/proc/<pid>`; `None` if there is no such process (any more), or if the pid was given to another
    /// one while it was being read.
    #[must_use]
    pub fn read(pid: u32) -> Option<Self> {
        let mut entry = Self { pid, ..Self::default() };
        entry.read_stat()?;
        let ticks = entry.start_ticks;
        entry.read_status()?;
        entry.read_strings();
        entry.executable = executable(pid);
        if let Some(script) = script(pid, &entry.comm, &entry.executable.path, &entry.args) {
            entry.interpreter = Some(std::mem::replace(&mut entry.executable, script));
        }
        entry.credentials.auid = audit_id(pid, "loginuid");
        entry.credentials.session = audit_id(pid, "sessionid");
        entry.cgroup = cgroup(pid);
        entry.mount_namespace = mount_namespace(pid);
        entry.read_stat()?;
        (entry.start_ticks == ticks).then_some(entry)
    }

    fn read_stat(&mut self) -> Option<()> {
        let bytes = fs::read(format!("/proc/{}/stat", self.pid)).ok()?;
        // The name is in parentheses and may hold any byte, parentheses too (proc_pid_stat(5)).
        let open = bytes.iter().position(|byte| *byte == b'(')?;
        let close = bytes.iter().rposition(|byte| *byte == b')')?;
        self.comm = display(bytes.get(open + 1..close)?);
        let rest = String::from_utf8_lossy(bytes.get(close + 1..)?).into_owned();
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Field 3 of the man page is index 0 here.
        const PF_KTHREAD: u64 = 0x0020_0000;
        const PF_FORKNOEXEC: u64 = 0x40;
        self.ppid = fields.get(1)?.parse().ok()?;
        self.tty = tty_name(fields.get(4)?.parse().ok()?);
        let flags = fields.get(6)?.parse::<u64>().ok()?;
        self.kernel_thread = flags & PF_KTHREAD != 0;
        self.forked = flags & PF_FORKNOEXEC != 0 && !self.kernel_thread;
        self.start_ticks = fields.get(19)?.parse().ok()?;
        Some(())
    }

    fn read_status(&mut self) -> Option<()> {
        let text =
            String::from_utf8_lossy(&fs::read(format!("/proc/{}/status", self.pid)).ok()?).into_owned();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let ids =
                || -> Vec<u32> { value.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect() };
            let credentials = &mut self.credentials;
            match (key, ids().as_slice()) {
                ("Uid", [real, effective, _, fs]) => {
                    (credentials.uid, credentials.euid, credentials.fsuid) = (*real, *effective, *fs);
                }
                ("Gid", [real, effective, _, fs]) => {
                    (credentials.gid, credentials.egid, credentials.fsgid) = (*real, *effective, *fs);
                }
                ("CapPrm", _) => credentials.cap_permitted = u64::from_str_radix(value.trim(), 16).ok()?,
                ("CapEff", _) => credentials.cap_effective = u64::from_str_radix(value.trim(), 16).ok()?,
                _ => {}
            }
        }
        Some(())
    }

    fn read_strings(&mut self) {
        let (bytes, cut) = read_bounded(&format!("/proc/{}/cmdline", self.pid));
        let arguments = arguments(&bytes, cut);
        (self.argv0, self.args, self.args_truncated) = (arguments.argv0, arguments.args, arguments.truncated);
        let (bytes, cut) = read_bounded(&format!("/proc/{}/environ", self.pid));
        (self.envs, self.envs_truncated) = environment(&bytes, cut);
    }
}

/// `loginuid` or `sessionid`; unset where the kernel has no audit.
fn audit_id(pid: u32, name: &str) -> u32 {
    let text = fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    text.trim().parse().unwrap_or(UNSET)
}

fn read_bounded(path: &str) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        // What was read before an error is kept.
        let _ = file.take(STRINGS + 1).read_to_end(&mut bytes);
    }
    let cut = bytes.len() as u64 > STRINGS;
    if cut {
        bytes.truncate(bytes.len() - 1);
    }
    (bytes, cut)
}

fn executable(pid: u32) -> File {
    const DELETED: &[u8] = b" (deleted)";
    let link = format!("/proc/{pid}/exe");
    let Ok(target) = fs::read_link(&link) else { return File::default() };
    let mut bytes = target.as_os_str().as_bytes();
    let metadata = fs::metadata(&link).ok();
    let mut flags = 0;
    if let Some(metadata) = &metadata
        && metadata.nlink() == 0
        && let Some(before) = bytes.strip_suffix(DELETED)
    {
        bytes = before;
        flags |= file_flags::DELETED;
    }
    let facts = metadata.map(|metadata| {
        flags |= file_flags::FROM_LOOKUP;
        FileFacts { mount_id: mount_of(&link), ..facts_of(&metadata) }
    });
    let raw = std::str::from_utf8(bytes).is_err().then(|| bytes.to_vec());
    File { path: display(bytes), raw, facts, flags, ..File::default() }
}

/// Id of the mount that a path leads to; 0 if unknown.
fn mount_of(path: &str) -> u32 {
    let found = statx(CWD, path, AtFlags::STATX_DONT_SYNC, StatxFlags::MNT_ID);
    found.map_or(0, |found| u32::try_from(found.stx_mnt_id).unwrap_or(0))
}

/// Facts of a looked-up file; mount and file system are not in there.
#[must_use]
pub fn facts_of(metadata: &fs::Metadata) -> FileFacts {
    let nanos = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    FileFacts {
        inode: metadata.ino(),
        mode: metadata.mode(),
        uid: metadata.uid(),
        gid: metadata.gid(),
        mtime: nanos(metadata.mtime(), metadata.mtime_nsec()),
        ctime: nanos(metadata.ctime(), metadata.ctime_nsec()),
        ..FileFacts::default()
    }
}

/// The v2 path; where that is the root, the longest path of a v1 hierarchy (`/proc/<pid>/cgroup`, cgroups(7)).
#[must_use]
pub fn cgroup(pid: u32) -> String {
    let text = fs::read(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let text = display(&text);
    let mut best = "";
    for line in text.lines() {
        let Some(path) = line.splitn(3, ':').nth(2) else { continue };
        if line.starts_with("0::") && path != "/" {
            return path.to_owned();
        }
        if path.len() > best.len() {
            best = path;
        }
    }
    best.to_owned()
}

/// Inode number of the process's mount namespace; 0 if unknown.
#[must_use]
pub fn mount_namespace(pid: u32) -> u32 {
    fs::metadata(format!("/proc/{pid}/ns/mnt")).map_or(0, |data| u32::try_from(data.ino()).unwrap_or(0))
}

/// Name of the terminal of a `tty_nr` (`proc_pid_stat(5)`: minor in bits 31 to 20 and 7 to 0, major in 15 to 8).
fn tty_name(number: i32) -> String {
    const TTY: u32 = 4;
    const PTS: std::ops::RangeInclusive<u32> = 136..=143;
    const MINORS_OF_A_MAJOR: u32 = 256;
    let number = number.cast_unsigned();
    let major = (number >> 8) & 0xff;
    let minor = ((number >> 12) & 0xfff00) | (number & 0xff);
    if PTS.contains(&major) {
        format!("pts{}", (major - PTS.start()) * MINORS_OF_A_MAJOR + minor)
    } else if major == TTY && minor < 64 {
        format!("tty{minor}")
    } else if major == TTY {
        format!("ttyS{}", minor - 64)
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read_as_it_is() {
        let me = ProcEntry::read(std::process::id()).unwrap();
        assert_eq!(me.executable.path, std::env::current_exe().unwrap().to_str().unwrap());
        assert_eq!(me.args, std::env::args().skip(1).collect::<Vec<_>>());
        assert!(me.start_ticks > 0 && !me.kernel_thread && me.mount_namespace != 0);
    }

    #[test]
    fn a_pid_that_does_not_exist_is_none() {
        assert!(ProcEntry::read(u32::MAX).is_none());
    }

    #[test]
    fn terminals_are_named_as_in_dev() {
        assert_eq!(tty_name((136 << 8) | 3), "pts3");
        assert_eq!(tty_name((4 << 8) | 1), "tty1");
        assert_eq!(tty_name(0), "");
    }
}
