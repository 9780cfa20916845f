//! Records as the probes wrote them, read without trusting a byte of them.

mod record;

pub use record::{Body, ParseError, Record, WalkedPath, header, parse};

#[cfg(test)]
mod tests;
