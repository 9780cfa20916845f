//! The HTTP API over a store reader.
//!
//! [`app`] makes the router of one listener from an [`AppState`]; [`serve()`] serves routers on TCP and Unix sockets.
//! Nothing here writes events or knows the recorder, but for the numbers it may give through [`Live`]; of the store,
//! only its pins can be changed.
#![forbid(unsafe_code)]

mod app;
mod audit;
mod clock;
mod close;
mod cursor;
mod decode;
mod door;
mod error;
mod events;
mod fields;
mod follow;
#[doc(hidden)]
pub mod fuzzing;
mod gaps;
mod history;
mod limits;
mod lists;
mod metrics;
pub mod openapi;
mod origin;
mod page;
pub mod params;
mod paths;
mod patience;
mod peer;
mod pins;
mod place;
mod processes;
mod query;
mod read;
mod serve;
mod state;
mod status;
mod stream;
pub mod time;
mod timeline;
mod token;
mod trace;
mod tree;
mod view;

pub use app::app;
pub use audit::AuditLog;
pub use door::{Door, NotLoopback};
pub use error::{ApiError, Code};
pub use limits::{DEFAULT_LIMIT, MAX_LIMIT};
pub use peer::Peer;
pub use serve::{Listener, SocketError, bind_socket, listen_on, serve};
pub use state::{AppState, Live, Role};
