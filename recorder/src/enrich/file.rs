//! File calls: which path was meant, and what is known of the file before the call.

use std::sync::Arc;

use event::{Detail, File, FileFacts, Kind, Nanos, file_flags};

use crate::enrich::{
    call::{FileCall, Named, Seen, as_named, detail, last_link, path_of, reached},
    layer::{Layer, layer},
    lookup::{Found, LastLink, View, directory as directory_of, find},
    path::{errors, file_of_path, file_of_walk, join, split},
    states::FileStates,
    times::times,
};
use crate::{clock, limits, mounts::Mounts};

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
    pub(super) states: FileStates,
    pub(super) mounts: Mounts,
    /// Since when the states are complete.
    since: Nanos,
    /// Refused calls looked up in this second.
    looked: u32,
}

pub(super) const S_IFMT: u32 = 0o170_000;
pub(super) const S_IFDIR: u32 = 0o040_000;

impl FileEnricher {
    /// Forgets states that may be of other files after a loss of file events.
    pub fn forget(&mut self) {
        self.states.clear();
        self.since = clock::wall();
    }

    /// Reads the mount table anew, and forgets states of files that a mount now hides or no longer does.
    pub fn remount(&mut self) {
        for place in self.mounts.refresh() {
            self.uncover(View::Own, place.as_bytes());
        }
    }

    /// A new second: what is limited by the second may be done again.
    pub fn refill(&mut self) {
        self.mounts.refill();
        self.looked = 0;
    }

    pub(super) fn uncover(&mut self, view: View, place: &[u8]) {
        self.states.remove(view, place);
        self.states.remove_below(view, place);
    }

    /// Makes the file part of an event.
    pub fn enrich(&mut self, call: &FileCall) -> FileEvent {
        let mut made = self.make(call);
        for file in [Some(&mut made.file), made.destination.as_mut()].into_iter().flatten() {
            self.place(call.view, file);
            // Times of a later change are not those that the call found or left.
            let kernel = file.flags & file_flags::FROM_KERNEL != 0;
            if let Some(facts) = file.facts.as_mut().filter(|_| call.time != 0 && !kernel) {
                for time in [&mut facts.mtime, &mut facts.ctime] {
                    if *time > call.time {
                        *time = 0;
                    }
                }
            }
        }
        if let Detail::Mount(mount) = &mut made.detail {
            self.place(call.view, &mut mount.mountpoint);
            self.place(call.view, &mut mount.root);
        }
        made
    }

    /// Adds what the mount table knows of the mount that a file is on.
    pub fn place(&mut self, view: View, file: &mut File) {
        let Some(facts) = &mut file.facts else { return };
        if facts.mount_id == 0 || file.error.as_deref() == Some(errors::DETACHED) || file.raw.is_some() {
            return;
        }
        if let Some(mount) = self.mounts.find(view, facts.mount_id, &file.path) {
            facts.mount_path = std::sync::Arc::clone(&mount.path);
            if mount.from_event {
                file.flags |= file_flags::MOUNT_FROM_EVENT;
            }
        }
    }

    fn make(&mut self, call: &FileCall) -> FileEvent {
        match call.kind {
            Kind::Mount => return self.mounted(call),
            Kind::Umount => return self.unmounted(call),
            _ => {}
        }
        let mut detail = detail(call);
        let (file, destination) = match call.kind {
            _ if call.ret < 0 => (self.failed(call), call.second.as_ref().map(|named| as_named(call, named))),
            Kind::Utimes => {
                let (file, after) = self.changed(call);
                let (access, modification) = times(call, after.as_ref());
                detail = Detail::Utimes { access, modification };
                return FileEvent { file, destination: None, detail };
            }
            Kind::Mkdir => (self.made(call), None),
            Kind::Rmdir | Kind::Unlink => (self.removed(call), None),
            Kind::Rename => self.renamed(call),
            Kind::Link => self.linked(call),
            Kind::Chmod | Kind::Chown | Kind::Setxattr | Kind::Removexattr => (self.changed(call).0, None),
            _ => (self.present(call), None),
        };
        if let (Kind::Utimes, Detail::None) = (call.kind, &detail) {
            let (access, modification) = times(call, None);
            detail = Detail::Utimes { access, modification };
        }
        FileEvent { file, destination, detail }
    }

    /// The script that an exec named. Run through a descriptor it has no name but `/dev/fd/N` of the new image.
    pub fn script(&mut self, view: View, path: &[u8], by_descriptor: bool) -> File {
        if by_descriptor {
            let error = Some("executed through a descriptor: its name is not known".to_owned());
            return File { error, ..file_of_path(path) };
        }
        match self.find(view, path, LastLink::Follow) {
            Some(found) => {
                let mut file = looked_up(&found.path, found.facts);
                self.place(view, &mut file);
                file
            }
            None => File { error: Some(errors::NOT_FOUND.to_owned()), ..file_of_path(path) },
        }
    }

    /// The object that the probe saw.
    pub(super) fn seen(call: &FileCall) -> Option<File> {
        let seen = call.seen.as_ref().filter(|_| reached(call))?;
        let walk = &seen.walk;
        let mut file = file_of_walk(&walk.path, walk.truncated, walk.detached, walk.deleted);
        if let Some(facts) = &seen.facts {
            file.facts = Some(facts.clone());
            file.flags |= file_flags::FROM_KERNEL;
        }
        file.flags |= seen.flags & file_flags::CREATED;
        Some(file)
    }

    /// Looks up what is there now, its file system by the mount table.
    pub(super) fn find(&mut self, view: View, path: &[u8], last: LastLink) -> Option<Found> {
        let mut found = find(view, path, last)?;
        let text = String::from_utf8_lossy(&found.path);
        if let Some(mount) = self.mounts.find(view, found.facts.mount_id, &text) {
            found.facts.filesystem = Arc::clone(&mount.fs_type);
        }
        Some(found)
    }

    pub(super) fn layer(&self, call: &FileCall, path: &[u8], facts: &FileFacts) -> Layer {
        let told = call.seen.as_ref().map_or(0, |seen| seen.flags);
        layer(&self.states, call, path, facts, told, self.since)
    }

    /// A failed call changed nothing: what is there now was there before. Refusals are looked up, they matter;
    /// the many that find nothing are not.
    pub(super) fn failed(&mut self, call: &FileCall) -> File {
        if let Some(mut file) = Self::seen(call) {
            if let Some(seen) = &call.seen
                && let Some(facts) = &seen.facts
            {
                file.flags |= self.layer(call, &seen.walk.path, facts).before;
            }
            return file;
        }
        let Some(named) = &call.first else { return unread() };
        let mut file = as_named(call, named);
        if file.error.is_none() {
            // What another recorder is refused is what this one will be: without a limit two of them would go on for ever.
            let refused = event::Outcome::of_return(call.ret) == event::Outcome::Refused
                && self.looked < limits::REFUSED_LOOKUPS;
            self.looked += u32::from(refused);
            let found =
                refused.then(|| self.find(call.view, &path_of(call, named), last_link(call))).flatten();
            match found {
                Some(found) => {
                    let layer = self.layer(call, &found.path, &found.facts).before;
                    file = looked_up(&found.path, found.facts);
                    file.flags |= layer;
                }
                None => {
                    file.error =
                        Some(format!("not looked up: the call failed (errno {})", call.ret.unsigned_abs()));
                }
            }
        }
        file
    }

    /// Open, truncate, chdir: the object is still there.
    pub(super) fn present(&mut self, call: &FileCall) -> File {
        if let Some(mut file) = Self::seen(call) {
            let whole = file.error.is_none() && file.flags & file_flags::DELETED == 0;
            if let Some(Seen { walk, facts: Some(facts), .. }) = &call.seen
                && whole
            {
                file.flags |= self.remember(call, &walk.path, facts);
            }
            return file;
        }
        self.find_first(call)
    }

    /// What is there now, unless it was made after the call.
    fn find_first(&mut self, call: &FileCall) -> File {
        let Some(named) = &call.first else { return unread() };
        let file = as_named(call, named);
        if file.error.is_some() {
            return file;
        }
        let found = self.find(call.view, &path_of(call, named), last_link(call));
        match found.filter(|found| call.time == 0 || found.born.is_none_or(|born| born <= call.time)) {
            Some(found) => {
                let layer = self.remember(call, &found.path, &found.facts);
                let mut file = looked_up(&found.path, found.facts);
                file.flags |= layer;
                file
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
        let before = self.states.remove(call.view, &path);
        if before.is_some() && file.error.as_deref() == Some(errors::UNRESOLVED) {
            // The directory is gone by now, but an earlier event was of a file by just this path.
            file.error = None;
        }
        if file.error.is_some() {
            return file;
        }
        if call.kind == Kind::Rmdir {
            self.states.remove_below(call.view, &path);
        }
        match before {
            Some(known) => {
                file.facts = Some(remembered(known.facts));
                file.flags |= file_flags::FROM_CACHE | known.layer;
            }
            None => file.error = Some(errors::STATE_UNKNOWN.to_owned()),
        }
        file
    }

    /// A directory entry: its directory resolved, its name as it is.
    pub(super) fn entry(call: &FileCall, named: &Named) -> (Vec<u8>, File) {
        let path = path_of(call, named);
        let file = as_named(call, named);
        if is_name(&named.arg) {
            // Nothing but the directory that the probe walked stands before it.
            return (path, file);
        }
        let directory = split(&path).and_then(|(directory, name)| {
            let real = directory_of(call.view, directory)?;
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

    /// Remembers a file as it is after the call; gives its layer before it.
    pub(super) fn remember(&mut self, call: &FileCall, path: &[u8], facts: &FileFacts) -> u32 {
        let layer = self.layer(call, path, facts);
        self.set(call, path, facts, layer.after);
        layer.before
    }

    pub(super) fn set(&mut self, call: &FileCall, path: &[u8], facts: &FileFacts, layer: u32) {
        self.states.set(call.view, path, facts, layer);
    }
}

/// A file of which the path could not even be read.
pub(super) fn unread() -> File {
    File { error: Some(errors::FAULT.to_owned()), ..File::default() }
}

/// One component that is no way to another directory.
fn is_name(arg: &[u8]) -> bool {
    !arg.is_empty() && arg != b"." && arg != b".." && !arg.contains(&b'/')
}

/// What an earlier event told. Inode, mode and owner change by calls that are seen; the times change by writes,
/// which are not, and are left out.
pub(super) fn remembered(facts: FileFacts) -> FileFacts {
    FileFacts { mtime: 0, ctime: 0, ..facts }
}

pub(super) fn not_found(call: &FileCall) -> String {
    if call.view == View::Own { errors::NOT_FOUND } else { errors::FOREIGN }.to_owned()
}

pub(super) fn looked_up(path: &[u8], facts: FileFacts) -> File {
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
            time: 0,
            seen: None,
            first: Some(Named { base, arg: arg.into(), fault: false }),
            second: None,
            mount: None,
            text: String::new(),
            text2: String::new(),
            memory: Vec::new(),
            view: View::Own,
        }
    }

    fn opened(files: &mut FileEnricher, path: &str) {
        let walk = Walk { path: path.into(), ..Walk::default() };
        let facts = FileFacts { inode: 7, mode: 0o100_640, uid: 3, ..FileFacts::default() };
        let seen = Some(Seen { walk, facts: Some(facts), flags: 0 });
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
    fn refused_calls_are_looked_up_so_many_times_a_second() {
        let mut files = FileEnricher::default();
        let refused = FileCall { ret: -13, ..call(Kind::Open, "/", "etc") };
        let mut looked_up = || {
            (0..2 * limits::REFUSED_LOOKUPS).filter(|_| files.enrich(&refused).file.facts.is_some()).count()
        };
        assert_eq!(looked_up(), limits::REFUSED_LOOKUPS as usize);
        assert_eq!(looked_up(), 0);
        files.refill();
        assert!(files.enrich(&refused).file.facts.is_some());
    }

    #[test]
    fn a_file_that_nothing_told_of_is_marked() {
        let file = FileEnricher::default().enrich(&call(Kind::Unlink, "/tmp", "never-seen")).file;
        assert_eq!((file.facts, file.error.as_deref()), (None, Some(errors::STATE_UNKNOWN)));
    }
}
