//! ptrace, setrlimit and prctl.

use abi::PartTag;
use event::{Detail, Event, Kind};

use super::{Converter, call::Call, event};
use crate::process::Output;

impl Converter {
    pub(super) fn ptrace(&mut self, call: &Call<'_>, out: &mut Output) -> Event {
        const PTRACE_TRACEME: u64 = 0;
        let args = call.body.args;
        let (context, _) = self.table.acting(call.id, out);
        // Who asks to be traced is the tracee: its parent will be the tracer, and the number that is passed is ignored.
        let passed = if args[0] == PTRACE_TRACEME { 0 } else { int(args[1]) };
        let (pid, tracee) = if passed == 0 && args[0] != PTRACE_TRACEME {
            (0, None)
        } else {
            self.by_number(passed, call.record.header, context)
        };
        let detail = Detail::Ptrace { request: low(args[0]), address: args[2], pid, tracee };
        Event { detail, ..event(call.id, Kind::Ptrace, context) }
    }

    pub(super) fn setrlimit(&mut self, call: &Call<'_>, out: &mut Output) -> Event {
        let args = call.body.args;
        let (context, _) = self.table.acting(call.id, out);
        let (passed, resource) =
            if call.syscall.name == "prlimit64" { (int(args[0]), args[1]) } else { (0, args[0]) };
        let (pid, target) = self.by_number(passed, call.record.header, context);
        let (bytes, _) = call.record.part(PartTag::Memory).unwrap_or_default();
        let detail = Detail::Setrlimit {
            resource: low(resource),
            current: word(bytes, 0),
            maximum: word(bytes, 8),
            pid,
            target: target.filter(|target| *target != context),
        };
        Event { detail, ..event(call.id, Kind::Setrlimit, context) }
    }

    /// The context is the one before a change of the name.
    pub(super) fn prctl(&mut self, call: &Call<'_>, out: &mut Output) -> Event {
        const PR_SET_NAME: u32 = 15;
        /// `TASK_COMM_LEN` without the NUL.
        const NAME: usize = 15;
        let [option, args @ ..] = call.body.args;
        let (mut context, _) = self.table.acting(call.id, out);
        let option = low(option);
        let mut name = String::new();
        if option == PR_SET_NAME {
            let (bytes, _) = call.record.part(PartTag::Text).unwrap_or_default();
            name = crate::process::display(bytes.get(..NAME).unwrap_or(bytes));
            if call.id.tid == call.id.tgid && call.record.header.ret == 0 {
                context = self.table.named_before(call.id).unwrap_or(context);
            }
        }
        let [first, second, third, fourth, _] = args;
        let detail = Detail::Prctl { option, args: [first, second, third, fourth], text: name };
        Event { detail, ..event(call.id, Kind::Prctl, context) }
    }
}

/// An argument that the kernel takes as `int`.
#[expect(clippy::cast_possible_truncation, reason = "the kernel looks at the low half only")]
pub(super) const fn int(argument: u64) -> i32 {
    argument as i32
}

/// An argument that the kernel takes as `unsigned int`.
#[expect(clippy::cast_possible_truncation, reason = "the kernel looks at the low half only")]
pub(super) const fn low(argument: u64) -> u32 {
    argument as u32
}

/// A word of a structure; 0 if it could not be read.
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_ne_bytes)
}
