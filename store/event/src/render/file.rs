//! `file`, its `destination`, executables and interpreters.

use std::borrow::Cow;

use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use super::object::Object;
use super::{Subject, words};
use crate::{
    Class, Credentials, Detail, File, FileFacts, HashState, Kind, Nanos, Outcome, Provenance, file_flags,
};

/// Marks the owner 0 that the schema demands where the owner is not known.
pub(super) const FACTS_UNKNOWN: &str = "file facts unknown";
/// Marks a file of which not even the path is known.
const FILE_UNKNOWN: &str = "file unknown";

/// A file as the schema's `File`.
#[derive(Clone, Copy, Debug)]
pub struct FileJson<'a> {
    /// The file.
    pub file: &'a File,
    /// Whose names owners are looked up in: an owner is named if it is one of these ids.
    pub names: &'a Credentials,
}

impl Serialize for FileJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        self.members(&mut object, self.file.facts.as_ref())?;
        object.end()
    }
}

impl FileJson<'_> {
    fn members<M: SerializeMap>(
        &self,
        object: &mut Object<M>,
        facts: Option<&FileFacts>,
    ) -> Result<(), M::Error> {
        let file = self.file;
        object.text("path", &file.path)?;
        object.text("name", file.name())?;
        let error = match &file.error {
            Some(error) => error,
            None if facts.is_none() => FACTS_UNKNOWN,
            None => "",
        };
        object.text("path_resolution_error", error)?;
        let Some(facts) = facts else {
            object.put("uid", &0)?;
            object.put("gid", &0)?;
            return content(object, None);
        };
        object.number("inode", facts.inode)?;
        object.number("mode", facts.mode.into())?;
        match file.flags & (file_flags::UPPER_LAYER | file_flags::LOWER_LAYER) {
            0 => {}
            layer => object.put("in_upper_layer", &(layer & file_flags::UPPER_LAYER != 0))?,
        }
        object.number("mount_id", facts.mount_id.into())?;
        object.text("filesystem", &facts.filesystem)?;
        object.put("uid", &facts.uid)?;
        object.put("gid", &facts.gid)?;
        object.text("user", user_of(self.names, facts.uid))?;
        object.text("group", group_of(self.names, facts.gid))?;
        object.date("modification_time", facts.mtime)?;
        object.date("change_time", facts.ctime)?;
        if !facts.mount_path.is_empty() {
            object.put("mount_path", &*facts.mount_path)?;
            // The schema's other sources are a device or a snapshot: here every mount is known by its id.
            object.put("mount_source", "mount_id")?;
            let seen = file.flags & file_flags::MOUNT_FROM_EVENT != 0;
            object.put("mount_origin", if seen { "event" } else { "procfs" })?;
        }
        content(object, file.provenance.as_deref())
    }
}

/// What is known of the content. The state is always told: that nothing was hashed is no silence.
fn content<M: SerializeMap>(object: &mut Object<M>, known: Option<&Provenance>) -> Result<(), M::Error> {
    if let Some(package) = known.and_then(|known| known.package.as_ref()) {
        object.text("package_name", &package.name)?;
        object.text("package_version", &package.version)?;
    }
    if let Some(sha256) = known.and_then(|known| known.sha256) {
        let hex = sha256.iter().fold(String::from("sha256:"), |text, byte| text + &format!("{byte:02x}"));
        object.put("hashes", &[hex])?;
    }
    object.put("hash_state", known.map_or(HashState::NoHash, |known| known.state).name())
}

/// The name of a uid, if it is one of those that the process has (looked up by the recorder in the right root).
fn user_of(names: &Credentials, uid: u32) -> &str {
    [(names.uid, &names.user), (names.euid, &names.euser), (names.fsuid, &names.fsuser)]
        .into_iter()
        .find(|(id, name)| *id == uid && !name.is_empty())
        .map_or("", |(_, name)| name)
}

fn group_of(names: &Credentials, gid: u32) -> &str {
    [(names.gid, &names.group), (names.egid, &names.egroup), (names.fsgid, &names.fsgroup)]
        .into_iter()
        .find(|(id, name)| *id == gid && !name.is_empty())
        .map_or("", |(_, name)| name)
}

/// The event's own file with what the kind adds to it.
pub(super) struct FileEvent<'a> {
    file: FileJson<'a>,
    facts: Option<Cow<'a, FileFacts>>,
    flags: Vec<Cow<'static, str>>,
    destination: Destination<'a>,
    /// The mount that went away.
    mount: Option<u32>,
}

enum Destination<'a> {
    None,
    File {
        file: FileJson<'a>,
        facts: Option<&'a FileFacts>,
    },
    /// The mode asked for; the owner is that of the file.
    Mode {
        mode: u32,
        owner: Option<(u32, u32)>,
    },
    /// -1 for unchanged.
    Owner {
        uid: i32,
        gid: i32,
    },
    /// The times asked for.
    Times {
        access: Nanos,
        modification: Nanos,
        owner: Option<(u32, u32)>,
    },
    /// An extended attribute.
    Attribute {
        name: &'a str,
        owner: Option<(u32, u32)>,
    },
}

static NO_FILE: std::sync::LazyLock<File> =
    std::sync::LazyLock::new(|| File { error: Some(FILE_UNKNOWN.to_owned()), ..File::default() });

impl<'a> FileEvent<'a> {
    /// The file of an event; `None` for kinds that have none, and for images that are not known.
    pub(super) fn of(subject: &Subject<'a>) -> Option<Self> {
        let event = subject.event;
        let names = &subject.context.credentials;
        let file = match event.kind {
            Kind::Exec | Kind::Exit => &subject.image?.executable,
            // It has an object of its own.
            Kind::Mount => return None,
            // Between two pipes there is no file.
            Kind::Splice => event.file.as_ref()?,
            Kind::Mmap if !words::maps_file(&event.detail) => return None,
            kind if kind.class() == Class::File => event.file.as_ref().unwrap_or(&NO_FILE),
            _ => event.file.as_ref()?,
        };
        let mut facts = file.facts.as_ref().map(Cow::Borrowed);
        let owner = file.facts.as_ref().map(|facts| (facts.uid, facts.gid));
        let mut flags = Vec::new();
        let destination = match (event.kind, &event.detail) {
            (Kind::Rename | Kind::Link, _) => {
                let other = event.destination.as_deref().unwrap_or(&NO_FILE);
                let mut other_facts = other.facts.as_ref();
                // But for an exchange, which tells two files.
                let exchanged =
                    matches!(event.detail, Detail::Rename { flags } if flags & words::RENAME_EXCHANGE != 0);
                // Both names are of one inode once the call succeeded: what is known of one is known of the other,
                // but for the times that the call itself may have changed.
                if event.outcome() == Outcome::Success {
                    match (&mut facts, other_facts) {
                        (None, Some(known)) => facts = Some(Cow::Owned(without_times(known))),
                        (Some(own), Some(known))
                            if own.inode != known.inode && event.kind == Kind::Rename && !exchanged =>
                        {
                            own.to_mut().inode = known.inode;
                        }
                        (Some(_), None) => other_facts = file.facts.as_ref(),
                        _ => {}
                    }
                }
                Destination::File { file: FileJson { file: other, names }, facts: other_facts }
            }
            (_, Detail::Open { flags: bits, mode }) => {
                flags = words::open_flags(*bits);
                if bits & words::O_CREAT == 0 {
                    Destination::None
                } else {
                    Destination::Mode { mode: *mode, owner }
                }
            }
            (Kind::Unlink, Detail::Unlink { flags: bits }) => {
                flags = words::unlink_flags(*bits);
                Destination::None
            }
            (_, Detail::Mkdir { mode } | Detail::Chmod { mode, .. }) => {
                Destination::Mode { mode: *mode, owner }
            }
            (_, Detail::Chown { uid, gid }) => Destination::Owner { uid: *uid, gid: *gid },
            (_, Detail::Utimes { access, modification }) => Destination::Times {
                access: access.unwrap_or_default(),
                modification: modification.unwrap_or_default(),
                owner,
            },
            (_, Detail::Xattr { name, .. }) => Destination::Attribute { name, owner },
            _ => Destination::None,
        };
        let mount = match &event.detail {
            Detail::Umount { mount_id, .. } => Some(*mount_id),
            _ => None,
        };
        Some(Self { file: FileJson { file, names }, facts, flags, destination, mount })
    }
}

fn without_times(facts: &FileFacts) -> FileFacts {
    FileFacts { mtime: 0, ctime: 0, ..facts.clone() }
}

impl Serialize for FileEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        self.file.members(&mut object, self.facts.as_deref())?;
        object.list("flags", &self.flags)?;
        if !matches!(self.destination, Destination::None) {
            object.put("destination", &self.destination)?;
        }
        object.some("new_mount_id", self.mount.filter(|mount| *mount != 0))?;
        object.end()
    }
}

impl Serialize for Destination<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        match self {
            Self::None => return Err(S::Error::custom("no destination")),
            Self::File { file, facts } => file.members(&mut object, *facts)?,
            Self::Mode { mode, owner: known } => {
                object.put("mode", mode)?;
                owner(&mut object, *known)?;
            }
            Self::Times { access, modification, owner: known } => {
                object.date("access_time", *access)?;
                object.date("modification_time", *modification)?;
                owner(&mut object, *known)?;
            }
            Self::Attribute { name, owner: known } => {
                object.text("attribute_name", name)?;
                let namespace = name.split_once('.').map_or("", |(namespace, _)| namespace);
                object.text("attribute_namespace", namespace)?;
                owner(&mut object, *known)?;
            }
            Self::Owner { uid, gid } => {
                object.put("uid", uid)?;
                object.put("gid", gid)?;
            }
        }
        object.end()
    }
}

/// The owner of the file, which the schema wants in every `destination` too.
fn owner<M: SerializeMap>(object: &mut Object<M>, known: Option<(u32, u32)>) -> Result<(), M::Error> {
    if known.is_none() {
        object.put("path_resolution_error", FACTS_UNKNOWN)?;
    }
    let (uid, gid) = known.unwrap_or((0, 0));
    object.put("uid", &uid)?;
    object.put("gid", &gid)
}
