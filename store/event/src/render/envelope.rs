//! The event as a whole, in the newest generation.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::file::FileEvent;
use super::full::Extra;
use super::kernel::{BpfJson, Plain, Syscalls};
use super::mount::MountJson;
use super::network::{Bind, Network};
use super::object::Object;
use super::other::{Ptrace, Signal};
use super::packet::{DnsJson, ImdsJson};
use super::process::{ContainerJson, ProcessJson};
use super::{Date, Subject};
use crate::{Credentials, Detail, Event, ExitCause, Kind, event_flags};

/// One event as `v5`, or as `full`.
pub(super) struct Envelope<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) full: bool,
    /// With what only older generations have a place for, to be brought down to one of them.
    pub(super) older: bool,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let subject = self.subject;
        let Subject { event, context, .. } = *subject;
        let mut object = Object::open(serializer)?;
        object.put("agent", &Agent(event.kind))?;
        object.put("title", event.kind.title())?;
        object.put("evt", &What(event))?;
        object.put("date", &Date(event.time))?;
        object.some("file", FileEvent::of(subject))?;
        object.put("process", &ProcessJson::acting(subject))?;
        object.some("usr", User::of(&context.credentials))?;
        object.some("container", context.container.as_ref().map(ContainerJson))?;
        object.put("dd", &serde_json::Map::new())?;
        object.some("network", Network::of(event))?;
        match &event.detail {
            Detail::Socket(address) if event.kind == Kind::Bind => object.put("bind", &Bind(address))?,
            Detail::Exit { status } => object.put("exit", &ExitJson(*status))?,
            Detail::Bpf(bpf) => object.put("bpf", &BpfJson(bpf))?,
            Detail::Dns(dns) => object.put("dns", &DnsJson(dns))?,
            Detail::Imds(imds) => object.put("imds", &ImdsJson(imds))?,
            Detail::Mount(mount) => {
                let names = &context.credentials;
                object.put("mount", &MountJson { mount, names, older: self.older })?;
            }
            detail => {
                if let Some((name, plain)) = Plain::of(event.kind, detail) {
                    object.put(name, &plain)?;
                }
            }
        }
        object.some("signal", Signal::of(subject))?;
        object.some("ptrace", Ptrace::of(subject))?;
        object.some("syscalls", Syscalls::of(&event.detail))?;
        object.some("syscall", Syscall::of(event))?;
        if self.full {
            object.put("tacho", &Extra(subject))?;
        }
        object.end()
    }
}

/// `agent`. There are no rules here: everything is recorded, and the id says by what.
struct Agent(Kind);

impl Serialize for Agent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("rule_id", &format_args!("tachograph_{}", self.0.name()))?;
        object.put("os", "linux")?;
        object.end()
    }
}

/// `evt`.
struct What<'a>(&'a Event);

impl Serialize for What<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("name", self.0.kind.name())?;
        object.put("category", self.0.kind.category().name())?;
        // Of a list of first uses nothing succeeds or fails.
        if self.0.kind != Kind::Syscalls {
            object.put("outcome", self.0.outcome().name())?;
        }
        object.flag("async", self.0.flags & event_flags::ASYNC != 0)?;
        object.end()
    }
}

/// `usr`: names, where they are known.
struct User<'a>(&'a Credentials);

impl<'a> User<'a> {
    fn of(credentials: &'a Credentials) -> Option<Self> {
        (!credentials.user.is_empty() || !credentials.group.is_empty()).then_some(Self(credentials))
    }
}

impl Serialize for User<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.text("id", &self.0.user)?;
        object.text("group", &self.0.group)?;
        object.end()
    }
}

/// `exit`.
struct ExitJson(u32);

impl Serialize for ExitJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (cause, code) = ExitCause::of_status(self.0);
        let mut object = Object::open(serializer)?;
        object.put("cause", cause.name())?;
        object.put("code", &code)?;
        object.end()
    }
}

/// `syscall`: arguments as the caller gave them.
struct Syscall<'a> {
    call: &'static str,
    path: &'a str,
    mode: Option<u32>,
}

impl<'a> Syscall<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let (call, path, mode) = match &event.detail {
            Detail::Exec { path } => ("exec", path, None),
            Detail::Chdir { path } => ("chdir", path, None),
            Detail::Chmod { mode, path } => ("chmod", path, Some(*mode)),
            _ => return None,
        };
        (mode.is_some() || !path.is_empty()).then_some(Self { call, path, mode })
    }
}

impl Serialize for Syscall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(self.call, &Arguments(self))?;
        object.end()
    }
}

struct Arguments<'a>(&'a Syscall<'a>);

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.text("path", self.0.path)?;
        object.some("mode", self.0.mode)?;
        object.end()
    }
}
