//! `process`, its parent and ancestors.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::capability::Capabilities;
use super::file::FileJson;
use super::kernel::Syscalls;
use super::object::Object;
use super::packet::AwsJson;
use super::{Ancestor, Date, Subject};
use crate::{
    Container, Context, ContextId, Credentials, Detail, Image, ImageRef, Kind, Nanos, Source, UNSET,
    context_flags,
};

/// Marks a process of which the executable is not known.
const EXECUTABLE_UNKNOWN: &str = "executable unknown";

/// What `Process` and `ProcessContext` have in common.
struct Entry<'a> {
    context: &'a Context,
    image: Option<&'a Image>,
    tid: u32,
    exit_time: Nanos,
    /// Arguments and environment are left out: the next older entry has the same ones.
    shared: bool,
    /// Credentials after the event, for the kinds that change them.
    change: Option<(Kind, &'a Credentials)>,
}

impl Entry<'_> {
    fn members<M: SerializeMap>(&self, object: &mut Object<M>) -> Result<(), M::Error> {
        let context = self.context;
        let credentials = &context.credentials;
        let kernel_thread = context.flags & context_flags::KERNEL_THREAD != 0;
        object.put("pid", &context.process.pid)?;
        object.number("ppid", context.ppid.into())?;
        object.put("tid", &self.tid)?;
        object.put("uid", &credentials.uid)?;
        object.put("gid", &credentials.gid)?;
        object.text("user", &credentials.user)?;
        object.text("group", &credentials.group)?;
        let error = match self.image {
            Some(image) => image.executable.error.as_deref().unwrap_or(""),
            None if kernel_thread => "",
            None => EXECUTABLE_UNKNOWN,
        };
        object.text("path_resolution_error", error)?;
        object.text("comm", &context.comm)?;
        object.text("tty", &context.tty)?;
        object.date("fork_time", context.fork_time)?;
        object.date("exec_time", context.exec_time)?;
        object.date("exit_time", self.exit_time)?;
        // Of a placeholder nothing is known: the ids that the schema demands are 0, and `source` says why.
        if context.source != Source::Placeholder || self.change.is_some() {
            object.put("credentials", &CredentialsJson { credentials, change: self.change })?;
        }
        if let Some(image) = self.image {
            self.image(object, image)?;
        }
        object.some("container", context.container.as_ref().map(ContainerJson))?;
        object.some(
            "user_session",
            (credentials.session != UNSET).then_some(UserSession(credentials.session)),
        )?;
        object.flag("is_thread", context.flags & context_flags::FORKED != 0)?;
        object.flag("is_kworker", kernel_thread)?;
        object.flag("is_exec_child", context.flags & context_flags::EXEC_CHILD != 0)?;
        object.put("source", context.source.name())
    }

    fn image<M: SerializeMap>(&self, object: &mut Object<M>, image: &Image) -> Result<(), M::Error> {
        let names = &self.context.credentials;
        object.put("executable", &FileJson { file: &image.executable, names })?;
        object.some("interpreter", image.interpreter.as_ref().map(|file| FileJson { file, names }))?;
        if self.shared {
            return Ok(());
        }
        object.text("argv0", &image.argv0)?;
        object.list("args", &image.args)?;
        object.flag("args_truncated", image.args_truncated)?;
        object.list("envs", &image.envs)?;
        object.flag("envs_truncated", image.envs_truncated)
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        self.members(&mut object)?;
        object.end()
    }
}

/// `user_session`: the login that a process comes from. Known is the kernel's audit session, which PAM opens
/// for each login on a terminal, by ssh or by cron; of what type it is, and who a Kubernetes user was, nobody says.
struct UserSession(u32);

impl Serialize for UserSession {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("id", &format_args!("{:x}", self.0))?;
        object.end()
    }
}

/// A process with its lineage.
pub(super) struct ProcessJson<'a> {
    entry: Entry<'a>,
    ancestors: &'a [Ancestor<'a>],
    truncated: bool,
    /// What the event says of the process itself.
    detail: Option<&'a Detail>,
}

impl<'a> ProcessJson<'a> {
    /// The event's process.
    pub(super) fn acting(subject: &Subject<'a>) -> Self {
        let Subject { event, context, image, ancestors, ancestors_truncated, .. } = *subject;
        let entry = Entry {
            context,
            image,
            tid: event.tid,
            exit_time: if event.kind == Kind::Exit { event.time } else { 0 },
            shared: false,
            change: match &event.detail {
                Detail::Credentials(after) => Some((event.kind, after)),
                _ => None,
            },
        };
        Self { entry, ancestors, truncated: ancestors_truncated, detail: Some(&event.detail) }
    }

    /// The process that the event is about, with a lineage of its own.
    pub(super) fn other(subject: &Subject<'a>) -> Option<Self> {
        let other = subject.other?;
        let entry = Entry {
            context: other.context,
            image: other.image,
            tid: other.context.process.pid,
            exit_time: 0,
            shared: false,
            change: None,
        };
        let (ancestors, truncated) = (other.ancestors, other.ancestors_truncated);
        Some(Self { entry, ancestors, truncated, detail: None })
    }
}

impl Serialize for ProcessJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entry, ancestors, .. } = self;
        let context = entry.context;
        let mut object = Object::open(serializer)?;
        entry.members(&mut object)?;
        object.some("syscalls", self.detail.and_then(Syscalls::of))?;
        object.some("aws_security_credentials", self.detail.and_then(AwsJson::of))?;
        if !ancestors.is_empty() {
            object.put("parent", &ancestor(context, ancestors, 0))?;
            object.put("ancestors", &Ancestors { context, ancestors })?;
        }
        object.flag("truncated_ancestors", self.truncated)?;
        object.end()
    }
}

struct Ancestors<'a> {
    context: &'a Context,
    ancestors: &'a [Ancestor<'a>],
}

impl Serialize for Ancestors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.ancestors.len()))?;
        for index in 0..self.ancestors.len() {
            list.serialize_element(&ancestor(self.context, self.ancestors, index))?;
        }
        list.end()
    }
}

/// An entry of the lineage. Of a run of entries with one image only the oldest keeps the arguments; an image that
/// was replaced ended when the next one began.
fn ancestor<'a>(context: &'a Context, ancestors: &'a [Ancestor<'a>], index: usize) -> Entry<'a> {
    let Ancestor { context: own, image } = ancestors[index];
    let nearer = if index == 0 { context } else { ancestors[index - 1].context };
    let older = ancestors.get(index + 1);
    Entry {
        context: own,
        image,
        tid: own.process.pid,
        exit_time: if nearer.process == own.process { nearer.exec_time } else { 0 },
        shared: older.is_some_and(|older| holder(own).is_some() && holder(own) == holder(older.context)),
        change: None,
    }
}

/// The context that holds the image.
const fn holder(context: &Context) -> Option<ContextId> {
    match context.image {
        ImageRef::Unknown => None,
        ImageRef::Own(_) => Some(context.id),
        ImageRef::Shared(id) => Some(id),
    }
}

struct CredentialsJson<'a> {
    credentials: &'a Credentials,
    change: Option<(Kind, &'a Credentials)>,
}

impl Serialize for CredentialsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let credentials = self.credentials;
        let mut object = Object::open(serializer)?;
        users(&mut object, credentials)?;
        groups(&mut object, credentials)?;
        capabilities(&mut object, credentials)?;
        object.some("destination", self.change.map(|(kind, after)| Change(kind, after)))?;
        object.end()
    }
}

/// The part of the credentials that a kind of event changes, as it was after the call.
struct Change<'a>(Kind, &'a Credentials);

impl Serialize for Change<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        match self.0 {
            Kind::Setuid => users(&mut object, self.1)?,
            Kind::Setgid => groups(&mut object, self.1)?,
            _ => capabilities(&mut object, self.1)?,
        }
        object.end()
    }
}

fn users<M: SerializeMap>(object: &mut Object<M>, credentials: &Credentials) -> Result<(), M::Error> {
    object.put("uid", &credentials.uid)?;
    object.text("user", &credentials.user)?;
    object.put("euid", &credentials.euid)?;
    object.text("euser", &credentials.euser)?;
    object.put("fsuid", &credentials.fsuid)?;
    object.text("fsuser", &credentials.fsuser)
}

fn groups<M: SerializeMap>(object: &mut Object<M>, credentials: &Credentials) -> Result<(), M::Error> {
    object.put("gid", &credentials.gid)?;
    object.text("group", &credentials.group)?;
    object.put("egid", &credentials.egid)?;
    object.text("egroup", &credentials.egroup)?;
    object.put("fsgid", &credentials.fsgid)?;
    object.text("fsgroup", &credentials.fsgroup)
}

fn capabilities<M: SerializeMap>(object: &mut Object<M>, credentials: &Credentials) -> Result<(), M::Error> {
    object.put("cap_effective", &Capabilities(credentials.cap_effective))?;
    object.put("cap_permitted", &Capabilities(credentials.cap_permitted))
}

/// `container`, of the event and of each process.
pub(super) struct ContainerJson<'a>(pub(super) &'a Container);

impl Serialize for ContainerJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.text("id", &self.0.id)?;
        object.some("created_at", (self.0.created_at != 0).then_some(Date(self.0.created_at)))?;
        object.end()
    }
}
