//! `tacho`, the one key that `full` adds: what the schema has no room for.

use serde::{Serialize, Serializer};

use super::full_detail::DetailExtra;
use super::object::Object;
use super::{Hex, Subject, words};
use crate::{File, Kind, context_flags, event_flags, file_flags};

/// What `full` adds to an event.
pub(super) struct Extra<'a>(pub(super) &'a Subject<'a>);

impl Serialize for Extra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Subject { id, event, context, image, .. } = *self.0;
        let mut object = Object::open(serializer)?;
        object.put("id", &id)?;
        object.put("process_id", &ProcessId(context.process))?;
        object.some("parent_id", context.creator.map(ProcessId))?;
        object.put("context", &context.id)?;
        object.text("cgroup", &context.cgroup)?;
        object.flag("lineage_unknown", context.flags & context_flags::LINEAGE_UNKNOWN != 0)?;
        object.flag("compat", event.flags & event_flags::COMPAT != 0)?;
        if !matches!(event.kind, Kind::Fork | Kind::Exec | Kind::Exit | Kind::Syscalls) {
            object.put("retval", &event.retval)?;
            object.some("errno", words::errno_name(event.retval))?;
        }
        let file = match event.kind {
            Kind::Exec | Kind::Exit => image.map(|image| &image.executable),
            Kind::Mmap if !words::maps_file(&event.detail) => None,
            _ => event.file.as_ref(),
        };
        object.some("file", file.and_then(FileExtra::of))?;
        object.some("destination", event.destination.as_deref().and_then(FileExtra::of))?;
        object.some("detail", DetailExtra::of(self.0))?;
        object.end()
    }
}

/// The opaque id of a process.
pub(super) struct ProcessId(pub(super) crate::ProcessKey);

impl Serialize for ProcessId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Where the facts of a file come from, and its path's bytes if they are not UTF-8.
struct FileExtra<'a>(&'a File);

impl<'a> FileExtra<'a> {
    fn of(file: &'a File) -> Option<Self> {
        (file.flags != 0 || file.raw.is_some()).then_some(Self(file))
    }
}

impl Serialize for FileExtra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let flags = self.0.flags;
        let origin = [
            (file_flags::FROM_KERNEL, "kernel"),
            (file_flags::FROM_CACHE, "cache"),
            (file_flags::FROM_LOOKUP, "lookup"),
        ]
        .into_iter()
        .find(|(bit, _)| flags & bit != 0)
        .map_or("", |(_, word)| word);
        let mut object = Object::open(serializer)?;
        object.text("facts", origin)?;
        object.flag("created", flags & file_flags::CREATED != 0)?;
        object.flag("deleted", flags & file_flags::DELETED != 0)?;
        object.some("path_bytes", self.0.raw.as_deref().map(Hex))?;
        object.end()
    }
}
