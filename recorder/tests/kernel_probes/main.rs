//! The probes in the running kernel: what they record of small scenarios, looked at as raw records. Needs root.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod calls;
mod filter;
mod harness;
mod io_uring;
mod lifecycle;
mod mounts;
mod objects;
mod packets;
mod paths;
mod process;
mod verifier;
