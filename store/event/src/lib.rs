//! The event model: compact inside (ids and references), backend schema JSON only at the edge. No I/O.

mod detail;
mod file;
mod gap;
mod kind;
mod model;
mod objects;
mod process;
mod process_id;
mod provenance;
pub mod render;
pub mod schema;
mod time;

pub use detail::{Detail, ExitCause, SocketAddress};
pub use file::{File, FileFacts, file_flags};
pub use gap::{Gap, GapReason};
pub use kind::{Category, Class, Kind, Outcome};
pub use model::{Event, EventId, event_flags};
pub use objects::{AwsCredentials, Bpf, BpfMap, BpfProgram, Dns, Flow, Imds, Mount, Selinux};
pub use process::{
    BootId, Container, Context, ContextId, Credentials, Exit, Image, ImageRef, ProcessKey, Source, UNSET,
    context_flags,
};
pub use process_id::InvalidProcessId;
pub use provenance::{FileIdentity, HashState, Package, Provenance};
pub use time::Nanos;
