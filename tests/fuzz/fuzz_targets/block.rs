//! Any bytes as a header row and a block of either format: refused, or read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::block(bytes));
