//! The recorder: reads what the probes saw, says who did it and to what, writes it to the store; and the command
//! line around it.

pub mod api;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod command;
pub mod decode;
pub mod enrich;
pub mod filter;
pub mod group;
pub mod kernel;
pub mod limits;
pub mod mounts;
pub mod package;
pub mod pipeline;
pub mod privileges;
pub mod process;
pub mod provenance;
pub mod record;
pub mod renumber;
pub mod serve;
pub mod stats;
pub mod token;
pub mod writer;
