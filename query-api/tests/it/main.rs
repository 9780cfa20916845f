//! The router over a real store.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "a test that cannot go on shall panic, in helpers too; its numbers are small"
)]

mod audit;
mod contract;
mod cursors;
mod doors;
mod events;
mod follow;
mod gaps;
mod history;
mod hostile;
mod listening;
mod lives;
mod malformed;
#[path = "../../../store/tests/it/model.rs"]
#[expect(dead_code, reason = "the store's own tests ask it more")]
mod model;
mod naive;
mod openapi;
mod pins;
mod processes;
#[path = "../../../store/event/tests/it/sample/mod.rs"]
mod sample;
#[path = "../../../store/tests/it/scenario.rs"]
#[expect(dead_code, reason = "the store's own tests use more of it")]
mod scenario;
mod server;
mod status;
mod streams;
mod timeline;
mod trace;
mod view;
mod world;
