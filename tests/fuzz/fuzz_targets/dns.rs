//! Any bytes as a DNS message: its first question, or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recorder::enrich::{FIRST_QUESTION, question};

fuzz_target!(|message: &[u8]| {
    if let Ok(found) = question(message) {
        assert!(found.name.is_ascii() && found.name.len() <= 4 * FIRST_QUESTION);
        // What stands behind the first question does not matter.
        let cut = &message[..message.len().min(FIRST_QUESTION)];
        assert_eq!(question(cut), Ok(found));
    }
});
