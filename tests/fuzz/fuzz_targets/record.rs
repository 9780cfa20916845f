//! Any bytes as a record of the probes: refused, or made into an event.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use recorder::{
    clock::Clock,
    decode,
    pipeline::Converter,
    process::{Output, ProcessTable},
};

thread_local! {
    /// Kept over the runs: what one record left behind is what the next one meets.
    static CONVERTER: RefCell<Converter> = RefCell::new(Converter::new(ProcessTable::new(1, 1)));
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = decode::parse(bytes) {
        CONVERTER.with_borrow_mut(|converter| {
            let _ = converter.convert(&record, Clock::now(), &mut Output::default());
        });
    }
});
