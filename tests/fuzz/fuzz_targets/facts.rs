//! Any bytes as the rows of facts of a segment: refused, or read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::facts(bytes));
