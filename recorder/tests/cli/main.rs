//! The command line over stores that no recorder needs to have written: the real binary, asked as people and scripts do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asking;
mod errors;
mod events;
mod interrupted;
mod live;
mod serving;
mod terminal;
mod world;
