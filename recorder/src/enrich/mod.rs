//! Makes events of records: paths joined and looked up, states before the call, addresses.

mod call;
mod change;
mod dns;
mod file;
mod http;
mod imds;
mod layer;
mod lookup;
mod module;
mod mount;
mod names;
mod packet;
mod path;
mod socket;
mod states;
mod times;

pub use call::{FileCall, Named, NewMount, Seen, Walk};
pub use dns::{DnsError, FIRST_QUESTION, Question, question};
pub use file::{FileEnricher, FileEvent};
pub use http::{Head, Start, head};
pub use imds::{ImdsMessage, imds};
pub use lookup::{LastLink, View};
pub use module::{ModuleNames, module_name};
pub use packet::{PacketCounts, Segment, Told, Watched};
pub use path::{file_of_path, file_of_walk, join};
pub use socket::{accepted, interface, local_end, socket_address, unix_path};
