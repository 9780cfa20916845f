//! The recorder: from the probes' rings to the store, and the command line around it.

pub mod cli;
pub mod record;
pub mod serve;
