//! File calls: which path was meant, and what is known of the file before the call.

use event::{Detail, File, FileFacts, Kind, file_flags};

use crate::{
    enrich::{
        lookup::{LastLink, Lookup, View},
        path::{climbs, errors, file_of_path, file_of_walk, join, split},
        states::FileStates,
    },
    process::display,
};

/// A path that the kernel walked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Absolute.
    pub path: Vec<u8>,
    /// Cut at a limit.
    pub truncated: bool,
    /// Outside any file system tree.
    pub detached: bool,
    /// Unlinked.
    pub deleted: bool,
}

/// A path that the caller named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// What it is relative to.
    pub base: Walk,
    /// The caller's string; empty means the base itself.
    pub arg: Vec<u8>,
    /// The string could not be read, or not wholly.
    pub fault: bool,
}

/// A file call, out of a record.
#[derive(Clone, Debug)]
pub struct FileCall {
    /// What it becomes.
    pub kind: Kind,
    /// Name of the syscall in the x86-64 table.
    pub syscall: &'static str,
    /// Its arguments (openat2: flags and mode at 2 and 3).
    pub args: [u64; 6],
    /// What it returned.
    pub ret: i64,
    /// Process and thread.
    pub caller: (u32, u32),
    /// The object that the probe saw.
    pub seen: Option<(Walk, Option<FileFacts>, bool)>,
    /// First path.
    pub first: Option<Named>,
    /// Second path.
    pub second: Option<Named>,
    /// Whose view the paths are in.
    pub view: View,
}

/// What becomes of it.
#[derive(Clone, Debug, Default)]
pub struct FileEvent {
    /// The file.
    pub file: File,
    /// Second file of rename and link.
    pub destination: Option<File>,
    /// The rest.
    pub detail: Detail,
}

/// See the module.
#[derive(Debug, Default)]
pub struct FileEnricher {
    states: FileStates,
    lookup: Lookup,
}

const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
const AT_SYMLINK_FOLLOW: u64 = 0x400;
const O_WRONLY: u32 = 0o1;
const O_CREAT: u32 = 0o100;
const O_TRUNC: u32 = 0o1000;
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;

impl FileEnricher {
    /// Forgets states that may be of other files: after a loss, or when mounts changed.
    pub fn forget(&mut self) {
        self.states.clear();
        self.lookup.refresh();
    }

    /// Makes the file part of an event.
    pub fn enrich(&mut self, call: &FileCall) -> FileEvent {
        let detail = detail(call);
        let (file, destination) = match call.kind {
            _ if call.ret < 0 => (self.failed(call), call.second.as_ref().map(|named| as_named(call, named))),
            Kind::Mkdir => (self.made(call), None),
            Kind::Rmdir | Kind::Unlink => (self.removed(call), None),
            Kind::Rename => self.renamed(call),
            Kind::Link => self.linked(call),
            Kind::Chmod | Kind::Chown => (self.changed(call), None),
            _ => (self.present(call), None),
        };
        FileEvent { file, destination, detail }
    }

    /// The script that an exec named. Run through a descriptor it has no name but `/dev/fd/N` of the new image.
    pub fn script(&mut self, view: View, path: &[u8], by_descriptor: bool) -> File {
        if by_descriptor {
            let error = Some("executed through a descriptor: its name is not known".to_owned());
            return File { error, ..file_of_path(path) };
        }
        match self.lookup.find(view, path, LastLink::Follow) {
            Some(found) => looked_up(&found.path, found.facts),
            None => File { error: Some(errors::NOT_FOUND.to_owned()), ..file_of_path(path) },
        }
    }

    /// The object that the probe saw.
    fn seen(call: &FileCall) -> Option<File> {
        let (walk, facts, created) = call.seen.as_ref()?;
        let mut file = file_of_walk(&walk.path, walk.truncated, walk.detached, walk.deleted);
        if let Some(facts) = facts {
            file.facts = Some(facts.clone());
            file.flags |= file_flags::FROM_KERNEL;
        }
        if *created {
            file.flags |= file_flags::CREATED;
        }
        Some(file)
    }

    /// A failed call changed nothing: what is there now was there before. Refusals are looked up, they matter;
    /// the many that find nothing are not.
    fn failed(&mut self, call: &FileCall) -> File {
        if let Some(file) = Self::seen(call) {
            return file;
        }
        let Some(named) = &call.first else { return unread() };
        let mut file = as_named(call, named);
        if file.error.is_none() {
            let refused = event::Outcome::of_return(call.ret) == event::Outcome::Refused;
            let found = refused
                .then(|| self.lookup.find(call.view, &path_of(call, named), last_link(call)))
                .flatten();
            match found {
                Some(found) => file = looked_up(&found.path, found.facts),
                None => file.error = Some(format!("not looked up: the call failed (errno {})", -call.ret)),
            }
        }
        file
    }

    /// Open, truncate, chdir: the object is still there.
    fn present(&mut self, call: &FileCall) -> File {
        if let Some(file) = Self::seen(call) {
            let whole = file.error.is_none() && file.flags & file_flags::DELETED == 0;
            if let (true, View::Own, Some((walk, Some(facts), _))) = (whole, call.view, &call.seen) {
                self.states.set(&walk.path, facts);
            }
            return file;
        }
        self.find_first(call)
    }

    fn find_first(&mut self, call: &FileCall) -> File {
        let Some(named) = &call.first else { return unread() };
        let file = as_named(call, named);
        if file.error.is_some() {
            return file;
        }
        match self.lookup.find(call.view, &path_of(call, named), last_link(call)) {
            Some(found) => {
                self.remember(call, &found.path, &found.facts);
                looked_up(&found.path, found.facts)
            }
            None => File { error: Some(not_found(call)), ..file },
        }
    }

    fn made(&mut self, call: &FileCall) -> File {
        let mut file = self.find_first(call);
        if file.facts.as_ref().is_some_and(|facts| facts.mode & S_IFMT != S_IFDIR) {
            file.facts = None;
            file.error = Some(errors::NOT_FOUND.to_owned());
        }
        file
    }

    fn removed(&mut self, call: &FileCall) -> File {
        let Some(named) = &call.first else { return unread() };
        let (path, mut file) = Self::entry(call, named);
        if file.error.is_some() {
            return file;
        }
        let before = if call.view == View::Own { self.states.remove(&path) } else { None };
        if call.kind == Kind::Rmdir {
            self.states.remove_below(&path);
        }
        match before {
            Some(facts) => {
                file.facts = Some(remembered(facts));
                file.flags |= file_flags::FROM_CACHE;
            }
            None => file.error = Some(errors::STATE_UNKNOWN.to_owned()),
        }
        file
    }

    fn renamed(&mut self, call: &FileCall) -> (File, Option<File>) {
        let (Some(from), Some(to)) = (&call.first, &call.second) else {
            return (unread(), None);
        };
        let (old, mut file) = Self::entry(call, from);
        let (new, mut destination) = Self::entry(call, to);
        let before = self.states.remove(&old);
        self.states.remove(&new);
        let now = self.lookup.find(call.view, &new, LastLink::Keep).map(|found| found.facts);
        // Only a directory has something below it; not knowing what it is, assume so.
        if now.as_ref().is_none_or(|facts| facts.mode & S_IFMT == S_IFDIR) {
            self.states.remove_below(&old);
            self.states.remove_below(&new);
        }
        let Some(now) = now else {
            let error = Some(not_found(call));
            file.error = file.error.or_else(|| error.clone());
            destination.error = destination.error.or(error);
            return (file, Some(destination));
        };
        self.remember(call, &new, &now);
        // A rename changes nothing of the inode but its change time.
        match before.filter(|before| before.inode == now.inode) {
            Some(before) => {
                file.facts = Some(remembered(before));
                file.flags |= file_flags::FROM_CACHE;
            }
            None => {
                file.facts = Some(now.clone());
                file.flags |= file_flags::FROM_LOOKUP;
            }
        }
        destination.facts = Some(now);
        destination.flags |= file_flags::FROM_LOOKUP;
        (file, Some(destination))
    }

    fn linked(&mut self, call: &FileCall) -> (File, Option<File>) {
        let (Some(_), Some(to)) = (&call.first, &call.second) else {
            return (unread(), None);
        };
        let (new, mut destination) = Self::entry(call, to);
        let mut file = self.find_first(call);
        if let Some(found) = self.lookup.find(call.view, &new, LastLink::Keep) {
            self.remember(call, &new, &found.facts);
            if file.facts.as_ref().is_none_or(|facts| facts.inode != found.facts.inode) {
                // The source name is gone or another file by now; the link is the same inode.
                file.facts = Some(found.facts.clone());
                file.flags |= file_flags::FROM_LOOKUP;
                file.error = None;
            }
            destination.facts = Some(found.facts);
            destination.flags |= file_flags::FROM_LOOKUP;
        } else {
            destination.error = destination.error.or_else(|| Some(not_found(call)));
        }
        (file, Some(destination))
    }

    /// chmod and chown: what is there now has the new mode or owner; what it was before is known from earlier
    /// events or not at all.
    fn changed(&mut self, call: &FileCall) -> File {
        let before_of = |states: &FileStates, path: &[u8], now: &FileFacts| {
            states.get(path).filter(|before| before.inode == now.inode).cloned()
        };
        let (mut file, path, before) = match Self::seen(call) {
            Some(file) => {
                let path = call.seen.as_ref().map(|(walk, ..)| walk.path.clone()).unwrap_or_default();
                let before = file.facts.as_ref().and_then(|now| before_of(&self.states, &path, now));
                (file, path, before)
            }
            None => {
                let Some(named) = &call.first else { return unread() };
                let Some(found) = self.lookup.find(call.view, &path_of(call, named), last_link(call)) else {
                    let file = as_named(call, named);
                    return File { error: file.error.or_else(|| Some(not_found(call))), ..file };
                };
                let before = before_of(&self.states, &found.path, &found.facts);
                (looked_up(&found.path, found.facts), found.path, before)
            }
        };
        let Some(now) = file.facts.clone() else { return file };
        if file.error.is_none() && file.flags & file_flags::DELETED == 0 {
            self.remember(call, &path, &now);
        }
        if let Some(before) = before.filter(|_| call.view == View::Own) {
            file.facts = Some(remembered(before));
            file.flags =
                (file.flags & !(file_flags::FROM_KERNEL | file_flags::FROM_LOOKUP)) | file_flags::FROM_CACHE;
        } else if call.kind == Kind::Chmod {
            file.facts = Some(FileFacts { mode: 0, ..now });
            file.error = file.error.or_else(|| Some(errors::STATE_UNKNOWN.to_owned()));
        } else {
            // A chown may clear set-id bits, so the mode before is unknown too.
            file.facts = Some(FileFacts { mode: 0, ..now });
            file.error = file.error.or_else(|| Some(errors::OWNER_AFTER.to_owned()));
        }
        file
    }

    /// A directory entry: its directory resolved, its name as it is.
    fn entry(call: &FileCall, named: &Named) -> (Vec<u8>, File) {
        let path = path_of(call, named);
        let file = as_named(call, named);
        let directory = split(&path).and_then(|(directory, name)| {
            let real = Lookup::directory(call.view, directory)?;
            Some(join(&real, name))
        });
        match directory {
            Some(real) => {
                let error = file.error;
                (real.clone(), File { error, ..file_of_path(&real) })
            }
            None => {
                let error = file.error.or_else(|| Some(errors::UNRESOLVED.to_owned()));
                (path, File { error, ..file })
            }
        }
    }

    fn remember(&mut self, call: &FileCall, path: &[u8], facts: &FileFacts) {
        if call.view == View::Own {
            self.states.set(path, facts);
        }
    }
}

/// A file of which the path could not even be read.
fn unread() -> File {
    File { error: Some(errors::FAULT.to_owned()), ..File::default() }
}

/// What an earlier event told. Inode, mode and owner change by calls that are seen; the times change by writes,
/// which are not, and are left out.
fn remembered(facts: FileFacts) -> FileFacts {
    FileFacts { mtime: 0, ctime: 0, ..facts }
}

fn not_found(call: &FileCall) -> String {
    if call.view == View::Own { errors::NOT_FOUND } else { errors::FOREIGN }.to_owned()
}

fn looked_up(path: &[u8], facts: FileFacts) -> File {
    File { facts: Some(facts), flags: file_flags::FROM_LOOKUP, ..file_of_path(path) }
}

/// The path as the caller named it, joined.
fn as_named(call: &FileCall, named: &Named) -> File {
    let path = path_of(call, named);
    let mut file = file_of_walk(&path, named.base.truncated, named.base.detached, false);
    if named.fault {
        file.error = Some(errors::FAULT.to_owned());
    } else if file.error.is_none() && call.ret < 0 && climbs(&path) {
        file.error = Some(errors::UNRESOLVED.to_owned());
    }
    file
}

/// Joined, with the names by which a process finds itself in /proc put right: the recorder would find itself.
fn path_of(call: &FileCall, named: &Named) -> Vec<u8> {
    let path = join(&named.base.path, &named.arg);
    let (pid, tid) = call.caller;
    let instead = [
        (&b"/proc/self"[..], format!("/proc/{pid}")),
        (b"/proc/thread-self", format!("/proc/{pid}/task/{tid}")),
        (b"/dev/fd", format!("/proc/{pid}/fd")),
    ];
    for (alias, real) in instead {
        if let Some(rest) =
            path.strip_prefix(alias).filter(|rest| rest.first().is_none_or(|byte| *byte == b'/'))
        {
            return [real.as_bytes(), rest].concat();
        }
    }
    path
}

fn last_link(call: &FileCall) -> LastLink {
    let keeps = match call.syscall {
        "lchown" | "mkdir" | "mkdirat" | "link" | "rename" | "renameat" | "renameat2" => true,
        "fchownat" => call.args[4] & AT_SYMLINK_NOFOLLOW != 0,
        "fchmodat2" => call.args[3] & AT_SYMLINK_NOFOLLOW != 0,
        "linkat" => call.args[4] & AT_SYMLINK_FOLLOW == 0,
        _ => false,
    };
    if keeps { LastLink::Keep } else { LastLink::Follow }
}

/// Arguments are `int` or `umode_t` in the kernel: the upper half of a register means nothing.
fn detail(call: &FileCall) -> Detail {
    let arg = |index: usize| u32::try_from(call.args[index] & u64::from(u32::MAX)).unwrap_or(0);
    let given = || call.first.as_ref().map(|named| display(&named.arg)).unwrap_or_default();
    match call.syscall {
        "open" => Detail::Open { flags: arg(1), mode: arg(2) },
        "openat" | "openat2" => Detail::Open { flags: arg(2), mode: arg(3) },
        "open_by_handle_at" => Detail::Open { flags: arg(2), mode: 0 },
        "creat" => Detail::Open { flags: O_CREAT | O_WRONLY | O_TRUNC, mode: arg(1) },
        "truncate" | "ftruncate" => Detail::Open { flags: O_WRONLY | O_TRUNC, mode: 0 },
        "mkdir" => Detail::Mkdir { mode: arg(1) },
        "mkdirat" => Detail::Mkdir { mode: arg(2) },
        "unlinkat" => Detail::Unlink { flags: arg(2) },
        "unlink" => Detail::Unlink { flags: 0 },
        "renameat2" => Detail::Rename { flags: arg(4) },
        "rename" | "renameat" => Detail::Rename { flags: 0 },
        "chmod" => Detail::Chmod { mode: arg(1), path: given() },
        "fchmod" => Detail::Chmod { mode: arg(1), path: String::new() },
        "fchmodat" | "fchmodat2" => Detail::Chmod { mode: arg(2), path: given() },
        "chown" | "lchown" | "fchown" => {
            Detail::Chown { uid: arg(1).cast_signed(), gid: arg(2).cast_signed() }
        }
        "fchownat" => Detail::Chown { uid: arg(2).cast_signed(), gid: arg(3).cast_signed() },
        "chdir" => Detail::Chdir { path: given() },
        "fchdir" => Detail::Chdir { path: String::new() },
        _ => Detail::None,
    }
}
