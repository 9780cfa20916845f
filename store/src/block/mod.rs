//! A block: some thousand events as columns, in three sections that are unpacked one by one.

mod decode;
mod encode;
#[cfg(test)]
mod tests;
mod zone;

pub use decode::{Core, Rest, sections};
pub use encode::{encode, frame};
pub use zone::{GENESIS, Hash, Zone, chain};
