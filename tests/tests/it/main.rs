//! The recorder from outside: the real binary on the real kernel, asked over its API and its command line.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod api;
mod commands;
mod durability;
mod facts;
mod host;
mod lifecycle;
mod load;
mod paths;
mod provenance;
mod recorder;
mod scenarios;
mod strace;
mod turn;
mod validity;
