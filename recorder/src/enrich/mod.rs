//! Makes events of records: paths joined and looked up, states before the call, addresses.

mod call;
mod file;
mod layer;
mod lookup;
mod module;
mod mount;
mod path;
mod socket;
mod states;
mod times;

pub use call::{FileCall, Named, NewMount, Seen, Walk};
pub use file::{FileEnricher, FileEvent};
pub use lookup::{LastLink, View};
pub use module::{ModuleNames, module_name};
pub use path::{file_of_path, file_of_walk, join};
pub use socket::socket_address;
