//! `tacho`, the one key that `full` adds: what the schema has no room for.

use std::fmt;

use serde::{Serialize, Serializer};

use super::network::{IpPort, IpPortFamily};
use super::object::Object;
use super::{Subject, bitmask, words};
use crate::{Detail, Event, File, Kind, SocketAddress, context_flags, event_flags, file_flags};

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
        if !matches!(event.kind, Kind::Fork | Kind::Exec | Kind::Exit) {
            object.put("retval", &event.retval)?;
            object.some("errno", words::errno_name(event.retval))?;
        }
        let file = match event.kind {
            Kind::Exec | Kind::Exit => image.map(|image| &image.executable),
            _ => event.file.as_ref(),
        };
        object.some("file", file.and_then(FileExtra::of))?;
        object.some("destination", event.destination.as_ref().and_then(FileExtra::of))?;
        object.some("detail", DetailExtra::of(event))?;
        object.end()
    }
}

struct ProcessId(crate::ProcessKey);

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

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the kind has beyond the schema.
enum DetailExtra<'a> {
    Flags(Vec<std::borrow::Cow<'static, str>>),
    Status(u32),
    Socket(&'a SocketAddress),
}

impl<'a> DetailExtra<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        match &event.detail {
            Detail::Rename { flags } if *flags != 0 => Some(Self::Flags(bitmask::rename_flags(*flags))),
            // In the schema only unlink has flags; by them a rmdir is known to be a call of unlinkat.
            Detail::Unlink { flags } if *flags != 0 && event.kind == Kind::Rmdir => {
                Some(Self::Flags(bitmask::unlink_flags(*flags)))
            }
            Detail::Exit { status } => Some(Self::Status(*status)),
            Detail::Socket(address) => Some(Self::Socket(address)),
            _ => None,
        }
    }
}

impl Serialize for DetailExtra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        match self {
            Self::Flags(flags) => object.put("flags", flags)?,
            Self::Status(status) => object.put("wait_status", status)?,
            Self::Socket(address) => {
                object.put("addr", &IpPortFamily(address))?;
                object.text("path", &address.path)?;
                object.text("socket", words::socket_kind(address.kind))?;
                object.text("protocol", words::protocol(address.protocol))?;
                object.some("local", address.local.map(|(ip, port)| IpPort { ip, port }))?;
                object.number("netns", address.netns.into())?;
            }
        }
        object.end()
    }
}
