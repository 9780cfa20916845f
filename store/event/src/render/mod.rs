//! Events as JSON of the schema: the newest generation is written straight from the model, the older ones are
//! brought down from it.

mod capability;
mod date;
mod envelope;
mod file;
mod full;
mod full_detail;
mod kernel;
mod mount;
mod network;
mod object;
mod other;
mod packet;
mod process;
mod words;

pub use capability::Capabilities;
pub use date::Date;
pub use file::FileJson;
pub use words::{errno_name, signal_name};

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::schema::{Rendering, Version, down_convert};
use crate::{Context, Event, EventId, Image};
use envelope::Envelope;

/// An event with all that is needed to render it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its number.
    pub id: EventId,
    /// What happened.
    pub event: &'a Event,
    /// Who did it.
    pub context: &'a Context,
    /// The program of that context, if known.
    pub image: Option<&'a Image>,
    /// Its lineage, nearest first: earlier images of the same process, then those of its creators.
    pub ancestors: &'a [Ancestor<'a>],
    /// Entries in the middle of the lineage were left out.
    pub ancestors_truncated: bool,
    /// The other process that the event is about ([`crate::Detail::other`]), if it is known.
    pub other: Option<Other<'a>>,
}

/// The target of a signal, a tracee: a process with a lineage of its own.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    /// Who.
    pub context: &'a Context,
    /// Its program, if known.
    pub image: Option<&'a Image>,
    /// As [`Subject::ancestors`].
    pub ancestors: &'a [Ancestor<'a>],
    /// As [`Subject::ancestors_truncated`].
    pub ancestors_truncated: bool,
}

/// An entry of a lineage.
#[derive(Clone, Copy, Debug)]
pub struct Ancestor<'a> {
    /// Who.
    pub context: &'a Context,
    /// Its program, if known.
    pub image: Option<&'a Image>,
}

/// The event as one JSON object.
///
/// # Errors
/// None that the model can cause; those of the serialiser are passed on.
pub fn to_json(subject: &Subject<'_>, rendering: Rendering) -> serde_json::Result<Value> {
    let older = matches!(rendering, Rendering::Schema(version) if version < Version::V5);
    let mut value = serde_json::to_value(Envelope { subject, full: rendering == Rendering::Full, older })?;
    if let Rendering::Schema(version) = rendering {
        down_convert(&mut value, version);
    }
    Ok(value)
}

/// Appends the event as one JSON object without line breaks. For `v5` and `full` no tree is built in between.
///
/// # Errors
/// As [`to_json`].
pub fn write_json(out: &mut Vec<u8>, subject: &Subject<'_>, rendering: Rendering) -> serde_json::Result<()> {
    let envelope = |full| Envelope { subject, full, older: false };
    match rendering {
        Rendering::Full => serde_json::to_writer(out, &envelope(true)),
        Rendering::Schema(Version::V5) => serde_json::to_writer(out, &envelope(false)),
        Rendering::Schema(_) => serde_json::to_writer(out, &to_json(subject, rendering)?),
    }
}

/// Bytes as hexadecimal digits.
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
