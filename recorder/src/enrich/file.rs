//! File calls: which path was meant, and what is known of the file before the call.

use event::{Detail, File, FileFacts, Kind, file_flags};

use crate::enrich::{
    call::{FileCall, Named, as_named, detail, last_link, path_of},
    lookup::{LastLink, Lookup, View},
    path::{errors, file_of_path, file_of_walk, join, split},
    states::FileStates,
};

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
        let before = if call.view == View::Own { self.states.remove(&path) } else { None };
        if before.is_some() && file.error.as_deref() == Some(errors::UNRESOLVED) {
            // The directory is gone by now, but an earlier event was of a file by just this path.
            file.error = None;
        }
        if file.error.is_some() {
            return file;
        }
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
        if is_name(&named.arg) {
            // Nothing but the directory that the probe walked stands before it.
            return (path, file);
        }
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

/// One component that is no way to another directory.
fn is_name(arg: &[u8]) -> bool {
    !arg.is_empty() && arg != b"." && arg != b".." && !arg.contains(&b'/')
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::call::Walk;

    fn call(kind: Kind, base: &str, arg: &str) -> FileCall {
        let base = Walk { path: base.into(), ..Walk::default() };
        FileCall {
            kind,
            syscall: kind.name(),
            args: [0; 6],
            ret: 0,
            caller: (1, 1),
            seen: None,
            first: Some(Named { base, arg: arg.into(), fault: false }),
            second: None,
            view: View::Own,
        }
    }

    fn opened(files: &mut FileEnricher, path: &str) {
        let walk = Walk { path: path.into(), ..Walk::default() };
        let facts = FileFacts { inode: 7, mode: 0o100_640, uid: 3, ..FileFacts::default() };
        let seen = Some((walk, Some(facts), false));
        files.enrich(&FileCall { seen, first: None, ..call(Kind::Open, "/", "x") });
    }

    #[test]
    fn a_removed_file_is_what_an_earlier_event_told_even_when_its_directory_is_gone_too() {
        for (base, arg) in [("/gone/dir", "file"), ("/", "/gone/dir/file")] {
            let mut files = FileEnricher::default();
            opened(&mut files, "/gone/dir/file");
            let file = files.enrich(&call(Kind::Unlink, base, arg)).file;
            assert_eq!((file.path.as_str(), file.error.as_deref()), ("/gone/dir/file", None));
            assert_eq!(file.facts.map(|facts| (facts.inode, facts.uid)), Some((7, 3)));
            let again = files.enrich(&call(Kind::Unlink, base, arg)).file;
            assert!(again.facts.is_none() && again.error.is_some(), "it is told once");
        }
    }

    #[test]
    fn a_file_that_nothing_told_of_is_marked() {
        let file = FileEnricher::default().enrich(&call(Kind::Unlink, "/tmp", "never-seen")).file;
        assert_eq!((file.facts, file.error.as_deref()), (None, Some(errors::STATE_UNKNOWN)));
    }
}
