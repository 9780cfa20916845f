//! The backend event schema: its structure as data, the documents and the down-conversion made of it, and the
//! rendering of events.

mod convert;
mod definition;
mod document;
mod table;
mod version;

pub use convert::down_convert;
pub use document::document;
pub use version::{Rendering, UnknownVersion, Version};
