//! `tacho.detail`: what a kind has beyond the schema.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::full::ProcessId;
use super::kernel::Address;
use super::network::{IpPort, IpPortFamily};
use super::object::Object;
use super::{Hex, Subject, words};
use crate::{Detail, Kind, SocketAddress};

/// What a kind has beyond the schema.
pub(super) struct DetailExtra<'a>(&'a Subject<'a>);

impl<'a> DetailExtra<'a> {
    /// `None` for kinds of which the schema says all.
    pub(super) fn of(subject: &'a Subject<'a>) -> Option<Self> {
        let said = match &subject.event.detail {
            Detail::None
            | Detail::Exec { .. }
            | Detail::Credentials(_)
            | Detail::Open { .. }
            | Detail::Mkdir { .. }
            | Detail::Chmod { .. }
            | Detail::Chown { .. }
            | Detail::Chdir { .. }
            | Detail::Utimes { .. }
            | Detail::Syscalls { .. }
            | Detail::Selinux(_)
            | Detail::Dns(_)
            | Detail::Imds(_)
            | Detail::Mmap { .. } => true,
            // In the schema only unlink has flags; by them a rmdir is known to be a call of unlinkat.
            Detail::Unlink { flags } => *flags == 0 || subject.event.kind == Kind::Unlink,
            Detail::Rename { flags } | Detail::Module { flags, .. } => *flags == 0,
            Detail::Mprotect { start, end, before, area_start, area_end, .. } => {
                before.is_some() && (*area_end == 0 || (area_start, area_end) == (start, end))
            }
            Detail::Xattr { .. } => subject.event.kind == Kind::Removexattr,
            _ => false,
        };
        (!said).then_some(Self(subject))
    }
}

impl Serialize for DetailExtra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0.event;
        let mut object = Object::open(serializer)?;
        match &event.detail {
            Detail::Rename { flags } => object.list("flags", &words::rename_flags(*flags))?,
            Detail::Unlink { flags } => object.list("flags", &words::unlink_flags(*flags))?,
            detail @ Detail::Module { .. } => {
                object.list("flags", &words::module_flags(event.kind, detail))?;
            }
            Detail::Exit { status } => object.put("wait_status", status)?,
            Detail::Socket(socket) => address(&mut object, socket)?,
            Detail::Setsockopt { level, option, value, length, socket } => {
                object.put("level", &words::socket_level(*level))?;
                object.put("option", &words::socket_option(*level, *option))?;
                object.put("value", &Hex(value))?;
                object.put("length", length)?;
                address(&mut object, socket)?;
            }
            Detail::Xattr { size, flags, .. } => {
                object.put("size", size)?;
                object.list("flags", &words::xattr_flags(*flags))?;
            }
            Detail::Mount(mount) => {
                object.text("source", &mount.source)?;
                object.list("flags", &words::mount_flags(mount.flags))?;
                object.number("group_id", mount.group_id.into())?;
            }
            Detail::Umount { flags, path, .. } => {
                object.text("path", path)?;
                object.list("flags", &words::unmount_flags(*flags))?;
            }
            Detail::Splice { length, flags, .. } => {
                object.put("length", length)?;
                object.list("flags", &words::splice_flags(*flags))?;
            }
            Detail::Bpf(bpf) => {
                object.put("command", &bpf.command)?;
                object.number("map_id", bpf.map.as_ref().map_or(0, |map| map.id).into())?;
                if let Some(program) = &bpf.program {
                    object.number("program_id", program.id.into())?;
                    object.flag("helpers_truncated", program.helpers_truncated)?;
                }
            }
            Detail::Mprotect { start, end, before, area_end, .. } => {
                object.flag("before_unknown", before.is_none())?;
                if *area_end != 0 {
                    object.put("start", &Address(*start))?;
                    object.put("end", &Address(*end))?;
                }
            }
            detail => self.about_processes(&mut object, detail)?,
        }
        object.end()
    }
}

impl DetailExtra<'_> {
    fn about_processes<M: SerializeMap>(
        &self,
        object: &mut Object<M>,
        detail: &Detail,
    ) -> Result<(), M::Error> {
        match detail {
            Detail::Signal { signal, .. } => object.put("signal", signal)?,
            Detail::Ptrace { pid, .. } => object.put("pid", pid)?,
            Detail::Setrlimit { resource, current, maximum, pid, .. } => {
                object.put("resource", &words::resource_limit(*resource))?;
                limit(object, "current", *current)?;
                limit(object, "maximum", *maximum)?;
                object.put("pid", pid)?;
            }
            Detail::Prctl { option, args, text } => {
                object.put("option", &words::prctl_option(*option))?;
                object.put("args", &args.map(Address))?;
                object.text("text", text)?;
            }
            Detail::Sysctl { name, write, value, old_value, truncated } => {
                object.put("name", name)?;
                object.put("action", if *write { "write" } else { "read" })?;
                object.put("value", value)?;
                object.text("old_value", old_value)?;
                object.flag("truncated", *truncated)?;
            }
            Detail::CgroupWrite { path, pid, whole, .. } => {
                object.put("path", path)?;
                object.put("pid", pid)?;
                object.put("whole", whole)?;
            }
            _ => {}
        }
        object.some("target", self.0.other.map(|other| ProcessId(other.context.process)))
    }
}

/// `RLIM_INFINITY` is a word: no reader of JSON holds that number exactly.
fn limit<M: SerializeMap>(object: &mut Object<M>, name: &'static str, value: u64) -> Result<(), M::Error> {
    if value == u64::MAX { object.put(name, "unlimited") } else { object.put(name, &value) }
}

fn address<M: SerializeMap>(object: &mut Object<M>, socket: &SocketAddress) -> Result<(), M::Error> {
    object.put("addr", &IpPortFamily(socket))?;
    object.text("path", &socket.path)?;
    object.text("local_path", &socket.local_path)?;
    object.number("peer_pid", socket.peer_pid.into())?;
    object.text("socket", words::socket_kind(socket.kind))?;
    object.text("protocol", words::protocol(socket.protocol))?;
    object.some("local", socket.local.map(|(ip, port)| IpPort { ip, port }))?;
    object.number("netns", socket.netns.into())
}
