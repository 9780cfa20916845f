//! A process's name, changed by prctl or through /proc.

use event::{Context, ContextId, ImageRef, context_flags};

use super::{Identity, Output, ProcessTable};

impl ProcessTable {
    /// Another name, which what the process does from now on carries.
    pub fn rename(&mut self, id: Identity, comm: &str, out: &mut Output) {
        let live = self.resolve(id, out);
        let before = &live.context;
        if before.comm == comm {
            return;
        }
        let Some(left) = self.renames_left.checked_sub(1) else {
            self.counts.renames_passed_over += 1;
            return;
        };
        self.renames_left = left;
        let context = Context {
            id: self.number(),
            since: id.time,
            ppid: if id.ppid == 0 { before.ppid } else { id.ppid },
            comm: comm.to_owned(),
            image: live.image.map_or(ImageRef::Unknown, ImageRef::Shared),
            flags: before.flags | context_flags::RENAMED,
            ..(**before).clone()
        };
        let named_before = Some(before.id);
        let mut renamed = Self::live_of(context, live.image, live.mount_namespace, live.exact, out);
        renamed.named_before = named_before;
        self.replace(renamed);
    }

    /// The context in which a process gave itself the name that it has; the present one if that did not begin so.
    #[must_use]
    pub fn named_before(&self, id: Identity) -> Option<ContextId> {
        self.live.get(&id.tgid).filter(|live| live.is(id.start))?.named_before
    }

    /// The state of another process that an event is about, by its pid and start.
    #[must_use]
    pub fn other_exact(&self, pid: u32, start: u64) -> Option<ContextId> {
        let is = |live: &&super::Live| live.key.pid == pid && live.is(start);
        let ended = || self.ended.iter().rev().find(is);
        self.live.get(&pid).filter(is).or_else(ended).map(|live| live.context.id)
    }
}
