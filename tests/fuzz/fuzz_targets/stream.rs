//! Any bytes as a saved stream: refused, or read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::stream(bytes));
