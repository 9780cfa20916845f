//! The five generations as data: every definition once, every field once, with the generations that have it.

mod event;
mod file;
mod kernel;
mod network;
mod process;

pub(super) use event::EVENT;
pub(super) use process::{PROCESS, PROCESS_CONTEXT};
