//! Any bytes as the file of pins: lines that are no pins are left out, the others come back as they were.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::fuzzing::pins(bytes));
