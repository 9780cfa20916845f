//! Any bytes as talk with a metadata service.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recorder::enrich::imds;

fuzz_target!(|bytes: &[u8]| {
    let _ = imds(bytes);
});
