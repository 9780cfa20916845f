//! chmod, chown, utimes, setxattr and removexattr: a file before and after.

use event::{Detail, File, FileFacts, Kind, file_flags};

use super::{
    call::{FileCall, as_named, detail, last_link, path_of},
    file::{FileEnricher, S_IFDIR, S_IFMT, looked_up, not_found, remembered, unread},
    lookup::Found,
    path::errors,
    states::Known,
};

impl FileEnricher {
    /// Changes of an inode: what is there now has the new mode, owner or times; what it was before is known from
    /// earlier events or not at all. Also gives what is there now.
    pub(super) fn changed(&mut self, call: &FileCall) -> (File, Option<FileFacts>) {
        let (mut file, path) = match Self::seen(call) {
            Some(file) => (file, call.seen.as_ref().map(|seen| seen.walk.path.clone()).unwrap_or_default()),
            None => {
                let Some(named) = &call.first else { return (unread(), None) };
                let path = path_of(call, named);
                let found = self.find(call.view, &path, last_link(call));
                // Gone by now, or another file: it is what an earlier event told under just this name.
                let known = self.states.get(call.view, &path).map(|known| &known.facts);
                let gone = |found: &Found, known: &FileFacts| {
                    found.facts.inode != known.inode && found.facts.ctime > call.time
                };
                match (found, known) {
                    (None, Some(known)) => (looked_up(&path, known.clone()), path),
                    (Some(found), Some(known)) if gone(&found, known) => {
                        (looked_up(&path, known.clone()), path)
                    }
                    (Some(found), _) => (looked_up(&found.path, found.facts), found.path),
                    (None, None) => {
                        let file = as_named(call, named);
                        let error = file.error.or_else(|| Some(not_found(call)));
                        return (File { error, ..file }, None);
                    }
                }
            }
        };
        let Some(mut now) = file.facts.clone() else { return (file, None) };
        let before = self.states.get(call.view, &path);
        let before = before.filter(|before| before.facts.inode == now.inode).cloned();
        if file.flags & file_flags::FROM_KERNEL == 0 {
            as_changed(&mut now, call, before.as_ref());
        }
        if file.error.is_none() && file.flags & file_flags::DELETED == 0 {
            file.flags |= self.remember(call, &path, &now);
        }
        // The modification time is changed by none of these but the calls that set it; the change time by all.
        let mtime = if call.kind == Kind::Utimes { 0 } else { now.mtime };
        let after = FileFacts { mtime, ctime: 0, ..now.clone() };
        match (before, call.kind) {
            (Some(before), _) => {
                file.facts = Some(FileFacts { mtime, ..remembered(before.facts) });
                file.flags = (file.flags & !(file_flags::FROM_KERNEL | file_flags::FROM_LOOKUP))
                    | file_flags::FROM_CACHE;
            }
            (None, Kind::Chmod) => {
                file.facts = Some(FileFacts { mode: 0, ..after });
                file.error = file.error.or_else(|| Some(errors::STATE_UNKNOWN.to_owned()));
            }
            // A chown may clear set-id bits, so the mode before is unknown too.
            (None, Kind::Chown) => {
                file.facts = Some(FileFacts { mode: 0, ..after });
                file.error = file.error.or_else(|| Some(errors::OWNER_AFTER.to_owned()));
            }
            (None, _) => file.facts = Some(after),
        }
        (file, Some(now))
    }
}

/// What was looked up may be of a later change; what the call asked for is certain.
fn as_changed(now: &mut FileFacts, call: &FileCall, before: Option<&Known>) {
    const SET_UID: u32 = 0o4000;
    const SET_GID: u32 = 0o2000;
    const GROUP_EXECUTE: u32 = 0o010;
    const PERMISSIONS: u32 = 0o7777;
    if let Some(before) = before {
        (now.mode, now.uid, now.gid) = (before.facts.mode, before.facts.uid, before.facts.gid);
    }
    match detail(call) {
        Detail::Chmod { mode, .. } => now.mode = now.mode & S_IFMT | mode & PERMISSIONS,
        Detail::Chown { uid, gid } => {
            if uid != -1 {
                now.uid = uid.cast_unsigned();
            }
            if gid != -1 {
                now.gid = gid.cast_unsigned();
            }
            // fs/open.c, chown_common: of all but directories.
            if now.mode & S_IFMT != S_IFDIR {
                now.mode &= !SET_UID;
                if now.mode & GROUP_EXECUTE != 0 {
                    now.mode &= !SET_GID;
                }
            }
        }
        _ => {}
    }
}
