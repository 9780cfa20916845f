//! The schema as published, and events rendered into each of its generations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic, in helpers too")]

mod golden;
mod provenance;
mod sample;
mod structure;
