//! One segment's file: where its bytes go, its tables, its facts.

pub mod backend;
pub mod digest;
pub mod file;
pub mod guard;
pub mod meta;
pub mod tables;
