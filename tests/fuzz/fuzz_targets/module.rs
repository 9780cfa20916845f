//! Any bytes as the ELF image of a kernel module: a name, or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recorder::enrich::module_name;

fuzz_target!(|image: &[u8]| {
    let name = module_name(|at, bytes| {
        let from = image.get(usize::try_from(at).ok()?..).unwrap_or_default();
        let count = from.len().min(bytes.len());
        bytes[..count].copy_from_slice(&from[..count]);
        Some(count)
    });
    assert!(name.is_none_or(|name| !name.is_empty()));
});
