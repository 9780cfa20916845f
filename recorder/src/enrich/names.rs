//! rename and link: the second name of a file.

use event::{Detail, File, FileFacts, file_flags};

use super::{
    call::{FileCall, detail},
    file::{FileEnricher, S_IFDIR, S_IFMT, not_found, remembered, unread},
    lookup::LastLink,
    states::Known,
};

const RENAME_EXCHANGE: u32 = 2;

impl FileEnricher {
    pub(super) fn renamed(&mut self, call: &FileCall) -> (File, Option<File>) {
        let (Some(from), Some(to)) = (&call.first, &call.second) else {
            return (unread(), None);
        };
        let (old, mut file) = Self::entry(call, from);
        let (new, mut destination) = Self::entry(call, to);
        if matches!(detail(call), Detail::Rename { flags } if flags & RENAME_EXCHANGE != 0) {
            return self.exchanged(call, (&old, file), (&new, destination));
        }
        let before = self.states.remove(call.view, &old);
        self.states.remove(call.view, &new);
        let now = self.after(call, &new, before.as_ref());
        // Only a directory has something below it; not knowing what it is, assume so.
        if now.as_ref().is_none_or(|facts| facts.mode & S_IFMT == S_IFDIR) {
            self.states.remove_below(call.view, &old);
            self.states.remove_below(call.view, &new);
        }
        let Some(now) = now else {
            let error = Some(not_found(call));
            file.error = file.error.or_else(|| error.clone());
            destination.error = destination.error.or(error);
            return (file, Some(destination));
        };
        let layer = self.layer(call, &new, &now);
        moved_from(&mut file, before.as_ref(), &now, layer.before);
        destination.flags |= layer.after | file_flags::FROM_LOOKUP;
        self.set(call, &new, &now, layer.after);
        destination.facts = Some(now);
        (file, Some(destination))
    }

    /// `RENAME_EXCHANGE`: each of the two is told as what it was under its name before.
    fn exchanged(
        &mut self,
        call: &FileCall,
        (one, mut file): (&[u8], File),
        (other, mut destination): (&[u8], File),
    ) -> (File, Option<File>) {
        let was_one = self.states.remove(call.view, one);
        let was_other = self.states.remove(call.view, other);
        for path in [one, other] {
            self.states.remove_below(call.view, path);
        }
        for (file, was, now_at) in [(&mut file, was_one, other), (&mut destination, was_other, one)] {
            match self.after(call, now_at, was.as_ref()) {
                Some(now) => {
                    let layer = self.layer(call, now_at, &now);
                    moved_from(file, was.as_ref(), &now, layer.before);
                    self.set(call, now_at, &now, layer.after);
                }
                None => file.error = file.error.take().or_else(|| Some(not_found(call))),
            }
        }
        (file, Some(destination))
    }

    /// The facts of what a call put at a path: what is there now, or if that is gone or of a later change, what was
    /// known of it before.
    fn after(&mut self, call: &FileCall, path: &[u8], before: Option<&Known>) -> Option<FileFacts> {
        let before = before.map(|before| remembered(before.facts.clone()));
        match (self.find(call.view, path, LastLink::Keep).map(|found| found.facts), before) {
            (Some(now), Some(before)) if now.inode != before.inode && now.ctime > call.time => Some(before),
            (Some(now), _) => Some(now),
            (None, before) => before,
        }
    }

    pub(super) fn linked(&mut self, call: &FileCall) -> (File, Option<File>) {
        let (Some(_), Some(to)) = (&call.first, &call.second) else {
            return (unread(), None);
        };
        let (new, mut destination) = Self::entry(call, to);
        let mut file = self.present(call);
        if let Some(found) = self.find(call.view, &new, LastLink::Keep) {
            let layer = self.layer(call, &new, &found.facts).after;
            self.set(call, &new, &found.facts, layer);
            if file.facts.as_ref().is_none_or(|facts| facts.inode != found.facts.inode) {
                // The source name is gone or another file by now; the link is the same inode.
                file.facts = Some(found.facts.clone());
                file.flags |= file_flags::FROM_LOOKUP;
                file.error = None;
            }
            destination.facts = Some(found.facts);
            destination.flags |= file_flags::FROM_LOOKUP | layer;
        } else {
            destination.error = destination.error.or_else(|| Some(not_found(call)));
        }
        (file, Some(destination))
    }
}

/// A file that moved is what it was before, or what it is now: a rename changes nothing of the inode but its change
/// time.
fn moved_from(file: &mut File, before: Option<&Known>, now: &FileFacts, layer: u32) {
    let known = before.map_or(0, |before| before.layer);
    file.flags |= if known == 0 { layer } else { known };
    match before.filter(|before| before.facts.inode == now.inode) {
        Some(before) => {
            file.facts = Some(FileFacts { mtime: now.mtime, ..remembered(before.facts.clone()) });
            file.flags |= file_flags::FROM_CACHE;
        }
        None => {
            file.facts = Some(FileFacts { ctime: 0, ..now.clone() });
            file.flags |= file_flags::FROM_LOOKUP;
        }
    }
}
