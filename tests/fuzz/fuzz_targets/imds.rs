//! Any bytes as talk with a metadata service. Secrets that it hands out are in none of what is kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recorder::enrich::imds;

fuzz_target!(|bytes: &[u8]| {
    if let Some(message) = imds(bytes) {
        let kept = format!("{message:?}");
        assert!(!kept.contains("VerySecretAccessKey") && !kept.contains("VerySecretToken"));
    }
});
