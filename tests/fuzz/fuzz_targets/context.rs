//! Any bytes as contexts, exits, gaps, provenance and summaries: refused, or read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::context(bytes));
