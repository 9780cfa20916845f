//! Any bytes as a query string, and as a cursor to it: refused, or understood.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| query_api::fuzzing::cursor(bytes));
