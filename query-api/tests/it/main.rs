//! The router over a real store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic, in helpers too")]

mod doors;
mod events;
mod hostile;
mod listening;
mod pins;
mod processes;
#[path = "../../../store/event/tests/it/sample/mod.rs"]
mod sample;
mod status;
mod world;
