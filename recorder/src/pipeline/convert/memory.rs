//! mmap, mprotect and splice.

use abi::{Before, before_flags};
use event::{Detail, Event, Kind};

use super::{Converter, call::Call, event, parts::file_seen, task::low};
use crate::{enrich::View, process::Output};

impl Converter {
    pub(super) fn memory(&mut self, kind: Kind, call: &Call<'_>, out: &mut Output) -> Event {
        let args = call.body.args;
        let (context, foreign) = self.table.acting(call.id, out);
        let view = foreign.map_or(View::Own, |namespace| View::Foreign { pid: call.id.tgid, namespace });
        let mut file = file_seen(call.record);
        if let Some(file) = &mut file {
            self.files.place(view, file);
        }
        let before = call.record.before().unwrap_or_default();
        let detail = match kind {
            Kind::Mmap => mmap(args, call.record.header.ret),
            Kind::Mprotect => mprotect(args, before),
            _ => Detail::Splice {
                entry: (before.flags & before_flags::SEEN != 0).then_some(low(before.value)),
                exit: (before.flags & before_flags::AFTER != 0).then_some(low(before.value >> 32)),
                length: args[4],
                flags: low(args[5]),
            },
        };
        Event { file, detail, ..event(call.id, kind, context) }
    }
}

fn mmap(args: [u64; 6], ret: i64) -> Detail {
    let refused = (-4095..0).contains(&ret);
    Detail::Mmap {
        address: if refused { args[0] } else { ret.cast_unsigned() },
        offset: args[5],
        length: args[1],
        protection: low(args[2]),
        flags: low(args[3]),
    }
}

fn mprotect(args: [u64; 6], before: Before) -> Detail {
    /// Of x86-64.
    const PAGE: u64 = 4096;
    let seen = before.flags & before_flags::SEEN != 0;
    Detail::Mprotect {
        start: args[0],
        end: args[0].saturating_add(args[1].checked_next_multiple_of(PAGE).unwrap_or(u64::MAX)),
        before: seen.then_some(before.value),
        requested: args[2],
        area_start: before.start,
        area_end: before.end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_lies_where_the_kernel_put_it_or_was_wanted() {
        let args = [0x1000, 5, 7, 0x22, u64::MAX, 0];
        let address = |ret| match mmap(args, ret) {
            Detail::Mmap { address, .. } => address,
            other => panic!("{other:?}"),
        };
        assert_eq!(address(0x7f00_0000_0000), 0x7f00_0000_0000);
        assert_eq!(address(-13), 0x1000);
        // Above half of the address space, as the vsyscall page: no error.
        assert_eq!(address(-8192), 0xffff_ffff_ffff_e000);
    }

    #[test]
    fn a_range_ends_at_a_page_and_never_wraps() {
        let range = |start, length| match mprotect([start, length, 1, 0, 0, 0], Before::default()) {
            Detail::Mprotect { start, end, before: None, .. } => (start, end),
            other => panic!("{other:?}"),
        };
        assert_eq!(range(0x1000, 1), (0x1000, 0x2000));
        assert_eq!(range(0x1000, 0), (0x1000, 0x1000));
        assert_eq!(range(0x1000, u64::MAX), (0x1000, u64::MAX));
    }
}
