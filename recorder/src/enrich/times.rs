//! The times that utime and its like set.

use event::{FileFacts, Nanos};

use super::call::FileCall;

/// Access and modification time; `None` for one left as it was, or where the kernel's own time is not known. `after`:
/// the file after the call. Its change time is then the moment of the call, and so is each time that was to be "now".
pub fn times(call: &FileCall, after: Option<&FileFacts>) -> (Option<Nanos>, Option<Nanos>) {
    // One changed since has another change time, behind the call.
    let now = after
        .filter(|after| call.ret >= 0 && after.ctime != 0 && after.ctime <= call.time)
        .map(|after| after.ctime);
    let pointer = match call.syscall {
        "utime" | "utimes" => call.args[1],
        _ => call.args[2],
    };
    if pointer == 0 {
        return (now, now);
    }
    let number = |at: usize| {
        let bytes = call.memory.get(at..).and_then(|bytes| bytes.first_chunk::<8>());
        bytes.map(|bytes| i64::from_ne_bytes(*bytes))
    };
    let time = |place: usize| match call.syscall {
        // struct utimbuf: seconds.
        "utime" => number(place * 8)?.checked_mul(1_000_000_000),
        // struct timeval: seconds, microseconds.
        "utimes" | "futimesat" => {
            let micros = number(place * 16 + 8)?.checked_mul(1_000)?;
            number(place * 16)?.checked_mul(1_000_000_000)?.checked_add(micros)
        }
        // struct timespec: seconds, nanoseconds, with two values that are none (include/linux/stat.h).
        _ => match number(place * 16 + 8)? {
            UTIME_NOW => now,
            UTIME_OMIT => None,
            nanos => number(place * 16)?.checked_mul(1_000_000_000)?.checked_add(nanos),
        },
    };
    (time(0), time(1))
}

const UTIME_NOW: i64 = (1 << 30) - 1;
const UTIME_OMIT: i64 = (1 << 30) - 2;

#[cfg(test)]
mod tests {
    use event::Kind;
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::View;

    fn call(syscall: &'static str, numbers: &[i64]) -> FileCall {
        FileCall {
            kind: Kind::Utimes,
            syscall,
            args: [1; 6],
            ret: 0,
            caller: (1, 1),
            time: 1000,
            seen: None,
            first: None,
            second: None,
            mount: None,
            text: String::new(),
            text2: String::new(),
            memory: numbers.iter().flat_map(|number| number.to_ne_bytes()).collect(),
            view: View::Own,
        }
    }

    #[test]
    fn each_call_has_its_own_units() {
        assert_eq!(times(&call("utime", &[3, 4]), None), (Some(3_000_000_000), Some(4_000_000_000)));
        let micros = [3, 5, 4, 6];
        assert_eq!(times(&call("utimes", &micros), None), (Some(3_000_005_000), Some(4_000_006_000)));
        assert_eq!(times(&call("utimensat", &micros), None), (Some(3_000_000_005), Some(4_000_000_006)));
    }

    #[test]
    fn now_is_the_kernels_and_omitted_is_none() {
        let after = FileFacts { ctime: 999, ..FileFacts::default() };
        let call = call("utimensat", &[0, UTIME_NOW, 0, UTIME_OMIT]);
        assert_eq!(times(&call, Some(&after)), (Some(999), None));
        let changed = FileFacts { ctime: 1001, ..after.clone() };
        assert_eq!(times(&call, Some(&changed)), (None, None), "of a change after the call");
        let null = FileCall { args: [0; 6], ..call };
        assert_eq!(times(&null, Some(&after)), (Some(999), Some(999)));
        assert_eq!(times(&FileCall { ret: -1, ..null }, Some(&after)), (None, None));
    }

    proptest! {
        #[test]
        fn any_numbers_and_lengths_are_read_without_a_panic(numbers: Vec<i64>, cut in 0usize..40) {
            for name in ["utime", "utimes", "futimesat", "utimensat"] {
                let mut call = call(name, &numbers);
                call.memory.truncate(cut);
                let _ = times(&call, None);
            }
        }
    }
}
