//! The store from outside: against a model, over crashes, and under damage.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "tests over small made-up numbers"
)]

mod alive;
mod budget;
mod damage;
mod disk;
mod fixtures;
mod full;
mod guard;
mod index;
mod kill;
mod model;
mod property;
mod provenance;
mod retention;
mod scenario;
mod simulation;
mod thinning;
mod verify;
