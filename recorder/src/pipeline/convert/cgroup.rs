//! Moves between cgroups.

use abi::{CgroupBody, PartTag};
use event::{Detail, Event, Kind};

use super::{Converter, event, parts::text};
use crate::{
    decode::Record,
    process::{Identity, Output, procfs},
};

impl Converter {
    pub(super) fn cgroup(
        &mut self,
        record: &Record<'_>,
        body: CgroupBody,
        id: Identity,
        out: &mut Output,
    ) -> Event {
        let (context, _) = self.table.acting(id, out);
        let path = text(record, PartTag::Text);
        // The header is of whoever moved it.
        let moved = Identity { tgid: body.tgid, tid: body.tid, start: body.start, ppid: 0, time: id.time };
        // A thread that was moved alone takes its process along only if it leads it.
        let target = if body.tid == body.tgid {
            self.table.regrouped(moved, settled(body.tgid, body.hierarchy, &path), out)
        } else {
            self.table.other(body.tgid)
        };
        Event {
            detail: Detail::CgroupWrite { path, pid: body.tgid, target, whole: body.whole != 0 },
            ..event(id, Kind::CgroupWrite, context)
        }
    }
}

/// The path that stands for a process after a move: that of v2, unless it is the root; then the longest of v1, as for a
/// process that is found in /proc.
pub(super) fn settled(pid: u32, hierarchy: u32, path: &str) -> String {
    if hierarchy == 0 && path != "/" {
        return path.to_owned();
    }
    let now = procfs::cgroup(pid);
    if now.is_empty() { path.to_owned() } else { now }
}
