//! Any bytes as a package manager's database, which a container may have made up: dpkg's `status`, a header of rpm's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recorder::package::parsers;

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((0, bytes)) => parsers::dpkg_status(bytes),
        Some((_, bytes)) => parsers::rpm_header(bytes),
        None => {}
    }
});
