//! Any bytes as a pattern for paths, and a path: refused, or read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::pattern(bytes));
