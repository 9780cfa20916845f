//! Any bytes as `rpmdb.sqlite`.
#![no_main]

use std::{cell::RefCell, fs::File, os::unix::fs::FileExt as _};

use libfuzzer_sys::fuzz_target;
use recorder::package::parsers;

thread_local! {
    /// One file for all runs.
    static FILE: RefCell<File> = RefCell::new(tempfile::tempfile().expect("a temporary file"));
}

fuzz_target!(|bytes: &[u8]| {
    FILE.with_borrow(|file| {
        file.set_len(bytes.len() as u64).expect("the file takes a length");
        file.write_all_at(bytes, 0).expect("the file can be written");
        parsers::rpm_database(file.try_clone().expect("another descriptor"));
    });
});
