//! Any bytes as the indexes of a segment: refused, or read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::index(bytes));
