//! The store from outside: against a model, over crashes, and under damage.
#![allow(clippy::unwrap_used, reason = "tests")]

mod damage;
mod guard;
mod kill;
mod model;
mod property;
mod scenario;
