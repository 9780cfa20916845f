//! Who is at the other end of a connection, as the kernel says.

use std::net::SocketAddr;

use serde::Serialize;

/// The other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Peer {
    /// A program on this host (`SO_PEERCRED`: as it was when it connected).
    Program {
        /// Its user.
        uid: u32,
        /// Its process, if it is in a namespace that can be seen from here.
        pid: Option<i32>,
    },
    /// An address.
    Address {
        /// With its port.
        address: SocketAddr,
    },
}
